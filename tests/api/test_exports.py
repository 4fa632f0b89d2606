import re
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

import workers.tasks.reports  # noqa: F401 - registers the task
from hub import files
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import services as customers
from hub.db import transaction
from hub.ledger.tasks import TaskName
from hub.reports.models import Export
from hub.settings import get_settings
from tests.api.asking import get, post
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller, narrow
from workers.chain import drain


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "data_dir", tmp_path)


def make_customers(*names: str) -> None:
    with transaction() as session:
        for name in names:
            customers.create(session, {"name": name}, now=utcnow(), check_duplicates=False)


def ask(client: ApiClient, caller: Caller, **body: Any) -> Reply:
    return client.post(
        "/api/v1/exports", json={"dataset": "customers", **body}, headers=caller.headers
    )


def work() -> None:
    while drain(TaskName.RENDER_EXPORT):
        pass


def test_an_export_is_asked_for_made_and_downloaded(
    client: ApiClient, representative: Caller
) -> None:
    make_customers("Nord", "Syd")
    query = {"filter": {"name": {"contains": "nord"}}, "sort": ["name"], "fields": ["name"]}
    accepted = ask(client, representative, query=query, format="csv")
    assert accepted.status_code == 202
    assert accepted.json["state"] == "waiting"
    assert accepted.headers["Location"] == f"/api/v1/jobs/{accepted.json['job_id']}"
    assert accepted.json["file"] is None
    work()

    path = f"/api/v1/exports/{accepted.json['id']}"
    made = client.get(path, headers=representative.headers).json
    assert (made["state"], made["row_count"], made["total"]) == ("done", 1, 1)
    assert made["query"] == query
    assert made["as_of"] is not None
    assert made["message"] is None
    file = client.get(made["file"], headers=representative.headers)
    assert file.status_code == 200
    assert file.text == '\ufeff"Name"\r\n"Nord"\r\n'
    assert len(file.text.encode()) == made["size_bytes"]
    assert file.headers["ETag"] == f'"{made["sha256"]}"'
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith('attachment; filename="Customers 20')
    assert file.headers["Cache-Control"] == "private, no-store"
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_the_name_of_a_file_keeps_its_letters(client: ApiClient, representative: Caller) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).locale = "da"
    made = ask(client, representative, dataset="reminders").json
    work()

    file = client.get(f"/api/v1/exports/{made['id']}/file", headers=representative.headers)

    disposition = file.headers["Content-Disposition"]
    assert "filename*=UTF-8''P%C3%A5mindelser%20" in disposition


def test_words_that_hub_brings_are_in_the_readers_language_and_all_others_as_they_are(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).locale = "da"
        session.get_one(User, administrator.user_id).name = "Advertisement"
    campaign = {"code": "spring", "label": "Quoting"}  # in words of the installation
    post(client, administrator, "/catalogues/programs/entries", campaign)
    lead = {"company": "Price", "program": "spring", "source": "advert"}
    post(client, administrator, "/leads", lead)
    make_customers("Nord")
    [customer] = get(client, administrator, "/customers")["items"]
    contact = {"first_name": "Bo", "roles": ["decides", "buys"]}
    post(client, administrator, f"/customers/{customer['id']}/contacts", contact)

    def rows(dataset: str, *fields: str) -> list[str]:
        made = ask(client, representative, dataset=dataset, query={"fields": [*fields]},
                   format="csv").json  # fmt: skip
        work()
        file = client.get(f"/api/v1/exports/{made['id']}/file", headers=representative.headers)
        return file.text.splitlines()[1:]

    assert rows("leads", "name", "program", "source", "state", "owner") == [
        '"Price";"Quoting";"Annonce";"Afventer kvalificering";"Advertisement"'
    ]
    assert rows("contacts", "first_name", "roles") == ['"Bo";"Køber ind, Bestemmer"']
    facets = get(client, representative, "/leads?facets=source,owner,program")["facets"]
    assert {name: each["slices"][0]["label"] for name, each in facets.items()} == {
        "source": "Annonce", "owner": "Advertisement", "program": "Quoting",
    }  # fmt: skip
    roles = get(client, representative, "/contacts?facets=roles")["facets"]["roles"]["slices"]
    assert [each["label"] for each in roles] == ["Køber ind", "Bestemmer"]


def test_a_record_is_printed_with_all_that_its_reader_may_see_and_nothing_that_a_browser_runs(
    client: ApiClient, administrator: Caller, representative: Caller
) -> None:
    with transaction() as session:
        session.get_one(User, representative.user_id).locale = "da"
    for key, kind in (("boats", "public"), ("account", "sensitive")):
        field = {"entity": "lead", "key": key, "type": "text", "label": key.title(),
                 "field_class": kind}  # fmt: skip
        post(client, administrator, "/custom-fields", field)
    lead = post(client, administrator, "/leads", {
        "company": "<script>alert(1)</script> & Søn", "source": "advert", "person": "Ida Holm",
        "net_potential_value": "12500.50", "est_conversion_on": "2999-03-01",
        "custom": {"boats": "to", "account": "Zinnober"},
    })  # fmt: skip
    post(client, administrator, "/leads", {"company": "En anden"})
    query = {"filter": {"id": {"eq": lead["id"]}}}

    made = ask(client, representative, dataset="leads", query=query, format="html").json
    work()
    file = client.get(f"/api/v1/exports/{made['id']}/file", headers=representative.headers)

    assert file.headers["Content-Type"] == "text/html; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; Søn</h1>" in file.text
    assert file.text.count("<article>") == 1
    shown = dict(re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", file.text, re.DOTALL))
    assert {name: shown[name] for name in ("Leadkilde", "Status", "Forventet konvertering")} == {
        "Leadkilde": "Annonce", "Status": "Afventer kvalificering",
        "Forventet konvertering": "1. mar. 2999",
    }  # fmt: skip
    assert (shown["Boats"], shown["Åben"]) == ("to", "ja")
    assert shown["Mulig værdi"] == "12.500,5"
    assert "Zinnober" not in file.text
    assert "En anden" not in file.text
    assert not re.search("<(script|img|link|a|iframe|form)\\b", file.text)


def test_nobody_else_sees_an_export_but_an_administrator(
    client: ApiClient, representative: Caller, administrator: Caller
) -> None:
    other = make_caller(Role.REPRESENTATIVE, "carl@example.com")
    made = ask(client, representative).json
    work()

    answers = {
        caller.user_id: [
            client.get(f"/api/v1/exports/{made['id']}{end}", headers=caller.headers).status_code
            for end in ("", "/file")
        ]
        for caller in (representative, administrator, other)
    }

    assert answers == {
        representative.user_id: [200, 200],
        administrator.user_id: [200, 200],
        other.user_id: [404, 404],
    }
    listed = client.get("/api/v1/exports", headers=other.headers).json
    assert listed["total"] == {"count": 0, "exact": True}


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"dataset": "secrets"}, ["/dataset"]),
        ({"query": {"filter": {"x": 1}}}, ["/query/filter/x/eq"]),
        ({"query": {"sort": ["phone"], "fields": ["y"]}}, ["/query/fields", "/query/sort"]),
        ({"query": {"limit": 5}}, ["/query/limit"]),
        ({"format": "pdf"}, ["/format"]),
    ],
)
def test_what_cannot_be_exported_is_refused_where_it_stands(
    client: ApiClient, representative: Caller, body: dict[str, Any], pointers: list[str]
) -> None:
    refused = ask(client, representative, **body)

    assert refused.status_code == 422
    assert sorted(error["pointer"] for error in refused.json["errors"]) == pointers
    assert client.get("/api/v1/exports", headers=representative.headers).json["items"] == []


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        (("customers:read", "exports:*"), 403),
        (("customers:export",), 403),
        (("customers:export", "exports:export"), 202),
    ],
)
def test_a_token_needs_the_right_to_export_that_very_list(
    client: ApiClient, scopes: tuple[str, ...], status: int
) -> None:
    caller = make_caller(Role.REPRESENTATIVE, "carl@example.com", scopes)

    assert ask(client, caller).status_code == status


def test_before_it_is_made_there_is_no_file(client: ApiClient, representative: Caller) -> None:
    made = ask(client, representative).json

    refused = client.get(f"/api/v1/exports/{made['id']}/file", headers=representative.headers)

    assert (refused.status_code, refused.json["code"]) == (409, "no_file")


@pytest.mark.parametrize("swept", ["row", "content"])
def test_a_file_that_is_over_is_gone_and_its_manifest_stays(
    client: ApiClient, representative: Caller, swept: str
) -> None:
    made = ask(client, representative).json
    work()
    with transaction() as session:
        if swept == "row":
            session.execute(update(Export).values(file_id=None))
        else:
            files.remove(session.get_one(Export, UUID(made["id"])).sha256 or "")

    gone = client.get(f"/api/v1/exports/{made['id']}/file", headers=representative.headers)

    assert (gone.status_code, gone.json["code"]) == (410, "file_gone")
    shown = client.get(f"/api/v1/exports/{made['id']}", headers=representative.headers).json
    assert shown["sha256"] is not None
    assert shown["row_count"] == 0


def test_the_same_key_asks_for_one_export(client: ApiClient, representative: Caller) -> None:
    headers = {**representative.headers, "Idempotency-Key": "monday"}

    answers = [
        client.post("/api/v1/exports", json={"dataset": "customers"}, headers=headers)
        for _ in range(2)
    ]

    assert {answer.json["id"] for answer in answers} == {answers[0].json["id"]}
    listed = client.get("/api/v1/exports", headers=representative.headers).json
    assert listed["total"]["count"] == 1


@pytest.mark.parametrize("role", [Role.REPRESENTATIVE, Role.ADMINISTRATOR])
def test_a_narrowed_token_is_given_files_of_what_it_reaches_and_no_others(
    client: ApiClient, role: Role
) -> None:
    caller = make_caller(role, "carl@example.com")
    narrowed = narrow(caller, {"name": {"eq": "Nord"}})
    make_customers("Nord", "Syd")
    query = {"sort": ["name"], "fields": ["name"]}
    whole, some = (ask(client, each, query=query, format="csv").json for each in (caller, narrowed))
    work()

    seen = client.get(f"/api/v1/exports/{some['id']}/file", headers=narrowed.headers)
    assert seen.text == '\ufeff"Name"\r\n"Nord"\r\n'
    for path in (f"/api/v1/exports/{whole['id']}", f"/api/v1/exports/{whole['id']}/file"):
        assert client.get(path, headers=narrowed.headers).status_code == 404
        assert client.get(path, headers=caller.headers).status_code == 200
    listed = client.get("/api/v1/exports", headers=narrowed.headers).json
    assert [each["id"] for each in listed["items"]] == [some["id"]]
    assert listed["total"] == {"count": 1, "exact": True}


def test_the_runs_of_a_narrowed_tokens_schedule_hold_what_it_reaches(
    client: ApiClient, representative: Caller
) -> None:
    narrowed = narrow(representative, {"name": {"eq": "Nord"}})
    make_customers("Nord", "Syd")
    body = {"name": "All", "dataset": "customers", "query": {"fields": ["name"]}, "format": "csv"}
    texts, ids = [], []
    for caller in (representative, narrowed):
        report = client.post("/api/v1/reports", json=body, headers=caller.headers).json
        schedule = client.post(
            f"/api/v1/reports/{report['id']}/schedules",
            json={
                "rule": "FREQ=DAILY", "zone": "Europe/Copenhagen",
                "starts_at_local": "2026-01-05T08:00:00",
                "recipients": {"mode": "users", "user_ids": [str(caller.user_id)]},
            },
            headers=caller.headers,
        ).json  # fmt: skip
        ran = client.post(f"/api/v1/schedules/{schedule['id']}/run-now", headers=caller.headers)
        assert ran.status_code == 202
        for task in (TaskName.RUN_REPORT, TaskName.RENDER_REPORT):
            while drain(task):
                pass
        [run] = [
            run
            for run in client.get("/api/v1/report-runs", headers=representative.headers).json[
                "items"
            ]
            if run["schedule_id"] == schedule["id"]
        ]
        ids.append((schedule["id"], run["id"]))
        texts.append(client.get(run["file"], headers=caller.headers).text)

    assert texts == ['\ufeff"Name"\r\n"Nord"\r\n"Syd"\r\n', '\ufeff"Name"\r\n"Nord"\r\n']
    [(schedule_id, run_id), _] = ids
    for path in (f"report-runs/{run_id}", f"report-runs/{run_id}/file", f"schedules/{schedule_id}"):
        assert client.get(f"/api/v1/{path}", headers=narrowed.headers).status_code == 404
    ran = client.post(f"/api/v1/schedules/{schedule_id}/run-now", headers=narrowed.headers)
    assert ran.status_code == 404
