"""Approvals as the API takes and shows them."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Lines
from api.schemas.shapes import Body, RecordView, View
from hub.approvals.models import ApprovalState

Reason = Annotated[str, Lines(1000)]


class Decision(Body):
    """What the decider adds, if anything; whoever asked reads it."""

    reason: Reason | None = None


class Refusal(Body):
    """Why it is refused; whoever asked reads it."""

    reason: Reason


class SubjectView(View):
    """What the approval is about."""

    type: str
    id: UUID
    name: str | None


class ApprovalView(RecordView):
    """A request for an approval, and what was decided."""

    action: str = Field(description="A stable code.")
    action_label: str = Field(description="The action in your language.")
    state: ApprovalState
    subject: SubjectView | None = Field(
        description="What it is about; null where you may not see that record."
    )
    reference: str | None = Field(description="Null likewise.")
    data: dict[str, Any] | None = Field(description="What the action adds; null likewise.")
    reason: str | None
    requested_by: UUID
    escalates_at: AwareDatetime | None = Field(
        description="When it goes up if nobody has decided; null for never."
    )
    escalated_at: AwareDatetime | None = Field(description="When it went up.")
    escalated_to: list[UUID] = Field(
        description="Who is told since then, and may decide as the deciders may."
    )
    expires_at: AwareDatetime | None
    decided_by: UUID | None
    decided_at: AwareDatetime | None
    decision_reason: str | None
    allowed_states: list[ApprovalState] = Field(description="What you may make of it now.")


class AskedView(View):
    """A record that was asked for, and the approval that waits for a decision."""

    id: UUID
    approval_id: UUID


class AskedViews(View):
    """What was asked for together."""

    items: list[AskedView]
