"""The journeys while parts die in their middle: nothing lost, nothing doubled (R-1, R-17, R-20).

The ledgers of the outside systems decide, not Hub's own tables.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from tests.chaos.faults import FAULTS
from tests.chaos.outside import Outside
from tests.chaos.persistence import PersistentClient
from tests.journeys.world import World

pytestmark = pytest.mark.stack

FOLLOWS_WITHIN_S = 60.0


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crashes")


@pytest.fixture(scope="module")
def world(crashes: Path) -> Iterator[World]:
    with World(durable=True, HUB_CRASH_AT=str(crashes)) as made:
        yield made


@pytest.fixture(scope="module")
def client(world: World) -> PersistentClient:
    return PersistentClient(world.stack.base_url, token_of(world))


@pytest.fixture(scope="module")
def outside(world: World) -> Outside:
    return Outside(world)


def token_of(world: World) -> str:
    return str(world.client.headers["Authorization"]).removeprefix("Bearer ")


def wait_until_linked(world: World, client: PersistentClient, made: Any) -> Any:
    return world.eventually(
        lambda: client.get(f"/customers/{made['id']}"),
        lambda customer: customer["accounting"]["state"] == "linked",
        within_s=FOLLOWS_WITHIN_S,
    )


def remind(client: PersistentClient, customer: Any) -> Any:
    reminder = {"title": "Ring", "on": "2090-12-01", "at": "09:00"}
    note = client.post(
        f"/customers/{customer['id']}/notes", {"body": "Vil have prisen", "reminder": reminder}
    )
    return note["reminder"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_part_that_fails_in_the_middle_costs_nothing_and_doubles_nothing(
    world: World, client: PersistentClient, outside: Outside, fault: str
) -> None:
    known = wait_until_linked(
        world, client, client.post("/customers", {"name": f"Kendt: {fault}", "roles": ["customer"]})
    )
    company = outside.new_company()
    world.economic.fail("slow", seconds=0.4, times=6)  # so that it strikes in the middle

    with ThreadPoolExecutor(6) as pool:
        filled = pool.submit(client.post, "/customers", {"cvr": company, "roles": ["customer"]})
        named = [
            pool.submit(
                client.post, "/customers", {"name": f"Ny {i}: {fault}", "roles": ["customer"]}
            )
            for i in range(3)
        ]
        edited = pool.submit(
            client.patch, f"/customers/{known['id']}", {"city": f"By: {fault}"[:40]}
        )
        reminded = pool.submit(remind, client, known)
        time.sleep(0.5)
        FAULTS[fault](world.stack)
    made = [wait_until_linked(world, client, it.result()) for it in (filled, *named)]

    assert made[0]["registry"]["state"] == "filled"
    assert outside.creations(corporateIdentificationNumber=company) == 1
    for customer in made:
        assert outside.creations(name=customer["name"]) == 1
        assert outside.customers_named(customer["name"]) == [customer["ref_no"]]
    city = edited.result()["city"]
    world.eventually(lambda: world.remote(known["ref_no"]), lambda it: it.get("city") == city)
    assert len(outside.updates(known["ref_no"], city=city)) == 1
    uid = reminded.result()["uid"]
    world.eventually(lambda: outside.mails(uid), bool, within_s=FOLLOWS_WITHIN_S)
    copies = outside.mails(uid)
    assert {copy.sha256 for copy in copies} == {copies[0].sha256}
    assert {(copy.method, copy.sequence) for copy in copies} == {("REQUEST", 0)}
    assert len(copies) <= 2
    assert outside.possible_repeats(uid) >= len(copies) - 1
    world.economic.mend()


@pytest.mark.parametrize(
    "place", ["after_lookup", "before_create", "after_create", "before_commit", "after_update"]
)
def test_a_worker_that_dies_at_a_place_leaves_one_customer_and_one_update(
    world: World, client: PersistentClient, outside: Outside, crashes: Path, place: str
) -> None:
    company = outside.new_company()
    armed = crashes / f"{place}.once"
    armed.touch()

    made = client.post("/customers", {"cvr": company, "roles": ["customer"]})
    made = wait_until_linked(world, client, made)
    client.patch(f"/customers/{made['id']}", {"city": f"By {place}"})
    world.eventually(
        lambda: world.remote(made["ref_no"]), lambda it: it.get("city") == f"By {place}"
    )
    outside.wait_until_idle()

    assert not armed.exists()
    assert outside.creations(corporateIdentificationNumber=company) == 1
    assert len(outside.updates(made["ref_no"], city=f"By {place}")) == 1
    assert client.get(f"/customers/{made['id']}")["accounting"]["state"] == "linked"


def test_without_its_database_the_api_says_so_and_a_key_tells_what_became_of_a_write(
    world: World, client: PersistentClient
) -> None:
    stop, names, answers = threading.Event(), [], []

    def keep_writing() -> None:
        while not stop.is_set():
            name = f"{uuid4().hex} Skriver"  # alike in nothing that would make them duplicates
            names.append(name)
            client.post("/customers", {"name": name, "roles": ["prospect"]})

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(keep_writing) for _ in range(4)]
        try:
            time.sleep(1)
            world.stack.kill("postgres")
            for _ in range(3):
                began = time.monotonic()
                answer = world.client.post("/api/v1/customers", json={"name": "X"}, timeout=10)
                answers.append((answer, time.monotonic() - began))
            world.stack.start("postgres")
            world.stack.wait_until(
                lambda: world.client.get("/api/v1/customers?limit=1").status_code == 200,
                within_s=10,
            )
            time.sleep(1)
        finally:
            stop.set()
    for writer in writers:
        writer.result()

    for refused, seconds in answers:
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) > 0
        assert seconds < 5
    counted = {name: count_named(world, name) for name in names}
    assert set(counted.values()) == {1}
    assert client.repeats > 0


def count_named(world: World, name: str) -> int:
    listed: requests.Response = world.client.get("/api/v1/customers", params={"name": name})
    return len(listed.json()["items"])
