"""Dashboards, and the scorecard of a team: of what their reader sees, on the days he asks for."""

from typing import Any

import pytest

from hub.access import teams
from hub.access.roles import Role
from hub.db import transaction
from tests.api.asking import broken, get, post
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller


@pytest.fixture
def other(client: ApiClient) -> Caller:
    return make_caller(Role.REPRESENTATIVE, "carl@example.com")


@pytest.fixture
def known(client: ApiClient, representative: Caller) -> str:
    """A customer whom everybody sees, with what is done about it."""
    return str(post(client, representative, "/customers", {"name": "Nordlys"})["id"])


def plan(client: ApiClient, caller: Caller, customer: str, kind: str, **said: Any) -> Any:
    body = {"kind": kind, "title": "a", "subjects": [{"type": "customer", "id": customer}], **said}
    return post(client, caller, "/activities", body)


def do(client: ApiClient, caller: Caller, planned: Any, on: str, **said: Any) -> None:
    body = {"to": "done", "happened_at": f"{on}T10:00:00Z", **said}
    post(client, caller, f"/activities/{planned['id']}/transitions", body, 200)


def case(client: ApiClient, caller: Caller, amount: str, how: str | None = None) -> Any:
    made = post(client, caller, "/opportunities", {"name": "a", "amount": amount})
    if how is not None:
        body = {"lost_reason": "price"} if how == "lost" else {}
        post(client, caller, f"/opportunities/{made['id']}/{how}", body, 200)
    return made


def chart(board: Any, name: str) -> Any:
    [found] = [each for each in board["charts"] if each["name"] == name]
    return found


def groups(chart: Any) -> list[tuple[Any, ...]]:
    return [(*(key["value"] for key in each["keys"]), each["count"]) for each in chart["groups"]]


def figures(card: Any) -> dict[str, int]:
    return {each["name"]: each["count"] for each in card}


def test_every_dashboard_is_listed_and_shows_its_charts(
    client: ApiClient, administrator: Caller
) -> None:
    listed = get(client, administrator, "/dashboards")["items"]

    assert [each["name"] for each in listed] == [
        "calls", "events", "leads", "opportunities", "pipeline", "results",
        "objectives_by_user", "objectives_by_team",
    ]  # fmt: skip
    for each in listed:
        found = get(client, administrator, each["link"].removeprefix("/api/v1"))
        for drawn in found.get("charts", []):
            rows = get(client, administrator, drawn["link"].removeprefix("/api/v1"))
            assert rows["total"]["count"] == sum(group["count"] for group in drawn["totals"])


def test_calls_are_counted_by_week_by_person_and_by_outcome(
    client: ApiClient, representative: Caller, other: Caller, known: str
) -> None:
    for caller, kind, on, said in (
        (representative, "call", "2026-03-02", {"outcome": "agreed"}),
        (representative, "call", "2026-03-08", {}),
        (other, "call", "2026-03-09", {"outcome": "agreed"}),
        (other, "meeting", "2026-03-09", {}),
        (other, "call", "2026-03-31", {}),
    ):
        do(client, caller, plan(client, caller, known, kind), on, **said)
    plan(client, other, known, "call", due={"on": "2026-01-02"})

    of_march = "?since=2026-03-01&until=2026-03-30"
    board = get(client, representative, f"/dashboards/calls{of_march}")
    whose = f"&user={representative.user_id}"
    mine = get(client, representative, f"/dashboards/calls{of_march}{whose}")
    events = get(client, representative, f"/dashboards/events{of_march}")

    assert (board["since"], board["until"]) == ("2026-03-01", "2026-03-30")
    assert groups(chart(board, "by_week")) == [("2026-03-02", 2), ("2026-03-09", 1)]
    assert set(groups(chart(board, "by_person"))) == {
        (str(representative.user_id), 2), (str(other.user_id), 1),
    }  # fmt: skip
    assert set(groups(chart(board, "by_outcome"))) == {("agreed", 2), (None, 1)}
    assert groups(chart(board, "to_do")) == [(True, 1)]
    assert groups(chart(mine, "by_week")) == [("2026-03-02", 2)]
    assert groups(chart(mine, "to_do")) == []
    assert groups(chart(events, "by_week")) == [
        ("2026-03-02", "call", 2), ("2026-03-09", "call", 1), ("2026-03-09", "meeting", 1),
    ]  # fmt: skip


def test_opportunities_have_their_pipeline_and_what_was_won_and_lost(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    case(client, representative, "100.00")
    case(client, representative, "30.00", "won")
    case(client, representative, "7.00", "lost")
    entry = {"code": "crane_ltd", "label": "Crane"}
    post(client, administrator, "/catalogues/competitors/entries", entry)
    beaten = post(client, representative, "/opportunities", {"name": "b", "amount": "4.00"})
    body = {"lost_reason": "price", "competitor": "crane_ltd"}
    post(client, representative, f"/opportunities/{beaten['id']}/lost", body, 200)

    pipeline = get(client, representative, "/dashboards/pipeline")
    results = get(client, representative, "/dashboards/results")
    before = get(client, representative, "/dashboards/results?since=2020-01-01&until=2020-02-01")

    assert groups(chart(pipeline, "by_stage")) == [("new", 1)]
    assert chart(pipeline, "by_stage")["totals"][0]["sums"]["amount"] == "100.00"
    assert groups(chart(results, "by_reason")) == [("price", 2)]
    assert ("crane_ltd", "lost", 1) in groups(chart(results, "by_competitor"))
    won_and_lost = {
        each["keys"][1]["value"]: each["sums"]["amount"]
        for each in chart(results, "by_person")["groups"]
    }
    assert won_and_lost == {"won": "30.00", "lost": "11.00"}
    assert chart(before, "by_month")["groups"] == []


def test_days_that_end_before_they_begin_and_unknown_boards_are_refused(
    client: ApiClient, representative: Caller
) -> None:
    asked = "/api/v1/dashboards/calls?since=2026-03-02&until=2026-03-01"

    refused = client.get(asked, headers=representative.headers)
    unknown = client.get("/api/v1/dashboards/golf", headers=representative.headers)

    assert broken(refused.json) == [("/until", "too_early")]
    assert unknown.status_code == 404


def test_a_scorecard_has_the_same_figures_of_each_of_a_teams_people(
    client: ApiClient, representative: Caller, other: Caller, known: str
) -> None:
    with transaction() as session:
        members = [representative.user_id, other.user_id]
        team = teams.create_team(session, {"name": "north", "member_ids": members}).id
    post(client, representative, "/leads", {"company": "Sydlys"})
    for caller, kind in ((representative, "call"), (representative, "call"), (other, "meeting")):
        do(client, caller, plan(client, caller, known, kind), "2026-03-02")
    plan(client, other, known, "call", due={"on": "2026-01-02"})
    case(client, other, "100.00", "won")
    case(client, other, "50.00", "won")
    case(client, representative, "20.00")
    board = get(client, other, f"/dashboards/calls?since=2026-03-01&team={team}")

    found = get(client, other, f"/teams/{team}/scorecard?since=2026-03-01")

    of_bo, of_carl = found["people"]
    assert (of_bo["name"], of_carl["name"]) == ("bo", "carl")
    assert {name: n for name, n in figures(of_bo["figures"]).items() if n} == {
        "customers": 1, "calls": 2, "leads": 1, "opportunities": 1, "pipeline": 1,
    }  # fmt: skip
    assert {name: n for name, n in figures(of_carl["figures"]).items() if n} == {
        "meetings": 1, "late_activities": 1, "opportunities": 2, "won": 2,
    }  # fmt: skip
    team_wide = {each["name"]: each for each in found["team"]}
    assert (team_wide["won"]["amounts"], team_wide["won"]["mean"]) == ({"DKK": "150.00"}, 1.0)
    assert team_wide["opportunities"]["count"] == 3
    [calls] = [each for each in of_bo["figures"] if each["name"] == "calls"]
    assert get(client, other, calls["link"].removeprefix("/api/v1"))["total"]["count"] == 2
    assert groups(chart(board, "by_week")) == [("2026-03-02", 2)]


def test_a_scorecard_counts_nothing_that_its_reader_does_not_see(
    client: ApiClient, representative: Caller, other: Caller, private: None
) -> None:
    with transaction() as session:
        team = teams.create_team(session, {"name": "n", "member_ids": [representative.user_id]}).id
    post(client, representative, "/customers", {"name": "Nordlys"})
    case(client, representative, "20.00")

    found = get(client, other, f"/teams/{team}/scorecard")

    assert set(figures(found["people"][0]["figures"]).values()) == {0}
