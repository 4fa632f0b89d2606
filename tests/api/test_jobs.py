from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api import dispatch
from hub.clock import utcnow
from hub.db import transaction
from hub.ledger.models import Job, JobState
from tests.api.client import ApiClient
from tests.api.conftest import Caller


def make_job(**values: object) -> UUID:
    given: Mapping[str, object] = {"task": "mail.send_delivery", "queue": "urgent", "args": {}}
    with transaction() as session:
        job = Job(**{**given, **values})
        session.add(job)
        session.flush()
        return job.id


def state_of(job_id: UUID) -> JobState:
    with transaction() as session:
        return session.get_one(Job, job_id).state


def test_jobs_are_listed_newest_first_and_filtered(
    client: ApiClient, administrator: Caller
) -> None:
    first = make_job(state="dead")
    second = make_job(state="queued")
    third = make_job(state="dead", task="reports.run_report")

    def ids(query: str) -> list[str]:
        answer = client.get(f"/api/v1/jobs{query}", headers=administrator.headers)
        return [job["id"] for job in answer.json["items"]]

    assert ids("") == [str(third), str(second), str(first)]
    assert ids("?state=dead") == [str(third), str(first)]
    assert ids("?state=dead&task=mail.send_delivery") == [str(first)]
    assert ids("?limit=1") == [str(third)]
    following = client.get("/api/v1/jobs?limit=2", headers=administrator.headers).json
    assert ids(f"?cursor={following['next_cursor']}&limit=2") == [str(first)]


def test_a_jobs_failure_is_told_in_the_readers_language(
    client: ApiClient, administrator: Caller
) -> None:
    words = {"text": "It failed ({status}).", "params": {"status": 503}}
    job_id = make_job(
        state="dead",
        error={
            "class": "TransientError",
            "message": "virk: It failed (503).",
            "words": words,
            "system": "virk",
        },
    )

    shown = client.get(
        f"/api/v1/jobs/{job_id}", headers={**administrator.headers, "Accept-Language": "da"}
    ).json

    assert shown["error"] == {
        "class": "TransientError",
        "message": "virk: Den fejlede (503).",
        "system": "virk",
    }


def test_a_job_tells_how_far_it_is_and_why_it_failed(
    client: ApiClient, administrator: Caller
) -> None:
    job_id = make_job(
        state="dead",
        attempt=3,
        progress={"done": 1, "total": 2, "unit": "rows"},
        error={"class": "PermanentError", "message": "no such group"},
    )

    shown = client.get(f"/api/v1/jobs/{job_id}", headers=administrator.headers).json

    assert (shown["state"], shown["attempt"]) == ("dead", 3)
    assert shown["progress"] == {"done": 1, "total": 2, "unit": "rows"}
    assert shown["error"] == {"class": "PermanentError", "message": "no such group"}


def test_a_representative_sees_the_jobs_he_asked_for(
    client: ApiClient, representative: Caller
) -> None:
    own = make_job(created_by=representative.user_id)
    other = make_job()

    listed = client.get("/api/v1/jobs", headers=representative.headers)

    assert [job["id"] for job in listed.json["items"]] == [str(own)]
    headers = representative.headers
    assert client.get(f"/api/v1/jobs/{own}", headers=headers).status_code == 200
    assert client.get(f"/api/v1/jobs/{other}", headers=headers).status_code == 404
    assert client.post(f"/api/v1/jobs/{own}/replay", headers=headers).status_code == 403


def test_jobs_are_filtered_sorted_and_counted_like_any_list(
    client: ApiClient, administrator: Caller
) -> None:
    first = make_job(state="dead", attempt=7)
    second = make_job(state="dead", attempt=1)
    make_job(state="queued")
    headers = administrator.headers

    listed = client.get("/api/v1/jobs?state=dead&facets=state", headers=headers).json
    turned = client.get("/api/v1/jobs?sort=created_at&attempt.gte=1", headers=headers).json
    wrong = client.get("/api/v1/jobs?colour=red", headers=headers)

    assert [job["id"] for job in listed["items"]] == [str(second), str(first)]
    assert listed["total"] == {"count": 2, "exact": True}
    assert {s["value"]: s["count"] for s in listed["facets"]["state"]["slices"]} == {
        "dead": 2, "queued": 1,
    }  # fmt: skip
    assert [job["id"] for job in turned["items"]] == [str(first), str(second)]
    assert (wrong.status_code, wrong.json["errors"][0]["pointer"]) == (422, "/colour")


def test_a_job_that_is_done_is_done_again_only_by_force(
    client: ApiClient, administrator: Caller
) -> None:
    done, running = make_job(state="succeeded"), make_job(state="running")
    path, headers = f"/api/v1/jobs/{done}/replay", administrator.headers

    refused = client.post(path, headers=headers)
    forced = client.post(f"{path}?force=true", headers=headers)
    never = client.post(f"/api/v1/jobs/{running}/replay?force=true", headers=headers)

    assert (refused.status_code, refused.json["code"]) == (409, "job_state")
    assert (forced.status_code, forced.json["state"]) == (200, "queued")
    assert never.status_code == 409


def test_a_dead_job_is_sent_back_with_all_attempts_before_it(
    client: ApiClient, administrator: Caller
) -> None:
    job_id = make_job(state="dead", attempt=7, lapses=4, finished_at=utcnow())

    answer = client.post(f"/api/v1/jobs/{job_id}/replay", headers=administrator.headers)

    assert (answer.status_code, answer.json["state"], answer.json["attempt"]) == (200, "queued", 0)
    assert answer.json["finished_at"] is None
    assert answer.headers["Link"] == f'</api/v1/jobs/{job_id}>; rel="job"'


def test_a_job_sent_back_is_waited_for_and_shown_as_it_ended(
    client: ApiClient, administrator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = make_job(state="dead", attempt=7, finished_at=utcnow())

    def work(jobs: Sequence[UUID], seconds: int) -> bool:
        assert (list(jobs), seconds) == ([job_id], 8)
        with transaction() as session:
            job = session.get_one(Job, job_id)
            job.state, job.attempt = JobState.SUCCEEDED, 1
        return True

    monkeypatch.setattr(dispatch, "wait_for", work)
    headers = {**administrator.headers, "Prefer": "wait=8"}
    answer = client.post(f"/api/v1/jobs/{job_id}/replay", headers=headers)

    assert answer.headers["Preference-Applied"] == "wait=8"
    assert (answer.json["state"], answer.json["attempt"]) == ("succeeded", 1)


@pytest.mark.parametrize(
    ("state", "act", "allowed"),
    [
        ("queued", "replay", ["cancelled"]),
        ("running", "replay", []),
        ("succeeded", "replay", []),
        ("running", "cancellation", []),
        ("succeeded", "cancellation", []),
        ("cancelled", "cancellation", []),
    ],
)
def test_an_act_that_the_state_forbids_is_a_conflict(
    client: ApiClient, administrator: Caller, state: str, act: str, allowed: list[str]
) -> None:
    job_id = make_job(state=state)

    answer = client.post(f"/api/v1/jobs/{job_id}/{act}", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (409, "job_state")
    assert answer.json["details"] == {"state": state, "allowed": allowed}
    assert state_of(job_id) == state


def test_a_dead_job_whose_like_is_queued_stays_dead(
    client: ApiClient, administrator: Caller
) -> None:
    dead = make_job(state="dead", key="customer:1")
    make_job(state="queued", key="customer:1")

    answer = client.post(f"/api/v1/jobs/{dead}/replay", headers=administrator.headers)

    assert (answer.status_code, answer.json["code"]) == (409, "already_queued")
    assert state_of(dead) is JobState.DEAD


def test_a_queued_job_is_cancelled(client: ApiClient, administrator: Caller) -> None:
    job_id = make_job(state="queued", task="ledger.tidy_ledger")

    answer = client.post(f"/api/v1/jobs/{job_id}/cancellation", headers=administrator.headers)

    assert (answer.status_code, answer.json["state"]) == (200, "cancelled")
    assert answer.json["finished_at"] is not None


def test_a_dead_job_is_given_up_and_keeps_who_did_so_when_why_and_what_it_died_of(
    client: ApiClient, administrator: Caller
) -> None:
    error = {"class": "MalformedReplyError", "message": "woocommerce: /id is missing."}
    died_at = utcnow() - timedelta(days=1)
    job_id = make_job(state="dead", task="ledger.tidy_ledger", error=error, finished_at=died_at)
    path = f"/api/v1/jobs/{job_id}"

    answer = client.post(
        f"{path}/cancellation", headers=administrator.headers,
        query_string={"reason": "the shop sent nonsense"},
    )  # fmt: skip

    shown = answer.json
    assert (answer.status_code, shown["state"]) == (200, "cancelled")
    assert (shown["cancelled_by"], shown["cancel_reason"]) == (
        str(administrator.user_id), "the shop sent nonsense",
    )  # fmt: skip
    assert datetime.fromisoformat(shown["finished_at"]) > died_at + timedelta(hours=23)
    assert shown["error"] == error
    assert client.get(path, headers=administrator.headers).json == shown
    again = client.post(f"{path}/replay", headers=administrator.headers)
    assert (again.status_code, again.json["details"]) == (
        409, {"state": "cancelled", "allowed": []},
    )  # fmt: skip


def test_who_may_not_replay_gives_no_dead_job_up(client: ApiClient, representative: Caller) -> None:
    own = make_job(state="dead", created_by=representative.user_id, finished_at=utcnow())

    answer = client.post(f"/api/v1/jobs/{own}/cancellation", headers=representative.headers)

    assert (answer.status_code, state_of(own)) == (403, JobState.DEAD)


def test_the_dead_of_a_filter_are_replayed_at_once(
    client: ApiClient, administrator: Caller
) -> None:
    now = utcnow()
    wanted = make_job(state="dead", finished_at=now)
    early = make_job(state="dead", finished_at=now - timedelta(hours=2))
    other_task = make_job(state="dead", finished_at=now, task="reports.run_report")
    older_twin = make_job(state="dead", finished_at=now, key="customer:1")
    newer_twin = make_job(state="dead", finished_at=now, key="customer:1")
    blocked = make_job(state="dead", finished_at=now, key="customer:2")
    make_job(state="queued", key="customer:2")
    body = {
        "task": "mail.send_delivery",
        "finished_from": (now - timedelta(hours=1)).isoformat(),
        "finished_to": (now + timedelta(hours=1)).isoformat(),
    }

    answer = client.post("/api/v1/jobs/replays", headers=administrator.headers, json=body)

    assert answer.json == {"ids": [str(wanted), str(newer_twin)], "more": False}
    assert {state_of(job) for job in (wanted, newer_twin)} == {JobState.QUEUED}
    assert {state_of(job) for job in (early, other_task, older_twin, blocked)} == {JobState.DEAD}


def test_named_jobs_are_replayed(client: ApiClient, administrator: Caller) -> None:
    first, second = make_job(state="dead"), make_job(state="dead")

    answer = client.post(
        "/api/v1/jobs/replays", headers=administrator.headers, json={"ids": [str(second)]}
    )

    assert answer.json["ids"] == [str(second)]
    assert state_of(first) is JobState.DEAD
