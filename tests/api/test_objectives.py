"""Objectives over HTTP: set for people and teams, followed by workers, looked at as of any day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

import workers.tasks  # noqa: F401 - registers the bodies
from hub.access import teams
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.history.sealing import seal
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.objectives.models import Objective
from tests.api.asking import API, broken, get, patch, post, remove
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller, narrow
from tests.people import make_customer
from workers.chain import drain

PATH = "/objectives"
THIS_YEAR = utcnow().year
YEAR = {"starts_on": f"{THIS_YEAR}-01-01", "ends_on": f"{THIS_YEAR}-12-31", "zone": "UTC"}
ONE = {"name": "Opkald", "targets": {"calls": 2}, **YEAR}


def today() -> date:
    return utcnow().date()


@pytest.fixture
def manager(representative: Caller) -> Caller:
    """Who leads the representative in a team."""
    made = make_caller(Role.MANAGER, "mette@example.com")
    with transaction() as session:
        teams.create_team(
            session,
            {"name": "Nord", "manager_user_id": made.user_id,
             "member_ids": [representative.user_id]},
        )  # fmt: skip
    return made


@pytest.fixture
def team_id(client: ApiClient, manager: Caller) -> str:
    [team] = get(client, manager, "/teams")["items"]
    return str(team["id"])


def follow() -> None:
    """Have the workers do what is due: hear of what happened, and reckon."""
    with transaction() as session:
        while seal(session):
            pass
        enqueue(session, TaskName.FOLLOW_OBJECTIVES)
    drain(TaskName.FOLLOW_OBJECTIVES)
    drain(TaskName.MEASURE_OBJECTIVE)


def call(client: ApiClient, caller: Caller, kind: str = "call") -> Any:
    body = {"kind": kind, "title": "Ring", "state": "done", "subjects": []}
    return post(client, caller, "/activities", body)


def win(client: ApiClient, caller: Caller, amount: str, **fields: Any) -> Any:
    case = post(client, caller, "/opportunities", {"name": "Kran", "amount": amount, **fields})
    return post(client, caller, f"/opportunities/{case['id']}/won", {}, 200)


def figures(client: ApiClient, caller: Caller, objective: Any, query: str = "") -> list[Any]:
    """Return by period what each measure comes to, of what, and whether that is enough."""
    found = get(client, caller, f"{PATH}/{objective['id']}/progress{query}")
    return [
        {each["measure"]: (each["value"], each["target"], each["met"]) for each in p["figures"]}
        for p in found["periods"]
    ]


def test_an_objective_of_ones_own_follows_what_one_does(
    client: ApiClient, representative: Caller
) -> None:
    made = post(
        client, representative, PATH,
        {"name": "Året", "currency": "DKK", **YEAR,
         "targets": {"opp_amount_won": "1500.00", "opp_created": 4, "opp_won": 2, "calls": 2}},
    )  # fmt: skip

    assert (made["user_id"], made["team_id"]) == (str(representative.user_id), None)
    assert (made["frequency"], made["met"], made["computed_at"]) == ("once", None, None)
    assert made["targets"]["opp_amount_won"] == "1500.00"
    assert made["allowed_actions"] == ["read", "edit", "delete"]
    win(client, representative, "1000.50")
    win(client, representative, "700", currency="EUR")
    call(client, representative)
    call(client, representative)
    follow()
    [found] = figures(client, representative, made)
    assert found == {
        "opp_amount_won": ("1000.50", "1500.00", False),
        "opp_created": ("2.00", "4.00", False),
        "opp_won": ("2.00", "2.00", True),
        "calls": ("2.00", "2.00", True),
    }
    shown = get(client, representative, f"{PATH}/{made['id']}")
    assert (shown["met"], shown["version"]) == (False, 1)
    win(client, representative, "499.50")
    post(client, representative, "/opportunities", {"name": "Mast"})
    follow()
    assert get(client, representative, f"{PATH}?met=true")["items"][0]["id"] == made["id"]


def test_what_happens_is_followed_once_and_nothing_else_is_reckoned(
    client: ApiClient, representative: Caller, administrator: Caller
) -> None:
    own = post(client, representative, PATH, ONE)
    others = post(client, administrator, PATH, ONE)
    follow()
    before = get(client, administrator, f"{PATH}/{others['id']}")["computed_at"]

    call(client, representative)
    follow()
    follow()

    assert get(client, administrator, f"{PATH}/{others['id']}")["computed_at"] == before
    assert figures(client, representative, own) == [{"calls": ("1.00", "2.00", False)}]
    with transaction() as session:
        reckoned = session.query(Job).filter_by(
            task=TaskName.MEASURE_OBJECTIVE, subject_id=UUID(own["id"]), state=JobState.SUCCEEDED
        )
        assert reckoned.count() == 2
        [waiting] = session.query(Job).filter_by(
            task=TaskName.MEASURE_OBJECTIVE, subject_id=UUID(own["id"]), state=JobState.QUEUED
        )
        assert waiting.run_at == datetime(today().year + 1, 1, 1, tzinfo=UTC)


def test_what_was_won_and_reopened_counts_as_of_the_day_before(
    client: ApiClient, representative: Caller
) -> None:
    made = post(client, representative, PATH, {**ONE, "targets": {"opp_won": 1}})
    case = win(client, representative, "100")
    _yesterday()
    body = {"to": "negotiation", "reason": "Fortrød"}
    post(client, representative, f"/opportunities/{case['id']}/transitions", body, 200)
    follow()

    yesterday, this_day = today() - timedelta(1), today()
    assert figures(client, representative, made, f"?as_of={yesterday}") == [
        {"opp_won": ("1.00", "1.00", True)}
    ]
    now = [{"opp_won": ("0.00", "1.00", False)}]
    assert figures(client, representative, made, f"?as_of={this_day}") == now
    assert figures(client, representative, made) == now
    before = today() - timedelta(2)
    assert figures(client, representative, made, f"?as_of={before}") == [
        {"opp_won": ("0.00", "1.00", False)}
    ]
    later = client.get(
        f"{API}{PATH}/{made['id']}/progress?as_of={today() + timedelta(2)}",
        headers=representative.headers,
    )
    assert broken(later.json) == [("/as_of", "future")]


def test_a_team_comes_to_what_its_people_do_while_they_are_in_it(
    client: ApiClient, representative: Caller, manager: Caller, *, team_id: str,
    administrator: Caller,
) -> None:  # fmt: skip
    made = post(client, manager, PATH, {**ONE, "team_id": team_id})
    comes = make_caller(Role.REPRESENTATIVE, "cecilie@example.com")
    call(client, representative)
    call(client, comes)  # before she comes
    team = get(client, administrator, f"/teams/{team_id}")
    patch(client, administrator, "/teams", team, member_ids=[str(comes.user_id)])
    call(client, representative)  # after he left
    call(client, comes)
    follow()

    assert figures(client, manager, made) == [{"calls": ("2.00", "2.00", True)}]
    assert figures(client, comes, made) == figures(client, manager, made)
    # Who left does not know it any more; what he did stays.
    hidden = client.get(f"{API}{PATH}/{made['id']}", headers=representative.headers)
    assert hidden.status_code == 404


def test_a_team_learns_nothing_of_what_one_of_its_people_protects(
    client: ApiClient, representative: Caller, manager: Caller, *, team_id: str,
    administrator: Caller,
) -> None:  # fmt: skip
    colleague = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    team = get(client, administrator, f"/teams/{team_id}")
    members = [str(representative.user_id), str(colleague.user_id)]
    patch(client, administrator, "/teams", team, member_ids=members)
    aims = {**ONE, "targets": {"opp_created": 1, "calls": 1}}
    the_teams = post(client, manager, PATH, {**aims, "team_id": team_id})
    his = post(client, manager, PATH, {**aims, "user_id": str(representative.user_id)})
    follow()
    without = _told(client, colleague, the_teams)
    assert without[0] == [
        {"calls": ("0.00", "1.00", False), "opp_created": ("0.00", "1.00", False)}
    ]
    with transaction() as session:
        customer_id = make_customer(session, owner_user_id=representative.user_id).id
    post(
        client, representative, "/opportunities", {"name": "Kran", "customer_id": str(customer_id)}
    )
    about = [{"type": "customer", "id": str(customer_id)}]
    body = {"kind": "call", "title": "Ring", "state": "done", "subjects": about}
    post(client, representative, "/activities", body)
    follow()
    met = [{"calls": ("1.00", "1.00", True), "opp_created": ("1.00", "1.00", True)}]
    assert figures(client, colleague, the_teams) == met

    protection = f"/customers/{customer_id}/protection"
    post(client, representative, protection, {"days": 3}, 200)
    follow()

    for reader in (colleague, manager, administrator):  # one figure, whoever reads
        assert _told(client, reader, the_teams) == without
        assert figures(client, reader, the_teams, f"?as_of={today()}") == without[0]
    assert figures(client, manager, his) == met
    until = get(client, representative, protection)["until"]
    assert _due(the_teams) == datetime.fromisoformat(until)  # when it ends by itself
    assert _due(his) > datetime.fromisoformat(until)
    version = get(client, representative, f"/customers/{customer_id}")["version"]
    headers = {**representative.headers, "If-Match": f'"{version}"'}
    assert client.delete(f"{API}{protection}", headers=headers).status_code == 204
    follow()
    assert figures(client, colleague, the_teams) == met


def _due(objective: Any) -> datetime:
    """Return when an objective is reckoned next, if nothing happens before."""
    with transaction() as session:
        waiting = select(Job.run_at).where(
            Job.task == TaskName.MEASURE_OBJECTIVE, Job.subject_id == UUID(objective["id"]),
            Job.state == JobState.QUEUED,
        )  # fmt: skip
        return session.scalars(waiting).one()


def _told(client: ApiClient, reader: Caller, objective: Any) -> list[Any]:
    """Return all that is told of how far an objective is, but when it was reckoned."""
    of_it = f"/objective-progress?objective={objective['id']}&facets=met"
    rows = get(client, reader, of_it)
    board = get(client, reader, f"{PATH}/board?by=team&on={today()}")
    return [
        figures(client, reader, objective),
        [(each["measure"], each["value"], each["ratio"]) for each in rows["items"]],
        rows["facets"]["met"]["slices"],
        get(
            client,
            reader,
            f"/objective-progress/summary?by=measure,met&objective={objective['id']}",
        )["groups"],
        [line["series"] for group in board["groups"] for line in group["lines"]],
        get(client, reader, f"{PATH}/{objective['id']}")["met"],
    ]


def test_one_that_comes_back_has_a_period_each_time_with_the_targets_of_its_time(
    client: ApiClient, representative: Caller
) -> None:
    days = {"starts_on": str(today() - timedelta(2)), "zone": "UTC", "frequency": "daily"}
    made = post(client, representative, PATH, {"name": "Daglig", "targets": {"calls": 1}, **days})
    call(client, representative)
    follow()
    changed = patch(client, representative, PATH, made, targets={"calls": 3, "meetings": 1})
    assert changed.status_code == 200
    follow()

    one = {"calls": ("0.00", "1.00", False)}
    now = {"calls": ("1.00", "3.00", False), "meetings": ("0.00", "1.00", False)}
    assert figures(client, representative, made) == [one, one, now]
    assert figures(client, representative, made, "?periods=1") == [now]
    assert figures(client, representative, made, f"?as_of={today()}") == [one, one, now]
    events = get(client, representative, f"{PATH}/{made['id']}/events")["items"]
    assert [(c["field"], c["before"], c["after"]) for c in events[0]["changes"]] == [
        ("targets.calls", 1, 3), ("targets.meetings", None, 1),
    ]  # fmt: skip


def test_who_leads_sets_and_colleagues_know_nothing(
    client: ApiClient, representative: Caller, manager: Caller, *, team_id: str,
    administrator: Caller,
) -> None:  # fmt: skip
    his = post(client, manager, PATH, {**ONE, "user_id": str(representative.user_id)})
    the_teams = post(client, manager, PATH, {**ONE, "team_id": team_id})
    colleague = make_caller(Role.REPRESENTATIVE, "dorte@example.com")

    for made, actions in ((his, ["read"]), (the_teams, ["read"])):
        path = f"{PATH}/{made['id']}"
        assert get(client, representative, path)["allowed_actions"] == actions
        assert patch(client, representative, PATH, made, name="Let").status_code == 403
        assert remove(client, representative, PATH, made).status_code == 403
        assert client.get(f"{API}{path}", headers=colleague.headers).status_code == 404
        hidden = client.get(f"{API}{path}/progress", headers=colleague.headers)
        assert hidden.status_code == 404
        assert get(client, administrator, path)["allowed_actions"] == ["read", "edit", "delete"]
    follow()
    for listed in (PATH, "/objective-progress"):
        assert get(client, colleague, listed)["total"]["count"] == 0
        assert get(client, narrow(manager, {"filter": {}}), listed)["total"]["count"] == 0
        assert get(client, manager, listed)["total"]["count"] == 2
        mine = f"{listed}?user=me"
        assert get(client, representative, mine)["total"]["count"] == 1
    for caller, body, rule in (
        (representative, {"user_id": str(colleague.user_id)}, ("/user_id", "not_yours")),
        (representative, {"team_id": team_id}, ("/team_id", "not_yours")),
        (manager, {"user_id": str(colleague.user_id)}, ("/user_id", "not_yours")),
        (narrow(manager, {"filter": {}}), {}, ("/user_id", "not_yours")),
    ):
        assert broken(post(client, caller, PATH, {**ONE, **body}, 422)) == [rule]


REFUSED: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"targets": {"calls": 0}}, ("/targets/calls", "too_small")),
    ({"targets": {"calls": -1}}, ("/targets/calls", "too_small")),
    ({"targets": {"opp_amount_won": "-5.00"}}, ("/targets/opp_amount_won", "form")),
    ({"targets": {"opp_amount_won": "0.00"}}, ("/targets/opp_amount_won", "not_positive")),
    ({"targets": {"naps": 3}}, ("/targets/naps", "unknown")),
    ({"targets": {}}, ("/targets", "required")),
    ({"targets": {"opp_amount_won": "5.00"}}, ("/currency", "required")),
    ({"targets": {"opp_amount_won": "5.00"}, "currency": "XQQ"}, ("/currency", "unknown")),
    (
        {"targets": {"opp_amount_won": "5.50"}, "currency": "JPY"},
        ("/targets/opp_amount_won", "precision"),
    ),
    ({"currency": "DKK"}, ("/currency", "no_amount")),
    ({"ends_on": "2020-01-01", "starts_on": "2020-01-02"}, ("/ends_on", "before_start")),
    ({"ends_on": None}, ("/ends_on", "required")),
    ({"starts_on": "1999-12-31"}, ("/starts_on", "range")),
    ({"frequency": "hourly"}, ("/frequency", "choice")),
    ({"zone": "Mars/Nord"}, ("/zone", "zone")),
    ({"user_id": str(UUID(int=4))}, ("/user_id", "unknown_user")),
    ({"team_id": str(UUID(int=4))}, ("/team_id", "unknown_team")),
    (
        {"team_id": str(UUID(int=4)), "user_id": str(UUID(int=4))},
        ("/team_id", "both"),
    ),
    ({"template_id": str(UUID(int=4))}, ("/template_id", "unknown")),
    ({"name": None}, ("/name", "required")),
]


def test_what_makes_no_objective_is_refused_by_name(
    client: ApiClient, administrator: Caller
) -> None:
    for body, rule in REFUSED:
        assert broken(post(client, administrator, PATH, {**ONE, **body}, 422)) == [rule], body

    assert get(client, administrator, PATH)["total"]["count"] == 0


def test_for_who_is_not_active_nothing_is_set(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    user = get(client, administrator, f"/users/{representative.user_id}")
    patch(client, administrator, "/users", user, active=False)

    refused = post(client, administrator, PATH, {**ONE, "user_id": user["id"]}, 422)

    assert broken(refused) == [("/user_id", "unknown_user")]


FIXED: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"ends_on": "2000-01-01"}, ("/ends_on", "before_start")),
    ({"ends_on": None}, ("/ends_on", "required")),
    ({"targets": {}}, ("/targets", "required")),
    ({"targets": {"opp_amount_won": "5.00"}}, ("/currency", "required")),
    ({"currency": "DKK"}, ("/currency", "no_amount")),
    ({"frequency": "daily"}, ("/frequency", "unknown")),
    ({"user_id": str(UUID(int=4))}, ("/user_id", "unknown")),
]


def test_its_periods_and_whose_it_is_stay(client: ApiClient, administrator: Caller) -> None:
    made = post(client, administrator, PATH, ONE)

    for changes, rule in FIXED:
        assert broken(patch(client, administrator, PATH, made, **changes).json) == [rule], changes


def test_a_currency_comes_with_the_first_amount_and_stays(
    client: ApiClient, administrator: Caller
) -> None:
    made = post(client, administrator, PATH, ONE)
    amount = {"targets": {"opp_amount_won": "5.00"}, "currency": "dkk"}

    changed = patch(client, administrator, PATH, made, **amount).json

    assert (changed["currency"], changed["targets"]["calls"]) == ("DKK", None)
    refused = patch(client, administrator, PATH, changed, currency="EUR")
    assert broken(refused.json) == [("/currency", "fixed")]
    finer = {"targets": {"opp_amount_won": "5.005"}}
    refused = patch(client, administrator, PATH, changed, **finer)
    assert broken(refused.json) == [("/targets/opp_amount_won", "precision")]


def test_an_objective_taken_away_leaves_its_history_and_no_progress(
    client: ApiClient, administrator: Caller
) -> None:
    made = post(client, administrator, PATH, ONE)
    follow()
    assert get(client, administrator, "/objective-progress")["total"]["count"] == 1
    current = get(client, administrator, f"{PATH}/{made['id']}")

    assert remove(client, administrator, PATH, current).status_code == 204

    follow()
    assert get(client, administrator, "/objective-progress")["total"]["count"] == 0
    assert get(client, administrator, PATH)["total"]["count"] == 0
    events = get(client, administrator, f"{PATH}/{made['id']}/events")["items"]
    assert [each["type"] for each in events] == ["objective.deleted", "objective.created"]


def test_a_template_gives_targets_and_how_often_and_retires(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    body = {
        "name": "Sælger", "frequency": "monthly", "currency": "DKK",
        "targets": {"opp_amount_won": "20000", "meetings": 8},
    }  # fmt: skip
    template = post(client, administrator, "/objective-templates", body)
    assert post(client, representative, "/objective-templates", body, 403)["code"] == "forbidden"
    yen = {**body, "name": "Yen", "currency": "JPY", "targets": {"opp_amount_won": "0.5"}}
    assert broken(post(client, administrator, "/objective-templates", yen, 422)) == [
        ("/targets/opp_amount_won", "precision")
    ]
    taken = post(client, administrator, "/objective-templates", {**body, "name": "SÆLGER"}, 409)
    assert (taken["code"], taken["details"]) == ("taken", {"pointer": "/name"})
    wanted = {"template_id": template["id"], "starts_on": "2026-01-31"}

    made = post(client, representative, PATH, wanted)

    assert (made["name"], made["frequency"], made["currency"]) == ("Sælger", "monthly", "DKK")
    assert (made["targets"]["opp_amount_won"], made["targets"]["meetings"]) == ("20000.00", 8)
    own = post(client, representative, PATH, {**wanted, "targets": {"calls": 3}, "name": "Mit"})
    assert (own["name"], own["targets"]["calls"], own["currency"]) == ("Mit", 3, None)
    retired = patch(client, administrator, "/objective-templates", template, active=False)
    assert retired.json["active"] is False
    refused = post(client, representative, PATH, wanted, 422)
    assert broken(refused) == [("/template_id", "retired")]
    only = get(client, representative, f"{PATH}?template={template['id']}&measure=meetings")
    assert [each["id"] for each in only["items"]] == [made["id"]]


def test_boards_show_people_and_teams_ready_for_charts(
    client: ApiClient, representative: Caller, manager: Caller, *, team_id: str
) -> None:
    days = {"starts_on": str(today() - timedelta(1)), "zone": "UTC", "frequency": "daily"}
    calls = {"name": "Opkald", "targets": {"calls": 2, "meetings": 1}, **days}
    post(client, manager, PATH, {**calls, "user_id": str(representative.user_id)})
    post(client, manager, PATH, {**calls, "team_id": team_id})
    over = {"starts_on": "2020-01-01", "ends_on": "2020-01-02"}
    post(client, manager, PATH, {**ONE, **over})
    call(client, representative)
    follow()

    of_people = get(client, manager, f"{PATH}/board?on={today()}")
    of_teams = get(client, manager, f"{PATH}/board?by=team&on={today()}&periods=1")

    [person] = of_people["groups"]
    assert (person["subject_id"], person["name"]) == (str(representative.user_id), "bo")
    assert [(line["measure"], line["label"]) for line in person["lines"]] == [
        ("calls", "Calls"), ("meetings", "Meetings"),
    ]  # fmt: skip
    assert [
        (point["starts_on"], point["value"], point["ratio"], point["met"])
        for point in person["lines"][0]["series"]
    ] == [(str(today() - timedelta(1)), "0.00", 0.0, False), (str(today()), "1.00", 0.5, False)]
    [team] = of_teams["groups"]
    assert (team["subject_id"], team["name"], of_teams["complete"]) == (team_id, "Nord", True)
    assert [len(line["series"]) for line in team["lines"]] == [1, 1]
    colleague = make_caller(Role.REPRESENTATIVE, "dorte@example.com")
    assert get(client, colleague, f"{PATH}/board")["groups"] == []
    summed = get(client, manager, "/objective-progress/summary?by=met,measure&is_current=true")
    assert sorted(
        (*(key["value"] for key in each["keys"]), each["count"]) for each in summed["groups"]
    ) == [(False, "calls", 2), (False, "meetings", 2)]


def test_progress_is_a_list_that_is_filtered_sorted_and_exported(
    client: ApiClient, representative: Caller, manager: Caller
) -> None:
    post(client, representative, PATH, {**ONE, "targets": {"calls": 2, "meetings": 1}})
    call(client, representative, "meeting")
    follow()

    rows = get(client, manager, "/objective-progress?sort=-ratio&is_current=true")["items"]

    assert [(each["measure"], each["ratio"], each["met"]) for each in rows] == [
        ("meetings", 1.0, True), ("calls", 0.0, False),
    ]  # fmt: skip
    assert get(client, manager, "/objective-progress?met=true")["total"]["count"] == 1
    post(
        client, representative, "/exports",
        {"dataset": "objective-progress", "format": "csv",
         "query": {"filter": {"met": {"eq": True}}, "fields": ["objective", "measure", "value"]}},
        202,
    )  # fmt: skip
    drain(TaskName.RENDER_EXPORT)
    export = get(client, representative, "/exports")["items"][0]
    file = client.get(f"{API}/exports/{export['id']}/file", headers=representative.headers)
    lines = file.text.removeprefix("\ufeff").splitlines()
    assert lines == ['"Objective","Measure","Value"', '"Opkald","Meetings","1.0000"']


def test_progress_is_kept_as_it_is_when_it_is_reckoned_again(
    client: ApiClient, representative: Caller
) -> None:
    made = post(client, representative, PATH, ONE)
    call(client, representative)
    follow()
    [before] = get(client, representative, "/objective-progress")["items"]

    with transaction() as session:
        enqueue(session, TaskName.MEASURE_OBJECTIVE, objective_id=UUID(made["id"]))
    drain(TaskName.MEASURE_OBJECTIVE)

    [after] = get(client, representative, "/objective-progress")["items"]
    assert after == before
    with transaction() as session:
        reckoned = session.get_one(Objective, UUID(made["id"])).computed_at
        assert reckoned is not None
        assert reckoned > datetime.fromisoformat(before["computed_at"])


def _yesterday() -> None:
    """Have all that happened so far have happened a day ago."""
    with transaction() as session:
        for statement in (
            "update event set at = at - interval '1 day'",
            "update opportunity set created_at = created_at - interval '1 day'",
            "update opportunity set state_since = state_since - interval '1 day'",
        ):
            session.connection().exec_driver_sql(statement)
