"""What asks for attention: the same answer in a record, a list, a count, a filter, an export."""

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from hub import signals
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.clock import utcnow
from hub.db import transaction
from hub.listing import Reader, facets, parse_parameters
from hub.opportunities.listing import OPPORTUNITIES
from hub.opportunities.models import Opportunity
from hub.opportunities.signals import TABLES
from hub.reports.datasets import DATASETS
from hub.reports.file_orders import FileOrder
from hub.reports.models import FileFormat
from hub.reports.spooling import spool
from tests.api.asking import get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller

PATH = "/opportunities"
HERE = "Europe/Copenhagen"


def today(zone: str = HERE) -> date:
    return utcnow().astimezone(ZoneInfo(zone)).date()


def day(distance: int) -> str:
    return (today() + timedelta(distance)).isoformat()


def aged(case: Any, days: int) -> None:
    """Make a record older; its day is that of Copenhagen."""
    made = datetime.combine(today() - timedelta(days), datetime.min.time(), ZoneInfo(HERE))
    with transaction() as session:
        session.execute(
            update(Opportunity)
            .where(Opportunity.id == UUID(case["id"]))
            .values(created_at=made + timedelta(hours=12))
        )


def lose(client: ApiClient, caller: Caller, case: Any) -> None:
    post(client, caller, f"{PATH}/{case['id']}/lost", {"lost_reason": "price"}, 200)


@pytest.mark.parametrize(
    ("close_in", "age", "key", "colour", "since"),
    [
        (None, 0, "fresh", "black", 0),
        (None, 6, "fresh", "black", -6),
        (None, 7, "old", "blue", 0),
        (None, 30, "old", "blue", -23),
        (15, 0, "fresh", "black", 0),
        (15, 9, "old", "blue", -2),
        (14, 9, "closing_near", "orange", 0),
        (8, 0, "closing_near", "orange", -6),
        (7, 9, "closing_soon", "red", 0),
        (0, 0, "closing_soon", "red", -7),
        (-40, 90, "closing_soon", "red", -47),
    ],
)
def test_the_first_rule_that_holds_colours_a_row(
    client: ApiClient,
    representative: Caller,
    *,
    close_in: int | None,
    age: int,
    key: str,
    colour: str,
    since: int,
) -> None:
    body = {"name": "a"} if close_in is None else {"name": "a", "expected_close_on": day(close_in)}
    case = post(client, representative, PATH, body)
    aged(case, age)

    shown = get(client, representative, f"{PATH}/{case['id']}")["signal"]

    assert (shown["key"], shown["colour"], shown["since"]) == (key, colour, day(since))
    assert shown["paints"] == "text"
    assert get(client, representative, f"{PATH}?signal={key}")["total"]["count"] == 1
    assert get(client, representative, f"{PATH}?signal.ne={key}")["total"]["count"] == 0


def test_what_is_over_comes_before_all_days(client: ApiClient, representative: Caller) -> None:
    body = {"name": "a", "expected_close_on": day(0)}
    won, lost = (post(client, representative, PATH, body) for _ in range(2))
    post(client, representative, f"{PATH}/{won['id']}/won", {}, 200)
    lose(client, representative, lost)

    listed = get(client, representative, f"{PATH}?sort=number&facets=signal,edge,overdue")

    assert [
        (each["signal"]["key"], each["signal"]["colour"], each["signal"]["paints"])
        for each in listed["items"]
    ] == [("won", "green", "background"), ("lost", "red", "background")]
    assert [each["edge"]["colour"] for each in listed["items"]] == ["green", "red"]
    assert {each["signal"]["since"] for each in listed["items"]} == {day(0)}
    counted = listed["facets"]["signal"]["slices"]
    assert [(each["value"], each["label"], each["count"]) for each in counted] == [
        ("lost", "Lost", 1), ("won", "Won", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("probability", "key", "colour"),
    [
        (0, "improbable", "red"), (25, "improbable", "red"), (26, "doubtful", "orange"),
        (49, "doubtful", "orange"), (50, "even", "black"), (74, "even", "black"),
        (75, "probable", "green"), (100, "probable", "green"),
    ],
)  # fmt: skip
def test_the_edge_of_a_card_tells_the_probability(
    client: ApiClient, representative: Caller, probability: int, key: str, colour: str
) -> None:
    case = post(client, representative, PATH, {"name": "a", "probability": probability})

    assert (case["edge"]["key"], case["edge"]["colour"], case["edge"]["since"]) == (
        key, colour, None,
    )  # fmt: skip
    assert get(client, representative, f"{PATH}?edge.colour={colour}")["total"]["count"] == 1


@pytest.mark.parametrize(
    ("follow_up", "close", "since"),
    [(-1, None, 0), (None, -3, -2), (5, -3, -2), (-9, 9, -8), (0, 0, None), (None, None, None)],
)
def test_what_is_open_and_past_a_day_has_the_clock_since_the_day_after(
    client: ApiClient,
    representative: Caller,
    *,
    follow_up: int | None,
    close: int | None,
    since: int | None,
) -> None:
    days = {"follow_up_on": follow_up, "expected_close_on": close}
    body = {name: day(each) for name, each in days.items() if each is not None}
    case = post(client, representative, PATH, {"name": "a", **body})

    if since is None:
        assert case["overdue"] is None
    else:
        assert (case["overdue"]["icon"], case["overdue"]["since"]) == ("clock", day(since))
    wanted = 0 if since is None else 1
    assert get(client, representative, f"{PATH}?overdue=true")["total"]["count"] == wanted
    lose(client, representative, case)
    post(client, representative, f"{PATH}/{case['id']}/closing", {}, 200)
    assert get(client, representative, f"{PATH}/{case['id']}")["overdue"] is None
    assert get(client, representative, f"{PATH}?overdue=false")["total"]["count"] == 1


def test_leads_are_blue_while_new_and_green_when_won(
    client: ApiClient, representative: Caller
) -> None:
    lead = post(client, representative, "/leads", {"company": "Kranen", "workflow": "axelor"})
    assert (lead["signal"]["key"], lead["signal"]["colour"]) == ("new", "blue")
    path = f"/leads/{lead['id']}/transitions"
    assert post(client, representative, path, {"to": "assigned"}, 200)["signal"] is None

    won = post(client, representative, path, {"to": "converted"}, 200)["signal"]

    assert (won["colour"], won["reason"], won["since"]) == ("green", "Won", day(0))
    assert get(client, representative, "/leads?signal=won")["total"]["count"] == 1
    assert get(client, representative, "/leads?signal.empty=true")["total"]["count"] == 0


def test_it_is_the_readers_day_that_counts(client: ApiClient, representative: Caller) -> None:
    now = datetime(2026, 3, 29, 11, 30, tzinfo=UTC)  # on which the clocks change in Copenhagen
    case = post(client, representative, PATH, {"name": "a", "expected_close_on": "2026-04-13"})
    identifier = UUID(case["id"])
    with transaction() as session:
        made = datetime(2026, 3, 22, 23, 30, tzinfo=UTC)
        session.execute(update(Opportunity).values(created_at=made))
    seen = {}
    for zone in ("Pacific/Auckland", "Europe/Copenhagen", "Pacific/Niue"):
        reader = Reader(now=now, zone=zone)
        with transaction() as session:
            [found] = signals.read(session, reader, TABLES, [identifier]).values()
            query = parse_parameters(OPPORTUNITIES, [("facets", "signal")], reader)
            [counted] = facets(session, query, Opportunity.id == identifier)["signal"].slices
        signal = found["signal"]
        assert signal is not None
        assert counted.value == signal.rule.key
        seen[zone] = (str(reader.today), counted.value, str(signal.since))

    assert seen == {
        "Pacific/Auckland": ("2026-03-30", "closing_near", "2026-03-30"),
        "Europe/Copenhagen": ("2026-03-29", "fresh", "2026-03-23"),
        "Pacific/Niue": ("2026-03-29", "old", "2026-03-29"),
    }


def test_a_record_a_list_a_count_a_filter_and_an_export_agree(
    client: ApiClient, representative: Caller
) -> None:
    for close_in, age in ((None, 0), (3, 0), (12, 20), (None, 9), (-2, 1), (40, 3)):
        body = {} if close_in is None else {"expected_close_on": day(close_in)}
        aged(post(client, representative, PATH, {"name": "a", **body}), age)
    lose(client, representative, post(client, representative, PATH, {"name": "a"}))

    listed = get(client, representative, f"{PATH}?sort=number&facets=signal,overdue")
    singly = [
        get(client, representative, f"{PATH}/{each['id']}")["signal"] for each in listed["items"]
    ]

    assert [each["signal"] for each in listed["items"]] == singly
    keys = [each["key"] for each in singly]
    for sliced in listed["facets"]["signal"]["slices"]:
        assert sliced["count"] == keys.count(sliced["value"])
        found = get(client, representative, f"{PATH}?signal={sliced['value']}")
        assert found["total"]["count"] == sliced["count"]
    exported = export(representative, ["signal", "signal.colour", "signal.since", "overdue"])
    assert exported == [
        [each["signal"]["reason"], each["signal"]["colour"],
         date.fromisoformat(each["signal"]["since"]), each["overdue"] is not None]
        for each in listed["items"]
    ]  # fmt: skip


def export(caller: Caller, fields: list[str]) -> list[list[Any]]:
    """Return what a file of all opportunities would hold."""
    reader = Reader(now=utcnow(), zone=HERE, user_id=caller.user_id)
    stored = {"fields": fields, "sort": ["number"]}
    with transaction() as session:
        principal = principal_of(session, session.get_one(User, caller.user_id))
        order = FileOrder(
            query=DATASETS["opportunities"].query(stored, reader),
            visible=visible(principal, Verb.EXPORT, Opportunity),
            format=FileFormat.CSV,
            title="All",
            made_at=utcnow(),
            principal=principal,
        )
    with transaction() as session:
        return list(spool(session, order, io.BytesIO()).rows())
