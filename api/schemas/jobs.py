"""Jobs as the API shows them."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Instant
from api.schemas.shapes import Body, Query, View
from hub.ledger.models import JobState
from hub.ledger.tasks import TaskName


class JobView(View):
    """A piece of work, how far it is and what became of it."""

    id: UUID
    task: str
    queue: str
    state: JobState
    subject_type: str | None
    subject_id: UUID | None
    attempt: int = Field(description="How often it was begun.")
    run_at: AwareDatetime = Field(description="Not before this instant.")
    waits_for: str | None = Field(description="What a put-off job waits for.")
    progress: dict[str, Any] | None = Field(description="{done, total, unit}, where it tells.")
    result: dict[str, Any] | None
    error: dict[str, Any] | None = Field(
        description="{class, message} of the last failure; the message in your language."
    )
    cause_event_id: UUID | None
    cause_job_id: UUID | None
    created_by: UUID | None
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    cancelled_by: UUID | None = Field(
        description="Who took it from its queue, or gave it up when it was dead; `finished_at` is"
        " when he did."
    )
    cancel_reason: str | None


class ReplayQuery(Query):
    """How to replay."""

    force: bool = Field(default=False, description="Also where it has succeeded already.")


class CancellationQuery(Query):
    """Why nobody is to do it."""

    reason: str | None = Field(
        None, min_length=1, max_length=500, description="Why; kept with the job."
    )


class JobReplay(Body):
    """Which dead jobs to send back to their queues; all that is said must hold."""

    ids: list[UUID] | None = Field(None, min_length=1, max_length=1000)
    task: TaskName | None = None
    subject_id: UUID | None = None
    finished_from: Instant | None = None
    finished_to: Instant | None = Field(None, description="The end, itself excluded.")


class JobReplayed(View):
    """What was sent back; call again while `more` is true."""

    ids: list[UUID]
    more: bool
