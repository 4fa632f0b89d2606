"""What the history and the timeline of a customer tell of conflicts with an accounting system."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from hub.clock import utcnow
from hub.connections.models import Connection, ConnectionState, ExternalLink, LinkState
from hub.db import transaction
from hub.origin import ActorKind, CauseKind, Origin
from hub.problems import services as problems
from hub.sync import links, loading, mapping
from hub.sync.merging import Clash
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.test_activities import get, post

IBAN = "DK5000400440116243"


@pytest.fixture
def connection_id(client: ApiClient) -> UUID:
    with transaction() as session:
        made = Connection(
            name="e-conomic", connector="economic", kind="accounting", state=ConnectionState.ACTIVE
        )
        session.add(made)
    return made.id


@pytest.fixture
def customer(client: ApiClient, representative: Caller, connection_id: UUID) -> str:
    fields = {"name": "Uenige ApS", "roles": ["customer"], "phone": "+4522222222"}
    return str(post(client, representative, "/customers", fields)["id"])


def clash(connection_id: UUID, customer: str, **fields: tuple[str, str]) -> list[str]:
    """Have fields changed on both sides, as a pull finds them; returns the conflicts' ids."""
    with transaction(_of_a_pull(connection_id)) as session:
        connection = session.get_one(Connection, connection_id)
        link = links.of_customer(session, connection_id, UUID(customer), lock=True)
        if link is None:
            link = ExternalLink(
                connection_id=connection_id, customer_id=UUID(customer), remote_id="7",
                state=LinkState.LINKED,
            )  # fmt: skip
            session.add(link)
            session.flush()
        pair = mapping.pairs_of(session, connection)[0]
        links.raise_conflicts(
            session, link, [replace(pair, local=name, remote=name) for name in fields],
            [Clash(name, None, here, there) for name, (here, there) in fields.items()],
        )  # fmt: skip
        session.flush()
        found = [links.open_conflict(session, link.id, name) for name in fields]
        return [str(each.id) for each in found if each is not None]


def _of_a_pull(connection_id: UUID) -> Origin:
    return Origin(ActorKind.JOB, cause_kind=CauseKind.ACCOUNTING, cause_id=str(connection_id))


def told(client: ApiClient, caller: Caller, customer: str, language: str = "en") -> list[Any]:
    answer = client.get(
        f"/api/v1/customers/{customer}/events",
        headers={**caller.headers, "Accept-Language": language},
    )
    return [
        (each["title"], each["actor"]["name"], each["origin"]["label"])
        for each in answer.json["items"]
        if each["type"] != "customer.created"
    ]


def test_a_value_of_theirs_that_somebody_chose_is_told_as_what_came_of_the_conflict(
    client: ApiClient, administrator: Caller, connection_id: UUID, customer: str
) -> None:
    [conflict] = clash(connection_id, customer, phone=("+4522222222", "+4533333333"))

    post(client, administrator, f"/conflicts/{conflict}/resolution", {"choice": "remote"}, 200)

    decided, changed, made = get(client, administrator, f"/customers/{customer}/events")["items"][
        :3
    ]
    by_decision = {"kind": "conflict", "id": conflict, "label": "A conflict that was decided"}
    assert sorted([decided["type"], changed["type"]]) == [
        "customer.conflict_remote_holds", "customer.updated",
    ]  # fmt: skip
    assert (decided["origin"], changed["origin"]) == (by_decision, by_decision)
    assert (decided["actor"]["name"], changed["actor"]["name"]) == ("anna", "anna")
    [change] = [each for entry in (decided, changed) for each in entry["changes"] or ()]
    assert (change["field"], change["after"]) == ("phone", "+4533333333")
    assert (made["type"], made["title"]) == (
        "customer.conflict_made", "In conflict with the accounting system",
    )  # fmt: skip
    assert (made["actor"]["name"], made["origin"]["kind"]) == ("e-conomic", "accounting")
    assert made["data"] == {
        "conflict_id": conflict, "connection_id": str(connection_id),
        "phone": {"base": None, "local": "+4522222222", "remote": "+4533333333"},
    }  # fmt: skip
    shown = get(client, administrator, f"/customers/{customer}/timeline?kind=sync")["items"]
    assert sorted(each["label"] for each in shown) == [
        "Changed", "Conflict decided: the value there holds",
        "In conflict with the accounting system",
    ]  # fmt: skip


def test_a_value_of_ours_that_somebody_chose_is_told_though_it_changes_nothing(
    client: ApiClient, administrator: Caller, connection_id: UUID, customer: str
) -> None:
    [conflict] = clash(connection_id, customer, phone=("+4522222222", "+4533333333"))

    post(client, administrator, f"/conflicts/{conflict}/resolution", {"choice": "local"}, 200)

    assert told(client, administrator, customer, "da") == [
        ("Konflikt afgjort: værdien her gælder", "anna", "En afgjort konflikt"),
        ("I konflikt med regnskabssystemet", "e-conomic", "Regnskabssystemet"),
    ]


def test_a_conflict_that_stands_already_is_told_once_and_so_is_its_end(
    client: ApiClient, administrator: Caller, connection_id: UUID, customer: str
) -> None:
    clash(connection_id, customer, phone=("+4522222222", "+4533333333"))
    clash(connection_id, customer, phone=("+4522222222", "+4544444444"))
    with transaction(_of_a_pull(connection_id)) as session:
        link = links.of_customer(session, connection_id, UUID(customer), lock=True)
        assert link is not None
        links.settle_conflicts(session, link, [])
        links.settle_conflicts(session, link, [])

    assert [title for title, _, _ in told(client, administrator, customer)] == [
        "Conflict gone", "In conflict with the accounting system",
    ]  # fmt: skip


def test_who_is_not_shown_a_field_is_not_told_what_both_sides_had_of_it(
    client: ApiClient, representative: Caller, administrator: Caller, connection_id: UUID,
    customer: str,
) -> None:  # fmt: skip
    clash(connection_id, customer, iban=(IBAN, "DK5000400440116299"))

    [mine, *_] = get(client, representative, f"/customers/{customer}/events")["items"]
    [all_of_it, *_] = get(client, administrator, f"/customers/{customer}/events")["items"]

    assert mine["type"] == all_of_it["type"] == "customer.conflict_made"
    assert "iban" not in mine["data"]
    assert all_of_it["data"]["iban"]["local"] == IBAN


def test_the_link_of_the_problem_leads_to_those_who_are_gone_there(
    client: ApiClient, administrator: Caller, connection_id: UUID, customer: str
) -> None:
    clash(connection_id, customer, phone=("+4522222222", "+4533333333"))
    with transaction(_of_a_pull(connection_id)) as session:
        link = links.of_customer(session, connection_id, UUID(customer), lock=True)
        assert link is not None
        link.last_in_at = utcnow()
        loading.orphan(session, session.get_one(Connection, connection_id), link)
    with transaction() as session:
        problems.refresh(session, utcnow())

    items = get(client, administrator, "/problems")["items"]
    [problem] = [each for each in items if each["kind"] == "gone_there"]
    shown = client.get(problem["link"], headers=administrator.headers).json["items"]

    assert (problem["count"], [each["id"] for each in shown]) == (1, [customer])
    assert told(client, administrator, customer, "da")[0] == (
        "Væk i regnskabssystemet", "e-conomic", "Regnskabssystemet",
    )  # fmt: skip
