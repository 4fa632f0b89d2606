"""``Prefer: wait``: an answer held until its work is done.

A wait is as long as may be: only a defect uses it up, however busy the machine is.
"""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from api import dispatch
from api.calls import MAX_WAIT_S, Preferences
from api.operations import View
from api.schemas.jobs import JobView
from hub.access.roles import Role
from hub.clock import utcnow
from hub.db import transaction
from hub.ledger.models import Job
from hub.settings import get_settings
from tests.api.client import ApiClient, Reply
from tests.api.conftest import Caller, make_caller
from tests.patience import PATIENCE_S

LONG = f"wait={MAX_WAIT_S}"


def once_asked(act: Callable[[], None]) -> threading.Thread:
    """Act when the job is there, and whoever asked for it has looked at it a few times."""

    def run() -> None:
        wait_for_jobs()
        time.sleep(0.2)
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_jobs(count: int = 1) -> None:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE_S:
        with transaction() as session:
            if session.scalar(text("select count(*) from job")) == count:
                return
        time.sleep(0.02)
    raise AssertionError("nobody asked for work")


def finish_all() -> None:
    with transaction() as session:
        session.execute(text("update job set state = 'succeeded' where state <> 'succeeded'"))


def work(client: ApiClient, caller: Caller, prefer: str | None) -> tuple[Reply, float]:
    headers = dict(caller.headers)
    if prefer is not None:
        headers["Prefer"] = prefer
    started = time.monotonic()
    answer = client.post("/probe/work", headers=headers, json={})
    return answer, time.monotonic() - started


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("wait=5", 5),
        ("respond-async, wait=10", 10),
        ("return=minimal; foo=bar, WAIT = 7", 7),
        ("wait=500", MAX_WAIT_S),
        ("wait=1000000000", MAX_WAIT_S),
        ("wait=x", None),
        ("await=5", None),
        ("wait", None),
    ],
)
def test_what_is_not_understood_is_passed_over(header: str | None, seconds: int | None) -> None:
    assert Preferences.of(header).wait_s == seconds


def test_without_the_preference_the_answer_comes_at_once(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[object] = []
    monkeypatch.setattr(dispatch, "wait_for", lambda *given: waits.append(given))

    answer, _ = work(client, administrator, None)

    assert (answer.status_code, answer.json["state"]) == (201, "queued")
    assert answer.headers["Link"] == f'</api/v1/jobs/{answer.json["id"]}>; rel="job"'
    assert "Preference-Applied" not in answer.headers
    assert waits == []


def test_the_answer_is_held_until_the_job_is_done_and_shows_what_became_of_it(
    client: ApiClient, administrator: Caller
) -> None:
    worker = once_asked(finish_all)
    answer, took_s = work(client, administrator, LONG)
    worker.join()

    assert (answer.status_code, answer.json["state"]) == (201, "succeeded")
    assert answer.headers["Preference-Applied"] == LONG
    assert 0.2 <= took_s < MAX_WAIT_S


def test_a_202_is_held_too_and_shows_its_job(client: ApiClient, administrator: Caller) -> None:
    worker = once_asked(finish_all)
    answer = client.post("/probe/later", headers={**administrator.headers, "Prefer": LONG})
    worker.join()

    assert (answer.status_code, answer.json["state"]) == (202, "succeeded")
    assert answer.headers["Location"] == f"/api/v1/jobs/{answer.json['id']}"


def test_jobs_that_a_job_caused_are_waited_for(client: ApiClient, administrator: Caller) -> None:
    goes_on = threading.Event()

    def go_on() -> None:
        with transaction() as session:
            first = session.scalars(select(Job)).one()
            first.state = "succeeded"  # type: ignore[assignment]  # the column takes the text
            session.add(
                Job(task="a.b_c", queue="bulk", args={}, state="queued", cause_job_id=first.id)
            )
        time.sleep(0.5)  # who waits for the first one only is answered meanwhile
        goes_on.set()
        finish_all()

    worker = once_asked(go_on)
    answer, took_s = work(client, administrator, LONG)
    answered_early = not goes_on.is_set()
    worker.join()

    assert (answer.json["state"], answered_early) == ("succeeded", False)
    assert took_s < MAX_WAIT_S


def test_when_the_time_is_up_the_answer_comes_as_it_is(
    client: ApiClient, administrator: Caller
) -> None:
    answer, took_s = work(client, administrator, "wait=1")

    assert (answer.status_code, answer.json["state"]) == (201, "queued")
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert 1 <= took_s < MAX_WAIT_S


def test_work_put_off_beyond_the_wait_is_not_waited_for(
    client: ApiClient, administrator: Caller
) -> None:
    def put_off() -> None:
        with transaction() as session:
            session.scalars(select(Job)).one().run_at = utcnow() + timedelta(hours=1)

    worker = once_asked(put_off)
    answer, took_s = work(client, administrator, LONG)
    worker.join()

    assert answer.json["state"] == "queued"
    assert took_s < MAX_WAIT_S


def test_half_of_the_threads_at_most_may_wait(
    app: Flask, client: ApiClient, administrator: Caller
) -> None:
    most = get_settings().api_threads // 2
    answers: list[Reply] = []

    def send() -> None:
        client = ApiClient(app.test_client())
        answers.append(work(client, administrator, LONG)[0])

    threads = [threading.Thread(target=send) for _ in range(most + 1)]
    for thread in threads:
        thread.start()
    wait_for_jobs(most + 1)
    while not answers and any(thread.is_alive() for thread in threads):  # one may not wait
        time.sleep(0.02)
    finish_all()
    for thread in threads:
        thread.join()

    held = [answer for answer in answers if "Preference-Applied" in answer.headers]
    assert (len(answers), len(held)) == (most + 1, most)
    assert len({UUID(answer.json["id"]) for answer in answers}) == most + 1


def test_no_database_session_is_open_between_two_looks(
    client: ApiClient, administrator: Caller, database: object
) -> None:
    busy: list[int] = []

    def look() -> None:
        while 0 not in busy and len(busy) < 50:  # it may just be looking itself
            time.sleep(0.1)
            with transaction() as session:
                busy.append(
                    session.scalar(
                        text(
                            "select count(*) from pg_stat_activity where pid <> pg_backend_pid()"
                            " and datname = current_database()"
                            " and state like 'idle in transaction%'"
                        )
                    )
                    or 0
                )
        finish_all()

    worker = once_asked(look)
    work(client, administrator, LONG)
    worker.join()

    assert 0 in busy


def test_what_cannot_be_shown_again_is_shown_as_it_was_made(client: ApiClient) -> None:
    blind = make_caller(Role.ADMINISTRATOR, "blind@example.com")
    worker = once_asked(finish_all)
    answer, _ = work(client, blind, LONG)
    worker.join()

    assert (answer.status_code, answer.json["state"]) == (201, "queued")
    assert answer.headers["ETag"] == '"7"'
    assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize("key", [None, "monday"])
def test_a_database_that_goes_away_meanwhile_takes_nothing_back(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    def lose(jobs: object, seconds: int) -> bool:
        raise OperationalError("", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(dispatch, "wait_for", lose)
    headers = {**administrator.headers, "Prefer": "wait=5"}
    if key is not None:
        headers["Idempotency-Key"] = key

    answer = client.post("/probe/work", headers=headers, json={})

    assert (answer.status_code, answer.json["state"]) == (201, "queued")
    assert answer.headers["Link"] == f'</api/v1/jobs/{answer.json["id"]}>; rel="job"'
    assert "Preference-Applied" not in answer.headers


def test_every_act_that_shows_a_record_shows_it_again_when_it_was_waited_for(
    served: Flask,
) -> None:
    asking_for_nothing = {
        "/sessions", "/sessions/<uuid:session_id>/revocation", "/tokens",
        "/tokens/<uuid:token_id>/revocation",
    }  # fmt: skip
    declared = [view.operation for view in served.view_functions.values() if isinstance(view, View)]

    shown_once = {
        each.path
        for each in declared
        if each.method == "POST" and each.reload is None and each.answer is not None
        and "id" in each.answer.model_fields
        and each.answer is not JobView  # the job itself is shown, as it is then
    }  # fmt: skip

    assert shown_once == asking_for_nothing
