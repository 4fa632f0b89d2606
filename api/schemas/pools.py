"""Pools as the API takes and shows them."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.fields import Code, Line, OneLine, Whole
from api.schemas.shapes import Body, Patch, RecordView, View, absent
from hub.customers.models import PoolState
from hub.pools.models import ClaimMode, ClaimState, DrawOrder

MOST_IN_A_BATCH = 1000
Reason = Annotated[str, OneLine(500)]
Ids = Annotated[list[UUID], Field(max_length=1000)]
Customers = Annotated[
    list[UUID],
    Field(
        min_length=1, max_length=MOST_IN_A_BATCH, description="At most the pool's `batch_limit`."
    ),
]
Days = Annotated[int, Whole(0, 3650)]
Count = Annotated[int, Whole(0, 1_000_000)]
SellersMode = Literal["apply", "random", "self"]
Order = Literal["random", "load", "oldest"]
Modes = Annotated[
    list[SellersMode],
    Field(max_length=3, description="What people of the pool may do of themselves."),
]


class RecallExceptionBody(Body):
    """How long some customers may be without a note; it names one thing at least."""

    value_class: Code | None = Field(None, description="Those of a class of value.")
    classification: Code | None = Field(None, description="Those of a classification.")
    program: Code | None = Field(None, description="Those with an open lead in a program.")
    days: Annotated[int, Whole(1, 3650)] | None = Field(description="Null for never.")


Exceptions = Annotated[
    list[RecallExceptionBody],
    Field(
        max_length=50,
        description="For whom `recall_after_days` is another; the first that fits counts.",
    ),
]
EscalationHours = Annotated[int, Whole(1, 8760)]
_ESCALATION = "An application that nobody decided over after so long goes up; null as for all."


class RecallExceptionView(View):
    """How long some customers may be without a note, `days` null for ever."""

    value_class: str | None = None
    classification: str | None = None
    program: str | None = None
    days: int | None


class PoolCreate(Body):
    """A new pool."""

    name: Line
    active: bool = True
    claim_team_ids: Ids = Field(default_factory=list, description="Whose people may claim.")
    manager_user_ids: Ids = Field(default_factory=list, description="Who decides.")
    manager_team_ids: Ids = Field(default_factory=list, description="Whose people decide as well.")
    modes: Modes = Field(default=["apply", "random"])
    held_quota: Count | None = Field(
        None, description="How many one person may hold, applications included; null for no limit."
    )
    daily_quota: Count | None = Field(None, description="How many one person may get in one day.")
    cooldown_days: Days = Field(0, description="So long a former owner does not get it back.")
    recall_after_days: Annotated[int, Whole(1, 3650)] | None = Field(
        None, description="After so many days without a note it goes back; null for never."
    )
    recall_exceptions: Exceptions = Field(default_factory=list)
    notice_days: Days = Field(0, description="So long before its owner is warned by mail.")
    application_days: Annotated[int, Whole(1, 365)] = Field(
        7, description="An application that nobody decides over expires after so long."
    )
    escalation_hours: EscalationHours | None = Field(None, description=_ESCALATION)
    batch_limit: Annotated[int, Whole(1, MOST_IN_A_BATCH)] = Field(
        100, description="How many at a time."
    )
    draw_order: Order = "random"
    daily_views: Count | None = Field(
        None, description="How many cards one person is shown in one day; null for no limit."
    )


class PoolPatch(Patch):
    """What changes of a pool; lists are replaced whole."""

    name: Line = absent()
    active: bool = absent()
    claim_team_ids: Ids = absent()
    manager_user_ids: Ids = absent()
    manager_team_ids: Ids = absent()
    modes: Modes = absent()
    held_quota: Count | None = absent()
    daily_quota: Count | None = absent()
    cooldown_days: Days = absent()
    recall_after_days: Annotated[int, Whole(1, 3650)] | None = absent()
    recall_exceptions: Exceptions = absent()
    notice_days: Days = absent()
    application_days: Annotated[int, Whole(1, 365)] = absent()
    escalation_hours: EscalationHours | None = absent()
    batch_limit: Annotated[int, Whole(1, MOST_IN_A_BATCH)] = absent()
    draw_order: Order = absent()
    daily_views: Count | None = absent()

    def changes(self) -> dict[str, Any]:
        """Return the fields to change."""
        changes = super().changes()
        if "recall_exceptions" in changes:
            changes["recall_exceptions"] = [each.model_dump() for each in self.recall_exceptions]
        return changes


class PoolView(RecordView):
    """A pool: its people and its rules."""

    name: str
    entity: str = Field(description="What waits in it: customers.")
    active: bool
    claim_team_ids: list[UUID]
    manager_user_ids: list[UUID]
    manager_team_ids: list[UUID]
    modes: list[str]
    held_quota: int | None
    daily_quota: int | None
    cooldown_days: int
    recall_after_days: int | None
    recall_exceptions: list[RecallExceptionView]
    notice_days: int
    application_days: int
    escalation_hours: int | None
    batch_limit: int
    draw_order: DrawOrder
    daily_views: int | None


class CardView(View):
    """What people of a pool are shown of a customer that waits in it."""

    id: UUID
    name: str
    region: str | None
    industry: str | None
    phone: str | None = Field(description="Masked but for the last two digits.")
    email: str | None = Field(description="Masked but for the first letter and the last label.")
    pool_state: PoolState
    pooled_at: AwareDatetime


class ClaimView(RecordView):
    """A person's hold on a customer of a pool."""

    customer_id: UUID
    pool_id: UUID
    user_id: UUID
    mode: ClaimMode | None = Field(description="Null where he had it before it was in any pool.")
    state: ClaimState
    reason: str | None
    approval_id: UUID | None
    draw_id: UUID | None
    draw_position: int | None
    decided_by: UUID | None
    owned_at: AwareDatetime | None
    escalated_at: AwareDatetime | None = Field(
        description="When the application went up, since nobody had decided."
    )
    ended_at: AwareDatetime | None
    ended_by: UUID | None
    ended_reason: str | None
    recall_on: date | None = Field(
        description="What the newest warning said; a note makes it void."
    )


class Entry(Body):
    """Customers that are to wait in a pool, and why."""

    customer_ids: Customers
    reason: Reason


class Recall(Body):
    """Customers that are taken from their owners, and why."""

    customer_ids: Customers
    reason: Reason


class ClaimRequest(Body):
    """Customers that the caller wants."""

    customer_ids: Customers
    reason: Reason | None = None


class AssignmentItem(Body):
    """One customer, and who gets it."""

    customer_id: UUID
    user_id: UUID


class Assignments(Body):
    """Who gets which customers, and why."""

    items: Annotated[list[AssignmentItem], Field(min_length=1, max_length=MOST_IN_A_BATCH)]
    reason: Reason


class DecisionsBody(Body):
    """What becomes of applications, many at once."""

    customer_ids: Customers
    decision: Literal["approved", "refused"]
    reason: Reason | None = Field(None, description="A refusal needs one.")


class HandRequest(Body):
    """Somebody who takes part in a draw, and how many he is to get at most."""

    user_id: UUID
    count: Annotated[int, Whole(1, MOST_IN_A_BATCH)]


class DrawRequest(Body):
    """A draw: `count` for the caller himself, or `hands` for others by whoever decides."""

    count: Annotated[int, Whole(1, MOST_IN_A_BATCH)] | None = None
    hands: Annotated[list[HandRequest], Field(min_length=1, max_length=200)] | None = None
    reason: Reason | None = None


class HandView(View):
    """Who took part: how many were asked for, his room and load then, what was barred to him."""

    user_id: UUID
    asked: int
    room: int
    load: int
    absent: bool = Field(default=False, description="He was away, and so had no room.")
    barred: list[UUID]


class DealtView(View):
    """What somebody got, in the order of dealing."""

    position: int
    customer_id: UUID | None = Field(description="Empty where its protection hides it from you.")
    user_id: UUID


class DrawView(RecordView):
    """A draw with what is needed to draw it again; see the guide on pools."""

    pool_id: UUID
    draw_order: DrawOrder
    seed: str
    candidate_count: int
    candidates_sha256: str
    hands: list[HandView]
    reason: str | None
    dealt: list[DealtView]


class CandidatesView(View):
    """What stood to be drawn, in the order in which it had come into the pool.

    Empty are the places of customers that their protection hides from you by now.
    """

    items: list[UUID | None]


class OutcomeView(View):
    """What became of one customer."""

    customer_id: UUID
    status: int = Field(description="200 where it was done, else what went wrong.")
    claim: ClaimView | None = None
    absent_until: date | None = Field(
        None, description="Whoever got it is away until then: it is his all the same."
    )
    problem: dict[str, Any] | None = None


class OutcomesView(View):
    """The results in the order asked; what can be done is done, whatever the others are."""

    results: list[OutcomeView]
    done: int
    refused: int


class StandingView(View):
    """How somebody stands in a pool; `left` is what he may still get today, null for no limit."""

    user_id: UUID
    name: str
    active: bool
    may_claim: bool
    absent_until: date | None = Field(
        description="The last day of his absence; null where he is not away today."
    )
    held: int
    taken_today: int
    left: int | None


class StandingsView(View):
    """How people of a pool stand."""

    items: list[StandingView]
    waiting: int = Field(description="How many customers wait in the pool.")
