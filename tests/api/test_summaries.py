"""Lists summed up: forecasts, what was won and lost, statistics; of what their reader sees."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers.listing import CUSTOMERS
from hub.customers.models import Customer
from hub.db import transaction
from hub.leads.listing import LEADS
from hub.leads.models import Lead
from hub.listing import Reader, break_down, dimensions_of, parse_parameters
from hub.opportunities.listing import TYPES
from hub.opportunities.models import Opportunity
from tests.api.asking import API, broken, get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer

PATH = "/opportunities"


def make(client: ApiClient, caller: Caller, amount: str | None = None, **fields: Any) -> Any:
    body = {"name": "a", **fields}
    return post(client, caller, PATH, body if amount is None else {**body, "amount": amount})


def end(client: ApiClient, caller: Caller, case: Any, how: str, on: str | None = None) -> None:
    body = {"lost_reason": "price"} if how == "lost" else {}
    post(client, caller, f"{PATH}/{case['id']}/{how}", body, 200)
    if on is not None:
        with transaction() as session:
            session.execute(
                update(Opportunity)
                .where(Opportunity.id == UUID(case["id"]))
                .values(state_since=datetime.fromisoformat(f"{on}T12:00:00Z"))
            )


def groups(summary: Any, *sums: str) -> list[tuple[Any, ...]]:
    return [
        (*(key["value"] for key in each["keys"]), each["currency"], each["count"],
         *(each["sums"][name] for name in sums))
        for each in summary["groups"]
    ]  # fmt: skip


def test_the_forecast_adds_up_amounts_and_weighted_values_by_stage_and_currency(
    client: ApiClient, representative: Caller
) -> None:
    make(client, representative, "1000.00")
    make(client, representative, "333.33", probability=33)
    make(client, representative, "99.00", currency="EUR")
    make(client, representative)
    case = make(client, representative, "500.00")
    post(client, representative, f"{PATH}/{case['id']}/next", {}, 200)

    summary = get(client, representative, f"{PATH}/summary?by=stage&is_open=true")

    assert groups(summary, "amount", "weighted") == [
        ("new", "DKK", 3, "1333.33", "210.00"),
        ("new", "EUR", 1, "99.00", "9.90"),
        ("qualification", "DKK", 1, "500.00", "125.00"),
    ]
    totals = [(each["currency"], each["count"], each["sums"]["weighted"])
              for each in summary["totals"]]  # fmt: skip
    assert totals == [("DKK", 4, "335.00"), ("EUR", 1, "9.90")]
    assert (summary["by"], summary["complete"]) == (["stage"], True)
    new = summary["groups"][0]
    assert (new["keys"], new["filter"]) == (
        [{"value": "new", "label": "New"}],
        {"stage": {"eq": "new"}, "currency": {"eq": "DKK"}},
    )


def test_the_forecast_by_owner_month_and_program(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    entry = {"code": "north", "label": "Nordkampagnen"}
    post(client, administrator, "/catalogues/programs/entries", entry)
    make(client, representative, "10.00", expected_close_on="2999-01-31", program="north")
    make(client, representative, "20.00", expected_close_on="2999-01-01")
    make(client, administrator, "40.00", expected_close_on="2999-12-01", program="north")
    make(client, administrator, "80.00")

    by_month = get(client, administrator, f"{PATH}/summary?by=expected_close_on.month")
    by_owner = get(client, administrator, f"{PATH}/summary?by=owner,program")

    assert groups(by_month, "amount") == [
        ("2999-01-01", "DKK", 2, "30.00"), ("2999-12-01", "DKK", 1, "40.00"),
        (None, "DKK", 1, "80.00"),
    ]  # fmt: skip
    assert [each["filter"]["expected_close_on"] for each in by_month["groups"]] == [
        {"gte": "2999-01-01", "lt": "2999-02-01"}, {"gte": "2999-12-01", "lt": "3000-01-01"},
        {"empty": True},
    ]  # fmt: skip
    found = {
        (each["keys"][0]["value"], each["keys"][1]["label"]): each["sums"]["amount"]
        for each in by_owner["groups"]
    }
    assert found == {
        (str(representative.user_id), "Nordkampagnen"): "10.00",
        (str(representative.user_id), None): "20.00",
        (str(administrator.user_id), "Nordkampagnen"): "40.00",
        (str(administrator.user_id), None): "80.00",
    }


def test_what_was_won_and_lost_over_an_interval_per_customer_and_across(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        mine = {"owner_user_id": representative.user_id, "currency": "DKK"}
        whose = [
            str(make_customer(session, name=name, **mine).id) for name in ("Nordlys", "Sydlys")
        ]
    for customer, amount, how, on in (
        (whose[0], "100.00", "won", "2026-03-31"),
        (whose[0], "50.00", "lost", "2026-04-01"),
        (whose[1], "30.00", "won", "2026-04-30"),
        (whose[1], "7.00", "won", "2026-05-01"),
        (whose[1], "9.00", None, None),
    ):
        case = make(client, representative, amount, customer_id=customer)
        if how is not None:
            end(client, representative, case, how, on)
    interval = "decided_at.gte=2026-03-31&decided_at.lt=2026-05-01"

    across = get(client, representative, f"{PATH}/summary?by=stage_kind&{interval}")
    monthly = get(
        client, representative, f"{PATH}/summary?by=decided_at.month,stage_kind&{interval}"
    )
    each = get(client, representative, f"{PATH}/summary?by=customer,stage_kind&{interval}")

    assert groups(across, "amount") == [
        ("won", "DKK", 2, "130.00"), ("lost", "DKK", 1, "50.00"),
    ]  # fmt: skip
    assert groups(monthly, "amount") == [
        ("2026-03-01", "won", "DKK", 1, "100.00"), ("2026-04-01", "lost", "DKK", 1, "50.00"),
        ("2026-04-01", "won", "DKK", 1, "30.00"),
    ]  # fmt: skip
    assert {
        (found["keys"][0]["label"], found["keys"][1]["value"]): found["sums"]["amount"]
        for found in each["groups"]
    } == {
        ("Nordlys", "won"): "100.00", ("Nordlys", "lost"): "50.00", ("Sydlys", "won"): "30.00",
    }  # fmt: skip


def test_sums_are_of_what_the_caller_sees_and_no_more(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, currency="DKK", owner_user_id=administrator.user_id)
        customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=3)
    make(client, administrator, "1000.00", customer_id=str(customer.id))
    make(client, representative, "1.00")

    theirs = get(client, representative, f"{PATH}/summary?by=stage,customer")
    all_of_it = get(client, administrator, f"{PATH}/summary?by=stage")

    assert groups(theirs, "amount") == [("new", None, "DKK", 1, "1.00")]
    assert [each["count"] for each in theirs["totals"]] == [1]
    assert groups(all_of_it, "amount") == [("new", "DKK", 2, "1001.00")]


def test_each_group_is_found_in_the_list_by_its_filter(
    client: ApiClient, representative: Caller
) -> None:
    for amount, close in (("1", "2999-01-05"), ("2", "2999-02-05"), ("4", None)):
        day = {} if close is None else {"expected_close_on": close}
        make(client, representative, amount, **day)
    end(client, representative, make(client, representative, "8"), "won")

    asked = "by=expected_close_on.week,signal,is_open"
    summary = get(client, representative, f"{PATH}/summary?{asked}")

    assert len(summary["groups"]) == 4
    for each in summary["groups"]:
        query = "&".join(
            f"{name}.{operator}={str(value).lower() if isinstance(value, bool) else value}"
            for name, comparisons in each["filter"].items()
            for operator, value in comparisons.items()
        )
        assert get(client, representative, f"{PATH}?{query}")["total"]["count"] == each["count"]


def test_statistics_of_a_program_states_by_source_open_and_closed(
    client: ApiClient, representative: Caller
) -> None:
    for number, source in enumerate(("advert", "advert", "website")):
        lead = post(client, representative, "/leads", {"company": "A", "source": source,
                                                       "net_potential_value": "10"})  # fmt: skip
        if not number:
            path = f"/leads/{lead['id']}/transitions"
            post(client, representative, path, {"to": "development"}, 200)
            post(client, representative, f"/leads/{lead['id']}/closing", {}, 200)

    summary = get(client, representative, "/leads/summary?by=source,state,is_open")

    assert sorted(groups(summary, "net_potential_value")) == [
        ("advert", "development", False, "DKK", 1, "10.00"),
        ("advert", "pending_qualification", True, "DKK", 1, "10.00"),
        ("website", "pending_qualification", True, "DKK", 1, "10.00"),
    ]
    assert [key["label"] for key in summary["groups"][0]["keys"]][:1] == ["Advertisement"]


def test_the_tables_of_a_program_and_of_a_source_name_what_no_lead_is_in(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    for code in ("north", "south", "old"):
        entry = {"code": code, "label": code.title(), "active": code != "old"}
        post(client, administrator, "/catalogues/programs/entries", entry)
    for program, source in (("north", "advert"), ("north", "advert"), ("south", "website")):
        post(client, representative, "/leads", {"company": "A", "program": program,
                                                "source": source})  # fmt: skip

    def table(query: str) -> list[tuple[Any, ...]]:
        found = get(client, representative, f"/leads/summary?empty=true&{query}")["groups"]
        return [(*(key["label"] for key in each["keys"]), each["count"]) for each in found]

    assert table("by=state&program=north") == [
        ("Pending qualification", 2), ("Development", 0), ("Quoting", 0), ("Customer", 0),
        ("Inactive", 0),
    ]  # fmt: skip
    assert table("by=source&program=north") == [
        ("Advertisement", 2), ("Cold call", 0), ("Trade show", 0), ("Website", 0),
        ("Referral", 0), ("Web shop", 0),
    ]  # fmt: skip
    assert table("by=program&source=website") == [("South", 1), ("North", 0)]
    assert table("by=program&program=north") == [("North", 2)]
    crossed = table("by=program,is_open&source=advert")
    assert [each[0] for each in crossed] == ["North", "North", "South", "South"]
    assert [each[2] for each in crossed] == [2, 0, 0, 0]
    assert len(table("by=state,source")) == 5 * 6


def test_an_empty_group_has_a_filter_and_no_currency_and_days_keep_their_order(
    client: ApiClient, representative: Caller
) -> None:
    make(client, representative, "1.00", expected_close_on="2999-03-01")
    make(client, representative, "2.00", expected_close_on="2999-01-01", type="recurring")

    asked = "by=expected_close_on.month,type&empty=true"
    summary = get(client, representative, f"{PATH}/summary?{asked}")

    months = [each["keys"][0]["value"] for each in summary["groups"]]
    assert months == ["2999-01-01"] * len(TYPES) + ["2999-03-01"] * len(TYPES)
    assert summary["complete"]
    empty = summary["groups"][1]
    assert (empty["count"], empty["currency"], empty["sums"]) == (0, None, {})
    assert empty["filter"]["expected_close_on"] == {"gte": "2999-01-01", "lt": "2999-02-01"}
    [group] = get(client, representative, f"{PATH}/summary?by=type&type=recurring&empty=1")[
        "groups"
    ]
    assert group["count"] == 1


def test_more_empty_groups_than_are_shown_are_told_of(session: Session) -> None:
    query = parse_parameters(LEADS, [], Reader(now=utcnow(), zone="UTC"))
    asked = dimensions_of(query, ["state", "source"])

    found = break_down(
        session, query, Lead.id.is_not(None), asked, with_empty=True, highest=7
    )  # fmt: skip

    assert (len(found.groups), found.complete) == (7, False)


def test_calls_are_counted_over_time_by_their_notes(
    client: ApiClient, representative: Caller
) -> None:
    with transaction() as session:
        customer = make_customer(session, owner_user_id=representative.user_id)
    for at, kind in (
        ("2026-03-01T23:30:00Z", "call"), ("2026-03-02T10:00:00Z", "call"),
        ("2026-03-01T22:30:00Z", "call"), ("2026-03-02T10:00:00Z", "meeting"),
    ):  # fmt: skip
        body = {"body": "Ringede", "type": kind, "at": at}
        post(client, representative, f"/customers/{customer.id}/notes", body)

    summary = get(client, representative, "/notes/summary?by=at.day&type=call")

    assert groups(summary) == [("2026-03-01", None, 1), ("2026-03-02", None, 2)]
    assert summary["totals"] == [{"count": 3, "currency": None, "sums": {}}]


@pytest.mark.parametrize(
    ("zone", "weeks"),
    [
        ("Europe/Copenhagen", [("2026-03-23", 1), ("2026-03-30", 1)]),
        ("Pacific/Niue", [("2026-03-23", 2)]),
        ("UTC", [("2026-03-23", 2)]),
    ],
)
def test_weeks_are_those_of_the_reader(
    client: ApiClient, representative: Caller, zone: str, weeks: list[tuple[str, int]]
) -> None:
    for _ in range(2):
        post(client, representative, "/leads", {"company": "A"})
    with transaction() as session:
        first, second = session.query(Lead.id).order_by(Lead.id).all()
        # The clocks change in Copenhagen in between: midnight is at 23:00 before, 22:00 after.
        for (lead_id,), made in ((first, (29, 0)), (second, (29, 22))):
            at = datetime(2026, 3, *made, 30, tzinfo=UTC)
            session.execute(update(Lead).where(Lead.id == lead_id).values(created_at=at))
        reader = Reader(now=utcnow(), zone=zone)
        query = parse_parameters(LEADS, [], reader)
        dimensions = dimensions_of(query, ["created_at.week"])
        found = break_down(session, query, Lead.id.is_not(None), dimensions)

    assert [(each.keys[0].value, each.count) for each in found.groups] == weeks


def test_more_groups_than_are_shown_are_told_of(session: Session) -> None:
    for number in range(3):
        make_customer(session, name=f"Nr {number}", city=f"By {number}")
    session.flush()
    query = parse_parameters(CUSTOMERS, [], Reader(now=utcnow(), zone="UTC"))
    asked = dimensions_of(query, ["city"])

    found = break_down(session, query, Customer.id.is_not(None), asked, highest=2)

    assert ([each.keys[0].value for each in found.groups], found.complete) == (
        ["By 0", "By 1"], False,
    )  # fmt: skip
    assert [each.count for each in found.totals] == [3]


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ("by=colour", [("/by", "unknown_field")]),
        ("by=amount", [("/by", "unknown_field")]),
        ("by=created_at", [("/by", "unknown_field")]),
        ("by=created_at.hour", [("/by", "unknown_field")]),
        ("by=stage,stage", [("/by", "too_many")]),
        ("by=created_at.day,created_at.week", [("/by", "too_many")]),
        ("by=stage,owner,source,program", [("/by", "too_many")]),
        ("nonsense=1", [("/nonsense", "unknown_field")]),
    ],
)
def test_what_cannot_be_counted_by_is_refused(
    client: ApiClient, representative: Caller, query: str, rules: list[tuple[str, str]]
) -> None:
    answer = client.get(f"{API}{PATH}/summary?{query}", headers=representative.headers)

    assert (answer.status_code, broken(answer.json)) == (422, rules)


def test_fields_that_are_not_his_to_see_are_none_that_he_counts_by(client: ApiClient) -> None:
    viewer = make_caller(Role.VIEWER, "vera@example.com")

    answer = client.get(f"{API}/customers/summary?by=credit_limit", headers=viewer.headers)

    assert broken(answer.json) == [("/by", "unknown_field")]
