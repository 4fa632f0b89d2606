from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.routes import events as feed
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import contacts
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.customers.refusing import DuplicateLeave
from hub.db import transaction
from hub.history.sealing import seal
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller, narrow
from tests.people import make_customer

BODY = {"email": "carl@example.com", "name": "Carl", "roles": ["representative"]}


def seal_all() -> None:
    with transaction() as session:
        seal(session)


def test_events_are_read_in_order_without_gaps_or_repeats(
    client: ApiClient, administrator: Caller
) -> None:
    client.post("/api/v1/users", headers=administrator.headers, json=BODY)
    unsealed = client.get("/api/v1/events", headers=administrator.headers).json
    seal_all()

    first = client.get("/api/v1/events?limit=2", headers=administrator.headers)
    path = first.headers["Link"].partition("<")[2].partition(">")[0]
    rest = client.get(path, headers=administrator.headers)

    assert unsealed == {"items": [], "next_after": 0, "last_position": 0}
    assert [event["position"] for event in first.json["items"]] == [1, 2]
    assert [event["position"] for event in rest.json["items"]] == [3]
    assert (rest.json["next_after"], rest.json["last_position"]) == (3, 3)
    assert rest.json["items"][0]["type"] == "user.created"
    again = client.get("/api/v1/events?after=3", headers=administrator.headers).json
    assert (again["items"], again["next_after"]) == ([], 3)


def test_who_has_read_further_than_the_feed_goes_is_told_that_it_went_back(
    client: ApiClient, administrator: Caller
) -> None:
    empty = client.get("/api/v1/events?after=1", headers=administrator.headers)
    client.post("/api/v1/users", headers=administrator.headers, json=BODY)
    seal_all()
    last = client.get("/api/v1/events", headers=administrator.headers).json["last_position"]

    at_the_end = client.get(f"/api/v1/events?after={last}", headers=administrator.headers)
    beyond = client.get(f"/api/v1/events?after={last + 1}", headers=administrator.headers)

    assert (empty.status_code, empty.json["details"]) == (409, {"last_position": 0})
    assert (at_the_end.status_code, at_the_end.json["items"]) == (200, [])
    assert (beyond.status_code, beyond.json["code"]) == (409, "feed_went_back")
    assert beyond.json["details"] == {"last_position": last}
    assert beyond.json["detail"] == (
        f"The feed ends at {last}, before the position {last + 1}: it was set back to a backup."
    )


def test_an_event_says_who_and_why_and_keeps_secrets(
    client: ApiClient, administrator: Caller
) -> None:
    headers = {**administrator.headers, "X-Request-Id": "request-77"}
    made = client.post("/api/v1/tokens", headers=headers, json={"name": "n", "scopes": ["*"]})
    seal_all()

    events = client.get("/api/v1/events?type=api_token.created", headers=administrator.headers)
    event = events.json["items"][-1]

    assert {each["type"] for each in events.json["items"]} == {"api_token.created"}
    assert (event["actor_kind"], event["actor_id"]) == ("token", str(administrator.token_id))
    assert event["user_id"] == str(administrator.user_id)
    assert (event["cause_kind"], event["cause_id"]) == ("request", "request-77")
    assert event["changes"]["name"] == [None, "n"]
    assert event["changes"].get("hash", ["•", "•"]) == ["•", "•"]
    assert made.json["token"] not in events.text


def events(client: ApiClient, caller: Caller, query: str = "limit=1000") -> Any:
    answer = client.get(f"/api/v1/events?{query}", headers=caller.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def subjects(client: ApiClient, caller: Caller, kind: str = "customer") -> set[str]:
    return {
        each["subject_id"]
        for each in events(client, caller)["items"]
        if each["subject_type"] == kind
    }


def make(owner: Caller | None, name: str, **fields: Any) -> str:
    with transaction() as session:
        customer = make_customer(
            session, name, owner_user_id=owner.user_id if owner else None, **fields
        )
        return str(customer.id)


def test_a_program_reads_the_events_of_what_it_sees_and_of_nothing_else(
    client: ApiClient, administrator: Caller, private: None
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")
    own, free, foreign = make(program, "Egen"), make(None, "Fri"), make(administrator, "Fremmed")
    with transaction() as session:
        contacts.create(session, session.get_one(Customer, UUID(foreign)), {"last_name": "Holm"})
        contacts.create(session, session.get_one(Customer, UUID(own)), {"last_name": "Friis"})
        seal(session)
    seal_all()

    assert subjects(client, program) == {own, free}
    assert subjects(client, administrator) == {own, free, foreign}
    assert len(subjects(client, program, "contact")) == 1
    read, told = events(client, program), events(client, administrator)
    assert foreign not in str(read)
    assert "Holm" not in str(read)
    assert read["next_after"] == told["next_after"] == read["last_position"]


def test_a_protected_customer_has_no_events_for_who_does_not_know_of_it(
    client: ApiClient, administrator: Caller
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")
    hidden, open_ = make(administrator, "Skjult"), make(administrator, "Aaben")
    with transaction() as session:
        customer = session.get_one(Customer, UUID(hidden))
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=1)
        customers.create(
            session, {"name": "Aaben", "phone": "+4533121212"}, now=utcnow(),
            allow_duplicate=DuplicateLeave("two shops"),
        )  # fmt: skip
    seal_all()

    read = events(client, program)

    assert open_ in subjects(client, program)
    assert hidden not in str(read)
    assert hidden in str(events(client, administrator))


def test_a_token_narrowed_to_some_rows_reads_the_events_of_those(
    client: ApiClient, administrator: Caller
) -> None:
    danish, german = make(None, "Havn"), make(None, "Hafen", country="DE")
    seal_all()

    narrowed = narrow(administrator, {"country": {"eq": "DK"}})

    assert subjects(client, narrowed) == {danish}
    assert german not in str(events(client, narrowed))


def test_whoever_asks_for_a_rare_type_is_led_on_by_empty_pages(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LOOKED_THROUGH", 5)
    for number in range(12):
        make(None, f"Kunde {number}")
    client.post("/api/v1/users", headers=administrator.headers, json=BODY)
    seal_all()
    head = events(client, administrator)["last_position"]
    after, pages, found = 0, [], []
    while after < head:
        page = client.get(
            f"/api/v1/events?type=user.created&after={after}", headers=administrator.headers
        )
        assert ("Link" in page.headers) is (page.json["next_after"] < head)
        after = page.json["next_after"]
        pages.append(len(page.json["items"]))
        found += [each["subject_id"] for each in page.json["items"]]
    at_the_end = events(client, administrator, f"type=user.created&after={after}")

    assert len(pages) == -(-head // 5)
    assert len(found) == 2
    assert pages.count(0) >= len(pages) - 2
    assert (at_the_end["items"], at_the_end["next_after"]) == ([], head)


def test_pages_of_a_filtered_feed_skip_and_repeat_nothing(
    client: ApiClient, administrator: Caller, private: None
) -> None:
    program = make_caller(Role.INTEGRATION, "shop@example.com")
    own = [make(program if n % 3 else administrator, f"Kunde {n}") for n in range(20)]
    seal_all()
    seen: list[str] = []
    after, head = 0, 1
    while after < head:
        page = events(client, program, f"limit=3&type=customer.created&after={after}")
        assert len(page["items"]) <= 3
        seen += [each["subject_id"] for each in page["items"]]
        after, head = page["next_after"], page["last_position"]

    assert seen == [each for n, each in enumerate(own) if n % 3]
