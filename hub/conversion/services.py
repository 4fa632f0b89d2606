"""Converting leads: previewed, or at once; its `request_…` functions are those of a plan's process.

A conversion is all or nothing, in one transaction. Its plan says what it does and did, item by
item: the customer first, the lead last.
"""

from collections.abc import Sequence
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
from hub.i18n import N_
from hub.leads.models import Lead
from hub.ledger.enqueueing import Enqueued
from hub.ledger.tasks import TaskName
from hub.plans import services as plans
from hub.plans.asking import acting_for, ask_for
from hub.plans.models import Plan, PlanItem, PlanState

KIND = "convert"
UNDONE_WITHIN = timedelta(days=30)
_GONE = N_("Whoever asked for it is not active any more.")


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
        items = [_item(plan, place, each, wish) for place, each in enumerate(steps)]
    session.add_all(items)
    session.flush()
    plan.counters = plans.counters(session, plan.id)
    plan.expires_at = now + plans.DRAFTS_LAST
    return plan


def convert(
    session: Session, principal: Principal, lead: Lead, wish: Wish, *, now: datetime
) -> Plan:
    """Convert a lead that the caller may move, and is locked; returns the plan that says so.

    Raises:
        DomainError: as `carry_out`; nothing is kept.
    """
    plan = _begin(session, lead)
    plan.state = PlanState.APPLYING
    steps = carry_out(session, principal, lead, wish, plan_id=plan.id, now=now)
    session.flush()
    for place, each in enumerate(steps):
        item = _item(plan, place, each, wish)
        _note_done(item, each)
        session.add(item)
    session.flush()
    plans.finish(session, plan, now=now)
    return plan


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """See `hub.planning.request_application`.

    Raises:
        ConflictError: it is no draft, or has expired.
    """
    plans.start(plan, now=now)
    return ask_for(session, plan, TaskName.APPLY_CONVERSION)


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
    return ask_for(session, plan, TaskName.UNDO_CONVERSION)


def apply(session: Session, plan: Plan, *, now: datetime) -> None:
    """Do what a draft says, exactly, or note why it has become stale."""
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


def _begin(session: Session, lead: Lead) -> Plan:
    return plans.create(session, KIND, scope={"lead_id": str(lead.id)})


def _item(plan: Plan, position: int, step: Step, wish: Wish) -> PlanItem:
    """Return what a plan tells of a step; that of the lead carries the wish, shown to nobody."""
    entity = step.record.entity()
    return PlanItem(
        plan_id=plan.id, position=position, action=step.action, entity=entity,
        record_id=None if step.action == "create" else step.record.id, record_version=step.version,
        before=plain(step.before), after=plain(step.after),
        errors=plans.all_shown(step.error) if step.error else None,
        source=wish.stored() if entity == Lead.entity() else None,
    )  # fmt: skip


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
