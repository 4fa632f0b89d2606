from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

import workers.tasks.reports  # noqa: F401 - registers the tasks
from api.authentication import forget_tokens
from hub.access.models import Team, TeamMember
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import services as customers
from hub.db import transaction
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.reports.models import ReportRun, ReportRunState
from hub.settings import get_settings
from tests.api.client import ApiClient
from tests.api.conftest import Caller, make_caller
from tests.people import make_customer
from workers.chain import drain

MINE = {"filter": {"owner": {"eq": "me"}}, "fields": ["name"]}


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)


def make_report(client: ApiClient, caller: Caller, **body: Any) -> Any:
    given = {"name": "Monday", "dataset": "customers", "query": MINE, **body}
    answer = client.post("/api/v1/reports", json=given, headers=caller.headers)
    assert answer.status_code == 201, answer.json
    return answer.json


def weekly(*callers: Caller, **body: Any) -> dict[str, Any]:
    people = {"mode": "users", "user_ids": [str(caller.user_id) for caller in callers]}
    return {
        "rule": "FREQ=WEEKLY;BYDAY=MO",
        "zone": "Europe/Copenhagen",
        "starts_at_local": "2026-01-05T08:00",
        "recipients": people if callers else {"mode": "each_owner"},
        **body,
    }


def make_schedule(client: ApiClient, caller: Caller, report: Any, body: dict[str, Any]) -> Any:
    path = f"/api/v1/reports/{report['id']}/schedules"
    answer = client.post(path, json=body, headers=caller.headers)
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == f"/api/v1/schedules/{answer.json['id']}"
    return answer.json


def at(version: int, caller: Caller) -> dict[str, str]:
    return {**caller.headers, "If-Match": f'"{version}"'}


def work() -> None:
    for name in (TaskName.RUN_REPORT, TaskName.RENDER_REPORT):
        while drain(name):
            pass


def test_a_report_is_a_named_query_that_leads_to_its_list(
    client: ApiClient, representative: Caller
) -> None:
    made = make_report(client, representative)

    path = f"/api/v1/reports/{made['id']}"
    shown = client.get(path, headers=representative.headers).json
    assert shown["query"] == MINE
    assert shown["list_path"] == "/api/v1/customers?owner=me&fields=name"
    assert client.get(shown["list_path"], headers=representative.headers).status_code == 200
    assert shown["owner_user_id"] == str(representative.user_id)
    assert shown["allowed_actions"] == ["read", "edit", "delete", "schedule_report"]

    changed = client.patch(
        path, json={"query": {"sort": ["-name"]}, "format": "csv"}, headers=at(1, representative)
    )
    assert (changed.json["query"], changed.json["format"]) == ({"sort": ["-name"]}, "csv")
    stale = client.patch(path, json={"name": "x"}, headers=at(1, representative))
    assert stale.status_code == 412
    assert client.delete(path, headers=at(2, representative)).status_code == 204
    assert client.get(path, headers=representative.headers).status_code == 404


def test_a_report_is_its_authors_alone_until_he_shares_it(
    client: ApiClient, representative: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    with transaction() as session:
        team = Team(name="Nord")
        session.add(team)
        session.flush()
        team_id = str(team.id)
        for each in (representative, other):
            session.add(TeamMember(team_id=team.id, user_id=each.user_id))
    forget_tokens()
    stranger = make_caller(Role.REPRESENTATIVE, "dorte@example.com")
    made = make_report(client, other)
    path = f"/api/v1/reports/{made['id']}"

    def change(version: int, **changes: Any) -> Any:
        return client.patch(path, json=changes, headers=at(version, other))

    def readers() -> list[bool]:
        return [
            client.get(path, headers=each.headers).status_code == 200
            and [made["id"]]
            == [
                found["id"]
                for found in client.get("/api/v1/reports", headers=each.headers).json["items"]
            ]
            for each in (other, representative, stranger)
        ]

    assert (made["audience"], readers()) == ("author", [True, False, False])
    assert change(1, audience="team").json["errors"][0]["pointer"] == "/team_id"
    assert change(1, audience="team", team_id=made["id"]).json["errors"][0]["code"] == "not_yours"
    assert change(1, team_id=team_id).json["errors"][0]["code"] == "no_team"
    assert change(1, audience="team", team_id=team_id).status_code == 200
    assert readers() == [True, True, False]
    everybodys = change(2, audience="everybody").json
    assert (everybodys["audience"], everybodys["team_id"]) == ("everybody", None)
    assert readers() == [True, True, True]


def test_a_report_of_somebody_else_is_read_and_not_changed(
    client: ApiClient, representative: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    made = make_report(client, other, audience="everybody")
    path = f"/api/v1/reports/{made['id']}"

    shown = client.get(path, headers=representative.headers)

    assert shown.json["allowed_actions"] == ["read", "schedule_report"]
    refused = client.patch(path, json={"name": "x"}, headers=at(1, representative))
    assert refused.status_code == 403
    assert client.delete(path, headers=at(1, representative)).status_code == 403


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"dataset": "secrets"}, "/dataset"),
        ({"name": " "}, "/name"),
        ({"query": {"filter": {"owner": {"eq": "everybody"}}}}, "/query/filter/owner/eq"),
    ],
)
def test_a_report_that_asks_for_nothing_we_have_is_refused(
    client: ApiClient, representative: Caller, body: dict[str, Any], pointer: str
) -> None:
    given = {"name": "Monday", "dataset": "customers", **body}

    refused = client.post("/api/v1/reports", json=given, headers=representative.headers)

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_a_schedule_tells_when_it_runs_next_and_is_changed_and_ended(
    client: ApiClient, representative: Caller
) -> None:
    report = make_report(client, representative)
    made = make_schedule(client, representative, report, weekly(representative))
    assert made["name"] == "Monday"
    assert made["next_at"] > utcnow().isoformat()
    assert made["starts_at_local"] == "2026-01-05T08:00:00"
    path = f"/api/v1/schedules/{made['id']}"

    changed = client.patch(
        path,
        json={"recipients": {"mode": "each_owner"}, "on_empty": "skip", "active": False},
        headers=at(1, representative),
    ).json
    assert changed["recipients"] == {"mode": "each_owner", "user_ids": []}
    assert (changed["on_empty"], changed["active"], changed["next_at"]) == ("skip", False, None)
    assert changed["version"] == 2
    for listing in ("/api/v1/schedules", f"/api/v1/reports/{report['id']}/schedules"):
        listed = client.get(listing, headers=representative.headers).json["items"]
        assert [each["id"] for each in listed] == [made["id"]]

    in_use = client.delete(f"/api/v1/reports/{report['id']}", headers=at(1, representative))
    assert (in_use.status_code, in_use.json["details"]) == (
        409,
        {"count": 1, "kinds": {"schedule": 1}, "others": False,
         "blockers": [{"entity": "schedule", "id": made["id"]}]},
    )  # fmt: skip
    assert client.delete(path, headers=at(2, representative)).status_code == 204
    assert client.get(path, headers=representative.headers).status_code == 404
    ended = client.delete(f"/api/v1/reports/{report['id']}", headers=at(1, representative))
    assert ended.status_code == 204


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"rule": "FREQ=SECONDLY"}, "/rule", "rule.frequency"),
        ({"zone": "Mars/Olympus"}, "/zone", "zone"),
        ({"starts_at_local": "2026-02-30T08:00"}, "/starts_at_local", "wall_time"),
        (
            {"starts_at_local": "2026-01-05T08:00:00Z"},
            "/starts_at_local",
            "form",
        ),
        ({"recipients": {"mode": "users"}}, "/recipients/user_ids", "required"),
        ({"on_empty": "shout"}, "/on_empty", "choice"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_where_it_stands(
    client: ApiClient, representative: Caller, body: dict[str, Any], pointer: str, code: str
) -> None:
    report = make_report(client, representative)

    refused = client.post(
        f"/api/v1/reports/{report['id']}/schedules",
        json=weekly(representative, **body),
        headers=representative.headers,
    )

    assert refused.status_code == 422
    assert [(e["pointer"], e["code"]) for e in refused.json["errors"]] == [(pointer, code)]


def test_scheduling_needs_the_right_to_export_the_list(client: ApiClient) -> None:
    caller = make_caller(Role.REPRESENTATIVE, "carl@example.com", ("reports:*", "customers:read"))
    report = make_report(client, caller)

    refused = client.post(
        f"/api/v1/reports/{report['id']}/schedules", json=weekly(caller), headers=caller.headers
    )

    assert refused.status_code == 403
    assert "customers:export" in refused.json["detail"]


def test_the_schedule_of_somebody_else_is_neither_changed_nor_run(
    client: ApiClient, representative: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    made = make_schedule(
        client, other, make_report(client, other, audience="everybody"), weekly(other)
    )
    path = f"/api/v1/schedules/{made['id']}"

    answers = [
        client.get(path, headers=representative.headers).status_code,
        client.patch(path, json={"active": False}, headers=at(1, representative)).status_code,
        client.delete(path, headers=at(1, representative)).status_code,
        client.post(f"{path}/run-now", headers=representative.headers).status_code,
    ]

    assert answers == [200, 403, 403, 403]
    with transaction() as session:
        assert session.scalars(select(Job.id)).all() == []


def test_run_now_makes_a_run_whose_file_only_its_recipient_reads(
    client: ApiClient, representative: Caller, administrator: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    with transaction() as session:
        customers.create(
            session, {"name": "Nord", "owner_user_id": other.user_id}, now=utcnow(),
            check_duplicates=False,
        )  # fmt: skip
    report = make_report(client, representative, format="csv")
    made = make_schedule(client, representative, report, weekly(other))

    accepted = client.post(
        f"/api/v1/schedules/{made['id']}/run-now", headers=representative.headers
    )
    assert (accepted.status_code, accepted.json["task"]) == (202, "reports.run_report")
    drain(TaskName.RUN_REPORT)
    [waiting] = client.get("/api/v1/report-runs", headers=representative.headers).json["items"]
    assert (waiting["state"], waiting["recipient_user_id"]) == ("due", str(other.user_id))
    work()

    [run] = client.get("/api/v1/report-runs", headers=other.headers).json["items"]
    assert (run["state"], run["row_count"], run["partial"]) == ("delivering", 1, False)
    path = f"/api/v1/report-runs/{run['id']}"
    # Set up by him, but not for his eyes: neither the rows nor how many there are.
    assert client.get("/api/v1/report-runs", headers=representative.headers).json["items"] == []
    for secret in (path, f"{path}/file"):
        assert client.get(secret, headers=representative.headers).status_code == 404
    for caller in (other, administrator):
        shown = client.get(path, headers=caller.headers).json
        file = client.get(shown["file"], headers=caller.headers)
        assert file.text == '\ufeff"Name"\r\n"Nord"\r\n'
        assert file.headers["ETag"] == f'"{run["sha256"]}"'
    stranger = make_caller(Role.REPRESENTATIVE, "dora@example.com")
    assert client.get(path, headers=stranger.headers).status_code == 404


def test_a_failed_run_is_sent_again_from_its_file(
    client: ApiClient, representative: Caller
) -> None:
    report = make_report(client, representative)
    made = make_schedule(client, representative, report, weekly(representative))
    client.post(f"/api/v1/schedules/{made['id']}/run-now", headers=representative.headers)
    work()
    [run] = client.get("/api/v1/report-runs", headers=representative.headers).json["items"]
    path = f"/api/v1/report-runs/{run['id']}/resend"
    on_its_way = client.post(path, headers=representative.headers)
    assert (on_its_way.status_code, on_its_way.json["code"]) == (409, "report_run_state")
    with transaction() as session:
        session.execute(update(ReportRun).values(state=ReportRunState.FAILED))

    again = client.post(path, headers=representative.headers)

    assert again.status_code == 202
    assert (again.json["state"], again.json["sends"]) == ("delivering", 2)
    assert again.json["sha256"] == run["sha256"]
    with transaction() as session:
        jobs = session.scalars(select(Job.task)).all()
    assert sorted(jobs).count(TaskName.RENDER_REPORT.value) == 1
    assert sorted(jobs).count(TaskName.SEND_DELIVERY.value) == 2


def test_runs_are_listed_newest_first_and_filtered(
    client: ApiClient, representative: Caller
) -> None:
    report = make_report(client, representative)
    made = make_schedule(client, representative, report, weekly(representative))
    now = utcnow()
    with transaction() as session:
        for days, state in ((3, "failed"), (2, "delivered"), (1, "failed")):
            session.add(
                ReportRun(
                    schedule_id=made["id"],
                    report_id=report["id"],
                    recipient_user_id=representative.user_id,
                    planned_at=now - timedelta(days=days),
                    state=state,
                )
            )

    def states(query: str) -> list[str]:
        answer = client.get(f"/api/v1/report-runs{query}", headers=representative.headers)
        return [each["state"] for each in answer.json["items"]]

    assert states("") == ["failed", "delivered", "failed"]
    assert states("?state=failed") == ["failed", "failed"]
    assert states("?planned_at.gte=today-2d&state=delivered") == ["delivered"]


def test_a_saved_view_opens_with_the_facets_that_it_was_saved_with(
    client: ApiClient, representative: Caller
) -> None:
    query = {"filter": {"owner": {"eq": "me"}}, "facets": ["city", "roles"]}
    with transaction() as session:
        make_customer(session, "Nordlys", owner_user_id=representative.user_id, city="Ry")
    body = {"name": "Mine", "dataset": "customers", "query": query}

    made = client.post("/api/v1/reports", json=body, headers=representative.headers).json

    assert made["query"] == query
    assert made["list_path"] == "/api/v1/customers?owner=me&facets=city%2Croles"
    opened = client.get(made["list_path"], headers=representative.headers).json
    assert {
        name: [(each["value"], each["count"]) for each in facet["slices"]]
        for name, facet in opened["facets"].items()
    } == {"city": [("Ry", 1)], "roles": [("prospect", 1)]}
    refused = client.post(
        "/api/v1/reports", json={**body, "query": {"facets": ["name"]}},
        headers=representative.headers,
    )  # fmt: skip
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.json["errors"]] == [
        ("/query/facets", "unknown_field")
    ]
