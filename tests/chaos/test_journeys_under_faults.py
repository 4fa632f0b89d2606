"""The journeys while parts die in their middle: nothing lost, nothing doubled (R-1, R-17, R-20).

The ledgers of the outside systems decide, not Hub's own tables. All steps are in their middle when
something is struck, and it strikes again before anybody has looked: `make chaos` strikes each step
by itself.
"""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from tests.chaos.business import Business
from tests.chaos.faults import (
    FAULTS,
    LONGER_THAN_A_LEASE_S,
    flush_redis,
    freeze,
    in_turn,
    kill_child,
)
from tests.chaos.steps import STEPS, Struck, strike_in_the_middle
from tests.journeys.world import World
from tests.stack import Stack

pytestmark = pytest.mark.stack

LEAD_S = 0.4
SLOW_ANSWERS = 8
HOT = 3  # customers that are edited again and again
DEADLY = (
    "after_claim", "after_lookup", "before_create", "after_create", "before_update", "after_update",
    "before_commit", "after_commit", "before_hook_import", "in_analysis", "after_batch",
    "after_render", "before_connect", "before_send",
)  # fmt: skip
"""Places at which a worker dies, once each; `test_mail_with_kills` has those of a mail."""


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crashes")


@pytest.fixture(scope="module")
def business(crashes: Path) -> Iterator[Business]:
    with Business(HUB_CRASH_AT=str(crashes)) as made:
        yield made


DEATHS = "workers die at all places"
SHORT_FORM: Mapping[str, Callable[[Stack], None]] = {
    "worker killed, then the relay": in_turn(FAULTS["worker killed"], FAULTS["relay killed"]),
    "redis restarted empty": FAULTS["redis restarted empty"],
    "postgres killed": FAULTS["postgres killed"],
    "everything killed": FAULTS["everything killed"],
    "redis flushed, then frozen with the worker": in_turn(
        flush_redis, freeze("redis", "worker", seconds=LONGER_THAN_A_LEASE_S)
    ),
    DEATHS: lambda _: None,  # they do so by themselves, see `struck`
}


@pytest.fixture(scope="module")
def struck(business: Business, crashes: Path) -> Mapping[str, Mapping[str, Struck]]:
    done = {}
    with ThreadPoolExecutor(len(STEPS)) as pool:
        for name, fault in SHORT_FORM.items():
            business.renew_budgets()
            business.books.answer_slowly(SLOW_ANSWERS)
            for place in DEADLY if name == DEATHS else ():
                (crashes / f"{place}.once").touch()
            strike = partial(fault, business.world.stack)
            done[name] = strike_in_the_middle(business, STEPS, strike, pool, lead_s=LEAD_S)
    return done


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", SHORT_FORM)
def test_parts_that_fail_in_the_middle_of_a_step_lose_nothing_and_double_nothing(
    struck: Mapping[str, Mapping[str, Struck]], fault: str, step: str
) -> None:
    struck[fault][step].verify()


def test_workers_have_died_at_all_places(
    struck: Mapping[str, Mapping[str, Struck]], business: Business, crashes: Path
) -> None:
    business.eventually(lambda: list(crashes.iterdir()), lambda left: left == [])


def test_without_its_database_the_api_says_so_and_a_key_tells_what_became_of_a_write(
    business: Business,
) -> None:
    world, client = business.world, business.client
    stop, names, answers = threading.Event(), [], []
    repeats_before = client.repeats

    def keep_writing() -> None:
        while not stop.is_set():
            name = f"{uuid4().hex} Skriver"  # alike in nothing that would make them duplicates
            names.append(name)
            client.post("/customers", {"name": name, "roles": ["prospect"]})

    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(keep_writing) for _ in range(4)]
        try:
            world.stack.wait_until(lambda: len(names) > 8)
            world.stack.kill("postgres")
            answers += [
                world.client.post("/api/v1/customers", json={"name": "X"}) for _ in range(3)
            ]
            world.stack.start("postgres")
            world.stack.wait_until(
                lambda: world.client.get("/api/v1/customers?limit=1").status_code == 200
            )
            written = len(names)
            world.stack.wait_until(lambda: len(names) > written + 8)
        finally:
            stop.set()
    for writer in writers:
        writer.result()

    for refused in answers:
        assert refused.status_code == 503
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert int(refused.headers["Retry-After"]) > 0
    counted = {name: count_named(world, name) for name in names}
    assert set(counted.values()) == {1}
    assert client.repeats > repeats_before


def test_customers_edited_often_while_workers_die_change_there_in_order_and_end_alike(
    business: Business,
) -> None:
    known = [business.known() for _ in range(HOT)]
    stop = threading.Event()

    def keep_editing(customer_id: str) -> str:
        for number in itertools.count(1):
            city = f"By {number:05}"
            business.client.patch(f"/customers/{customer_id}", {"city": city})
            if stop.is_set():
                return city
        raise AssertionError("unreachable")

    def least_changed() -> int:
        business.world.stack.start_what_ended()  # a worker whose first children die gives up
        return min(len(cities_there(business, each["ref_no"])) for each in known)

    with ThreadPoolExecutor(HOT) as pool:
        editors = [pool.submit(keep_editing, each["id"]) for each in known]
        try:
            for fault in (kill_child, kill_child, FAULTS["worker killed"], kill_child):
                time.sleep(0.7)
                fault(business.world.stack)
            business.eventually(least_changed, lambda changes: changes > 1)
        finally:
            stop.set()
    last = [editor.result() for editor in editors]

    for each, city in zip(known, last, strict=True):
        read = partial(cities_there, business, each["ref_no"])
        business.eventually(read, partial(ends_with, city))
        history = read()
        assert history == sorted(history)  # no older version after a newer one
        assert len(history) > 1
        [there] = business.books.named(each["name"])
        assert there["city"] == business.client.get(f"/customers/{each['id']}")["city"] == city


def ends_with(last: str, history: list[str]) -> bool:
    return history[-1:] == [last]


def cities_there(business: Business, number: str) -> list[str]:
    """Return the towns that a customer was given in the accounting system, oldest first."""
    return [
        write["body"]["city"]
        for write in business.books.writes()
        if (write["method"], write["path"]) == ("PUT", f"/customers/{number}")
    ]


def count_named(world: World, name: str) -> int:
    listed: requests.Response = world.client.get("/api/v1/customers", params={"name": name})
    return len(listed.json()["items"])
