"""Imports from beginning to end, in this process: uploaded, previewed, applied, taken back."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

import workers.tasks  # noqa: F401 - registers the bodies
from hub import files
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import transaction
from hub.imports import services
from hub.imports.models import ImportJob
from hub.imports.options import Options
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.origin import ActorKind, CauseKind, Origin
from hub.plans.models import PlanItem
from workers.chain import drain


def upload(
    content: str | bytes, *, name: str = "kunder.csv", entity: str = "customers", **options: Any
) -> UUID:
    """Upload a file and have its preview made; returns the import's id."""
    data = content.encode() if isinstance(content, str) else content
    with transaction(Origin(ActorKind.SYSTEM, cause_kind=CauseKind.REQUEST)) as session:
        job, _ = services.upload(
            session,
            files.put(data),
            entity_name=entity,
            file_name=name,
            media_type="text/csv",
            options=Options(**options),
            now=utcnow(),
        )
    run(TaskName.ANALYSE_FILE)
    run(TaskName.APPLY_IMPORT)  # where the options let it go on by itself
    return job.id


def apply(import_id: UUID) -> ImportJob:
    """Apply a preview; returns the import as it is then."""
    with transaction() as session:
        services.apply(session, services.get(session, import_id, lock=True), now=utcnow())
    run(TaskName.APPLY_IMPORT)
    return import_job(import_id)


def undo(import_id: UUID) -> ImportJob:
    """Take an import back; returns the import as it is then."""
    with transaction() as session:
        services.undo(session, services.get(session, import_id, lock=True), now=utcnow())
    run(TaskName.UNDO_IMPORT)
    return import_job(import_id)


def import_file(content: str | bytes, **options: Any) -> ImportJob:
    """Upload a file and apply its preview."""
    return apply(upload(content, **options))


def run(task: TaskName) -> None:
    """Run the due jobs of a task; none of them may die."""
    drain(task)
    with transaction() as session:
        dead = session.scalars(select(Job).where(Job.state == JobState.DEAD)).all()
        assert [(job.task, job.error) for job in dead] == []


def import_job(import_id: UUID) -> ImportJob:
    with transaction() as session:
        return session.get_one(ImportJob, import_id)


def rows(import_id: UUID) -> list[PlanItem]:
    """Return what is done with each row, in the order of the file."""
    with transaction() as session:
        job = session.get_one(ImportJob, import_id)
        return list(
            session.scalars(
                select(PlanItem).where(PlanItem.plan_id == job.plan_id).order_by(PlanItem.position)
            )
        )


def actions(import_id: UUID) -> list[str]:
    return [item.action for item in rows(import_id)]


def reasons(item: PlanItem) -> list[str]:
    return [reason["code"] for reason in item.errors or ()]


def customers() -> list[Customer]:
    """Return the living customers in the order in which they were made."""
    with transaction() as session:
        return list(
            session.scalars(
                select(Customer).where(Customer.deleted_at.is_(None)).order_by(Customer.id)
            )
        )


def lines(*parts: str) -> str:
    """Return a CSV file of lines."""
    return "\n".join(parts) + "\n"


def outcomes(items: Sequence[PlanItem]) -> list[str | None]:
    return [item.outcome for item in items]
