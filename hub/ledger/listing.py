"""The list of jobs."""

from sqlalchemy import select

from hub.access.models import User
from hub.i18n import N_
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import Queue
from hub.listing import Choice, Field, Kind, Listing

_STATES = {
    JobState.QUEUED: N_("Queued"),
    JobState.RUNNING: N_("Running"),
    JobState.SUCCEEDED: N_("Succeeded"),
    JobState.DEAD: N_("Dead"),
    JobState.CANCELLED: N_("Cancelled"),
    JobState.ABSORBED: N_("Absorbed"),
}
_QUEUES = {
    Queue.URGENT: N_("Urgent"),
    Queue.DEFAULT: N_("Default"),
    Queue.BULK: N_("Bulk"),
}
_ASKED_BY = select(User.name).where(User.id == Job.created_by).correlate(Job).scalar_subquery()

JOBS = Listing(
    name="jobs",
    model=Job,
    fields=(
        Field("id", Job.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("task", Job.task, label=N_("Task"), facet=True, width=30),
        Field(
            "state", Job.state, label=N_("State"), kind=Kind.ENUM, facet=True,
            choices=tuple(Choice(state, label) for state, label in _STATES.items()),
        ),
        Field(
            "queue", Job.queue, label=N_("Queue"), kind=Kind.ENUM, facet=True, shown=False,
            choices=tuple(Choice(queue, label) for queue, label in _QUEUES.items()),
        ),
        Field("subject_type", Job.subject_type, label=N_("Subject"), facet=True),
        Field("subject_id", Job.subject_id, label=N_("Subject's id"), kind=Kind.UUID, shown=False),
        Field("attempt", Job.attempt, label=N_("Attempt"), kind=Kind.INTEGER),
        Field("waits_for", Job.waits_for, label=N_("Waits for"), shown=False),
        Field(
            "created_by", Job.created_by, label=N_("Asked for by"), kind=Kind.USER,
            caption=_ASKED_BY,
        ),
        # Ids rise with time (UUIDv7): their index serves, where jobs have none of their own to pay.
        Field(
            "created_at", Job.created_at, label=N_("Created"), kind=Kind.DATETIME, sortable=True,
            sort_key=Job.id, width=18,
        ),
        Field("run_at", Job.run_at, label=N_("Due"), kind=Kind.DATETIME, width=18),
        Field("started_at", Job.started_at, label=N_("Started"), kind=Kind.DATETIME, width=18),
        Field("finished_at", Job.finished_at, label=N_("Finished"), kind=Kind.DATETIME, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip
