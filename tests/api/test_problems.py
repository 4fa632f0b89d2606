import logging
import socket
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError

import hub.db
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.api.probe import SURVIVOR

ID = "01900000-0000-7000-8000-00000000000a"


def test_an_unknown_address_is_a_problem(client: ApiClient) -> None:
    answer = client.get("/api/v1/nothing")

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["code"] == "not_found"
    assert answer.json["instance"] == "/api/v1/nothing"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize("path", ["/api/v1/users/7", "/api/v1/users/", "/api/v1//users"])
def test_an_address_that_is_nearly_right_is_not_found(
    client: ApiClient, administrator: Caller, path: str
) -> None:
    assert client.get(path, headers=administrator.headers).status_code == 404


def test_a_wrong_method_names_those_there_are(client: ApiClient) -> None:
    answer = client.delete("/api/v1/users")

    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert {m.strip() for m in answer.headers["Allow"].split(",")} == {
        "GET", "HEAD", "OPTIONS", "POST",
    }  # fmt: skip


def test_a_conflict_carries_its_details(client: ApiClient, administrator: Caller) -> None:
    answer = client.get("/probe/fail/conflict", headers=administrator.headers)

    assert answer.status_code == 409
    assert (answer.json["code"], answer.json["detail"]) == ("taken", "It is taken.")
    assert answer.json["details"] == {"id": "7"}


def test_a_stale_version_is_told_the_current_one(client: ApiClient, administrator: Caller) -> None:
    answer = client.get("/probe/fail/stale", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (412, "stale_version")
    assert answer.json["details"] == {"current_version": 9}


def test_reading_a_merged_record_leads_to_its_survivor(
    client: ApiClient, administrator: Caller
) -> None:
    answer = client.get(f"/probe/merged/{ID}", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (301, "merged")
    assert answer.headers["Location"] == f"/probe/merged/{SURVIVOR}"


def test_writing_to_a_merged_record_is_a_conflict(client: ApiClient, administrator: Caller) -> None:
    answer = client.post(f"/probe/merged/{ID}", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (409, "merged")
    assert answer.json["details"] == {"survivor_id": str(SURVIVOR)}


@pytest.mark.parametrize("how", ["anything", "sql"])
def test_a_fault_of_ours_tells_no_more_than_where_to_look(
    client: ApiClient,
    administrator: Caller,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = client.get(f"/probe/fail/{how}", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (500, "internal")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]
    for secret in ("canary", "Traceback", "nowhere", "select", ".py"):
        assert secret not in answer.text
    assert [r.message for r in caplog.records if r.levelno == logging.ERROR] == ["http.failed"]


def test_a_unique_constraint_that_nobody_foresaw_is_a_conflict(
    client: ApiClient, administrator: Caller
) -> None:
    answer = client.get("/probe/fail/integrity", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    assert "anna@example.com" not in answer.text


def test_a_database_that_takes_too_long_is_busy(client: ApiClient, administrator: Caller) -> None:
    answer = client.get("/probe/fail/busy", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (503, "busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_without_a_database_we_say_so_within_five_seconds_and_recover(
    app: Flask, client: ApiClient, administrator: Caller, database: object
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    dead = hub.db.connect(f"postgresql+psycopg://hub:x@127.0.0.1:{port}/hub")
    patience_s: list[float] = []

    @event.listens_for(dead, "do_connect")
    def note(_dialect: object, _record: object, _args: object, options: dict[str, Any]) -> None:
        patience_s.append(options["connect_timeout"])

    refused = client.get("/api/v1/me", headers=administrator.headers)
    in_vain_s = sum(patience_s)
    ready = client.get("/readyz")
    hub.db.bind_sessions(bind=database)
    dead.dispose()
    recovered = client.get("/api/v1/me", headers=administrator.headers)

    assert (refused.status_code, refused.json["code"]) == (503, "database_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert 0 < in_vain_s < 5  # even where a database that is away refuses nobody
    assert (ready.status_code, ready.json["status"]) == (503, "unavailable")
    assert recovered.status_code == 200


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [
        (None, 428, "version_required"),
        ("*", 400, "malformed_if_match"),
        ('W/"1"', 400, "malformed_if_match"),
        ("1", 400, "malformed_if_match"),
        ('"1", "2"', 400, "malformed_if_match"),
        ('"2"', 412, "stale_version"),
        ('"abc"', 412, "stale_version"),
        ('"0"', 412, "stale_version"),
        ('"99999999999999999999"', 412, "stale_version"),
    ],
)
def test_a_change_needs_the_current_version(
    client: ApiClient, administrator: Caller, if_match: str | None, status: int, code: str
) -> None:
    headers = dict(administrator.headers)
    if if_match is not None:
        headers["If-Match"] = if_match

    answer = client.patch("/api/v1/me", headers=headers, json={"name": "Other"})

    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert client.get("/api/v1/me", headers=administrator.headers).json["name"] == "anna"


def test_the_language_is_the_callers_own_or_what_his_program_asks_for(
    client: ApiClient,
) -> None:
    danish = client.get("/probe/language", headers={"Accept-Language": "da-DK,en;q=0.5"})
    nothing = client.get("/probe/language")

    assert danish.json["free"] == "da-DK,en;q=0.5"
    assert nothing.json["free"] == "en"


def test_a_record_is_named_in_the_readers_language(
    client: ApiClient, administrator: Caller
) -> None:
    missing = "/api/v1/customers/00000000-0000-7000-8000-000000000000"

    danish = client.get(missing, headers={**administrator.headers, "Accept-Language": "da"})
    english = client.get(missing, headers=administrator.headers)

    assert danish.json["detail"].startswith("Findes ikke: kunde 0000")
    assert english.json["detail"].startswith("There is no customer 0000")


def test_a_problem_varies_with_the_language(client: ApiClient) -> None:
    assert client.get("/nothing").headers["Vary"] == "Accept-Language"


@pytest.mark.parametrize("how", ["anything", "sql", "integrity", "busy", "conflict", "stale"])
def test_every_failure_has_an_id_under_which_the_log_knows_it(
    client: ApiClient, administrator: Caller, how: str
) -> None:
    """R-68: whoever is told of a trouble can name it; of ours he is told no more."""
    headers = {**administrator.headers, "X-Request-Id": "trace-0123456789"}

    answer = client.get(f"/probe/fail/{how}", headers=headers)

    assert answer.status_code >= 400
    assert answer.content_type == "application/problem+json"
    assert answer.json["request_id"] == "trace-0123456789"
    assert answer.headers["X-Request-Id"] == "trace-0123456789"
    for secret in ("canary", "Traceback", "select ", "insert ", "psycopg", "sqlalchemy", ".py"):
        assert secret not in answer.text


def test_a_write_whose_commit_was_lost_says_that_it_may_have_happened_and_how_to_find_out(
    client: ApiClient,
    administrator: Caller,
    database: Engine,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R-68, R-17: an unknown outcome has a trace id, and is settled by repeating the key."""
    left = [True]

    def lose(_: Connection) -> None:
        if left and left.pop():
            raise OperationalError("COMMIT", {}, psycopg.OperationalError("server closed"))

    headers = {
        **administrator.headers, "Idempotency-Key": "k-1", "X-Request-Id": "trace-9876543210",
    }  # fmt: skip
    body = {"name": "Nordlys ApS"}
    client.get("/api/v1/me", headers=headers)  # the caller is known: the next commit is the write's
    event.listen(database, "commit", lose)
    lost = client.post("/api/v1/customers", json=body, headers=headers)
    event.remove(database, "commit", lose)
    again = client.post("/api/v1/customers", json=body, headers=headers)

    assert (lost.status_code, lost.json["code"]) == (503, "database_unavailable")
    assert "may or may not have been kept" in lost.json["detail"]
    assert "Idempotency-Key" in lost.json["detail"]
    assert lost.json["request_id"] == "trace-9876543210"
    assert int(lost.headers["Retry-After"]) > 0
    assert "COMMIT" not in lost.text
    assert [r.message for r in caplog.records if r.levelname == "WARNING"] == [
        "http.database_unavailable"
    ]
    assert again.status_code == 201
