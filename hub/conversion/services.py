"""Converting leads: previewed, or at once; its `request_…` functions are those of a plan's process.

A conversion is all or nothing, in one transaction. Its plan says what it does and did, item by
item: the customer first, the lead last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.lookup import get_record
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.conversion.carrying_out import Step, carry_out
from hub.conversion.undoing import Undoing
from hub.conversion.wishes import Wish
from hub.db import savepoint, trial
from hub.errors import ConflictError, DomainError, StaleVersionError
from hub.history.recording import plain
from hub.history.records import Record
from hub.i18n import N_
from hub.leads.models import Lead
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.asking import acting_for
from hub.plans.models import Plan, PlanItem, PlanState

KIND = "convert"
UNDONE_WITHIN = timedelta(days=30)
_GONE = N_("Whoever asked for it is not active any more.")


@dataclass(frozen=True, slots=True)
class Converted:
    """What a lead became, and the plan that says so."""

    plan: Plan
    steps: Sequence[Step]

    def made(self, model: type[Record]) -> list[UUID]:
        """Return the ids of the records of a kind that it became, or came with it."""
        return [
            each.record.id
            for each in self.steps
            if isinstance(each.record, model) and each.action != "skip"
        ]


def preview(
    session: Session, principal: Principal, lead: Lead, wish: Wish, *, now: datetime
) -> Plan:
    """Return the draft of a conversion: it is carried out to see that it can be, and taken back.

    Raises:
        DomainError: as `carry_out`.
    """
    plan = _begin(session, lead)
    with trial(session):
        steps = carry_out(session, principal, lead, wish, plan_id=plan.id, now=now)
        session.flush()
        found = [_Noted.of(each) for each in steps]
    for position, each in enumerate(found):
        session.add(each.item(plan.id, position, wish))
    session.flush()
    plan.counters = plans.counters(session, plan.id)
    plan.expires_at = now + plans.DRAFTS_LAST
    return plan


def convert(
    session: Session, principal: Principal, lead: Lead, wish: Wish, *, now: datetime
) -> Converted:
    """Convert a lead that the caller may move, and is locked.

    Raises:
        DomainError: as `carry_out`; nothing is kept.
    """
    plan = _begin(session, lead)
    plan.state = PlanState.APPLYING
    steps = carry_out(session, principal, lead, wish, plan_id=plan.id, now=now)
    session.flush()
    for position, each in enumerate(steps):
        item = _Noted.of(each).item(plan.id, position, wish)
        _note_done(item, each)
        session.add(item)
    session.flush()
    plans.finish(session, plan, now=now)
    return Converted(plan, steps)


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_application`.

    Raises:
        ConflictError: it is no draft, or has expired.
    """
    plans.start(plan, now=now)
    return _ask(session, plan, TaskName.APPLY_CONVERSION)


def request_undo(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_undo`.

    Raises:
        ConflictError: it was not applied, or too long ago.
    """
    plans.start_undo(plan)
    if plan.applied_at is not None and plan.applied_at < now - UNDONE_WITHIN:
        raise ConflictError(
            "too_late",
            N_("It was converted more than {days} days ago: too much has come of it."),
            days=UNDONE_WITHIN.days,
        )
    return _ask(session, plan, TaskName.UNDO_CONVERSION)


def apply(session: Session, plan: Plan, *, now: datetime) -> None:
    """Do what a draft says, exactly, or note why it has become stale (domain.md §2)."""
    items = _items(session, plan)
    try:
        with savepoint(session):
            steps = _carry_out_again(session, plan, items, now)
            for item, step in zip(items, steps, strict=True):
                _note_done(item, step)
    except DomainError as error:
        items[-1].outcome, items[-1].errors = "failed", plans.all_shown(error)
        plan.state = PlanState.STALE
        session.flush()
        plan.counters = plans.counters(session, plan.id)
        return
    session.flush()
    plans.finish(session, plan, now=now)


def undo(session: Session, plan: Plan, *, now: datetime) -> None:
    """Take a conversion back; what somebody went on with since is kept, and listed."""
    plans.undo_batch(session, plan, Undoing(), now=now)
    plans.finish_undo(session, plan, now=now)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What an item tells of a step, whether the step is kept or taken back."""

    action: str
    entity: str
    record_id: UUID | None
    version: int | None
    before: object
    after: object
    errors: list[dict[str, object]] | None

    @classmethod
    def of(cls, step: Step) -> "_Noted":
        return cls(
            step.action, step.record.entity(), None if step.action == "create" else step.record.id,
            step.version, plain(step.before), plain(step.after),
            plans.all_shown(step.error) if step.error else None,
        )  # fmt: skip

    def item(self, plan_id: UUID, position: int, wish: Wish) -> PlanItem:
        """Return the item; that of the lead carries the wish, which nobody is shown."""
        return PlanItem(
            plan_id=plan_id, position=position, action=self.action, entity=self.entity,
            record_id=self.record_id, record_version=self.version, before=self.before,
            after=self.after, errors=self.errors,
            source=wish.stored() if self.entity == Lead.entity() else None,
        )  # fmt: skip


def _begin(session: Session, lead: Lead) -> Plan:
    return plans.create(session, KIND, scope={"lead_id": str(lead.id)})


def _carry_out_again(
    session: Session, plan: Plan, items: Sequence[PlanItem], now: datetime
) -> list[Step]:
    principal = acting_for(session, plan)
    if principal is None:
        raise ConflictError("gone", _GONE)
    lead = get_record(
        session, principal, Verb.TRANSITION, Lead, UUID(plan.scope["lead_id"]),
        expected_version=items[-1].record_version,
    )  # fmt: skip
    steps = carry_out(
        session, principal, lead, Wish.of(items[-1].source or {}), plan_id=plan.id, now=now
    )
    session.flush()
    previewed = [(each.action, each.entity, each.record_version) for each in items]
    found = [(each.action, each.record.entity(), each.version) for each in steps]
    if previewed != found:
        raise StaleVersionError(Lead.entity(), lead.id, lead.version)
    return steps


def _note_done(item: PlanItem, step: Step) -> None:
    if step.action == "skip":
        item.outcome = "skipped"
        return
    item.outcome, item.record_id = "done", step.record.id
    item.applied_version = step.record.version
    item.before, item.after = plain(step.before), plain(step.after)


def _items(session: Session, plan: Plan) -> Sequence[PlanItem]:
    query = select(PlanItem).where(PlanItem.plan_id == plan.id).order_by(PlanItem.position)
    return session.scalars(query).all()


def _ask(session: Session, plan: Plan, task: TaskName) -> Enqueued:
    return enqueue(
        session, task, key=str(plan.id), serial_key=f"plan:{plan.id}",
        subject=(plans.ENTITY, plan.id), plan_id=plan.id,
    )  # fmt: skip
