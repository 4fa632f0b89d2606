"""Problems as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.shapes import PageQuery, View
from hub.problems.models import ProblemKind, ProblemState


class ProblemText(View):
    """Words in your language; `code` is stable in any."""

    code: str
    text: str


class ProblemSubject(View):
    """What has the problem."""

    type: str | None
    id: UUID | None
    name: str


class ProblemView(View):
    """A cause of trouble: since when, how much it stops, and what to do."""

    id: UUID
    kind: ProblemKind
    state: ProblemState
    subject: ProblemSubject
    cause: ProblemText
    since: AwareDatetime
    last_seen_at: AwareDatetime
    count: int = Field(description="How many changes, look-ups, jobs, mails or fields it stops.")
    remedy: ProblemText
    link: str
    retry: str | None = Field(description="POST here to try again; null where that is no help.")
    owner_user_id: UUID | None
    alerted_at: AwareDatetime | None
    recovered_at: AwareDatetime | None


class ProblemQuery(PageQuery):
    """Which problems."""

    state: ProblemState = Field(ProblemState.OPEN, description="Those that are over, too, stay.")
