"""Problems over HTTP."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from hub.connections.models import Connection, ConnectionState
from hub.db import transaction
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.problems import services as problems
from tests.api.client import ApiClient
from tests.api.conftest import Caller
from tests.people import NOW


def make_dead_job() -> UUID:
    with transaction() as session:
        handle = enqueue(session, TaskName.PUSH_CUSTOMER)
    with transaction() as session:
        session.execute(
            update(Job)
            .where(Job.id == handle.id)
            .values(state="dead", finished_at=NOW, error={"class": "RejectedError",
                                                          "message": "No such group."})
        )  # fmt: skip
        problems.refresh(session, NOW)
    return handle.id


def make_revoked_connection(owner_id: UUID | None = None) -> UUID:
    with transaction() as session:
        connection = Connection(
            name="e-conomic", connector="economic", kind="accounting",
            state=ConnectionState.REVOKED, state_since=NOW, owner_user_id=owner_id,
            message={
                "code": "credentials_refused",
                "text": "The other side refuses our credentials: {reason}",
                "params": {"reason": "401"},
            },
        )  # fmt: skip
        session.add(connection)
        session.flush()
        problems.refresh(session, NOW)
        return connection.id


def test_a_problem_says_the_cause_since_when_how_many_and_what_to_do(
    client: ApiClient, administrator: Caller
) -> None:
    make_dead_job()

    (problem,) = client.get("/api/v1/problems", headers=administrator.headers).json["items"]

    assert (problem["kind"], problem["count"], problem["since"]) == (
        "dead_jobs", 1, "2026-11-20T10:00:00Z",
    )  # fmt: skip
    assert problem["subject"]["name"] == "Sending customers to accounting"
    assert problem["cause"] == {
        "code": "dead_jobs",
        "text": "A job failed: No such group.",
    }
    assert problem["remedy"]["text"] == (
        "Mend what it says, then send them again; give up what cannot be mended."
    )
    assert problem["link"] == "/api/v1/jobs?state=dead&task=accounting.push_customer"
    assert problem["retry"] == f"/api/v1/problems/{problem['id']}/retry"


def test_it_is_told_in_the_readers_language(client: ApiClient, administrator: Caller) -> None:
    make_revoked_connection()
    headers = {**administrator.headers, "Accept-Language": "da"}

    (problem,) = client.get("/api/v1/problems", headers=headers).json["items"]

    assert problem["remedy"]["text"].startswith("Indtast nye adgangsoplysninger")


def test_a_retry_replays_the_jobs_and_the_problem_is_over(
    client: ApiClient, administrator: Caller
) -> None:
    job_id = make_dead_job()
    (problem,) = client.get("/api/v1/problems", headers=administrator.headers).json["items"]

    reply = client.post(problem["retry"], headers=administrator.headers)

    assert reply.status_code == 202
    assert reply.headers["Location"] == f"/api/v1/jobs/{job_id}"
    with transaction() as session:
        assert session.get_one(Job, job_id).state == "queued"
        problems.refresh(session, NOW + timedelta(seconds=5))
    assert client.get("/api/v1/problems", headers=administrator.headers).json["items"] == []
    (over,) = client.get("/api/v1/problems?state=recovered", headers=administrator.headers).json[
        "items"
    ]
    assert (over["id"], over["retry"]) == (problem["id"], None)
    again = client.post(problem["retry"], headers=administrator.headers)
    assert (again.status_code, again.json["code"]) == (409, "not_open")


@pytest.mark.parametrize("owned", [True, False])
def test_a_representative_sees_his_own_problems_only_and_retries_none(
    client: ApiClient, representative: Caller, administrator: Caller, *, owned: bool
) -> None:
    make_revoked_connection(representative.user_id if owned else None)
    (problem,) = client.get("/api/v1/problems", headers=administrator.headers).json["items"]

    seen = client.get("/api/v1/problems", headers=representative.headers).json["items"]
    one = client.get(f"/api/v1/problems/{problem['id']}", headers=representative.headers)
    retried = client.post(problem["retry"], headers=representative.headers)

    assert len(seen) == int(owned)
    assert one.status_code == (200 if owned else 404)
    assert retried.status_code == 403
