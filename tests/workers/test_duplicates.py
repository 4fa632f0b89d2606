from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select

from hub.access.models import User
from hub.access.roles import Role
from hub.customers.models import Customer
from hub.db import new_id, transaction
from hub.duplicates import scanning
from hub.duplicates.models import DupCandidate, DuplicateScan
from hub.ledger.enqueueing import enqueue
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from tests.hub.duplicates.making import make_customer
from workers import tasks  # noqa: F401 - registers the bodies
from workers.chain import drain


def make_twins() -> None:
    with transaction() as session:
        for _ in range(2):
            make_customer(session, phone="+4533123456")


def finished(job_id: UUID) -> dict[str, Any]:
    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert job.state is JobState.SUCCEEDED, job.error
        assert job.progress is not None
        return {"result": job.result, "progress": job.progress}


def test_all_customers_are_looked_at_when_somebody_asks(database: Engine) -> None:
    make_twins()
    with transaction() as session:
        user = User(email="anna@example.com", name="Anna", roles=[Role.ADMINISTRATOR])
        session.add(user)
        session.flush()
        handle = scanning.ask_for_scan(session, by=user.id)

    assert drain(TaskName.FIND_DUPLICATES) == 1

    assert finished(handle.id) == {
        "result": {"records": 2, "raised": 1, "made_obsolete": 0},
        "progress": {"done": 2, "total": 2, "unit": "records"},
    }


def test_a_schedule_looks_at_what_changed(database: Engine) -> None:
    make_twins()
    with transaction() as session:
        handle = enqueue(session, TaskName.FIND_DUPLICATES, schedule_id=new_id())

    assert drain(TaskName.FIND_DUPLICATES) == 1

    assert finished(handle.id)["result"] == {"records": 2, "raised": 1, "made_obsolete": 0}


def test_a_scan_that_is_delivered_twice_goes_on_where_it_was(database: Engine) -> None:
    make_twins()
    with transaction() as session:
        handle = enqueue(session, TaskName.FIND_DUPLICATES, whole=True)
        first = session.scalars(select(Customer.id).order_by(Customer.id)).first()
        session.add(DuplicateScan(job_id=handle.id, whole=True, cursor=first, seen=1))

    assert drain(TaskName.FIND_DUPLICATES) == 1

    assert finished(handle.id)["result"] == {"records": 2, "raised": 0, "made_obsolete": 0}
    with transaction() as session:
        assert session.scalars(select(DupCandidate)).all() == []
        assert len(session.scalars(select(DuplicateScan)).all()) == 1
