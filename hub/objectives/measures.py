"""What each measure counts: which records, for whom, and at which moment.

A record counts as it stands: for whom it is assigned to, with its amount as it is, as long as it is
won, done, converted, and not taken away. A value of an earlier day counts the records as they stood
on that day, by their history (`hub.history.past_columns`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from hub.access.readings import tells_of_none_protected
from hub.activities.models import Activity, ActivityKind, ActivityState
from hub.activities.services import HAPPENED_AT
from hub.db import Instant
from hub.history.models import Event
from hub.history.past_columns import AsOf
from hub.i18n import N_
from hub.leads.models import Lead
from hub.listing.declaration import Expression
from hub.objectives.models import Measure
from hub.objectives.tenures import Tenure, in_tenure
from hub.objectives.windows import Period
from hub.opportunities.models import Opportunity
from hub.workflow.models import StateKind, WorkflowState

LABELS: Mapping[Measure, str] = {
    Measure.OPP_AMOUNT_WON: N_("Amount won"),
    Measure.OPP_CREATED: N_("Opportunities created"),
    Measure.OPP_WON: N_("Opportunities won"),
    Measure.CALLS: N_("Calls"),
    Measure.MEETINGS: N_("Meetings"),
    Measure.LEADS_CONVERTED: N_("Leads converted"),
}


_MOVING = ("opportunity.transitioned", "opportunity.closed", "opportunity.assigned")
"""Events by which an opportunity moves; what else a commit does of it may give it its name."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What a measure counts.

    Attributes:
        then: the records, and as of when they are read.
        who: whom one counts for.
        at: the moment at which it counts.
        holds: whether it counts at all.
        now_at: that moment as an indexed column of now, by which it is found.
        undone: those that are not found by it, since they changed afterwards.
        value: what it adds.
    """

    then: AsOf
    who: Expression
    at: Expression
    holds: ColumnElement[bool]
    now_at: Expression
    undone: ColumnElement[bool]
    value: Expression


def values(
    session: Session,
    measure: Measure,
    periods: Sequence[Period],
    tenures: Sequence[Tenure],
    *,
    currency: str | None,
    as_of: datetime | None = None,
    hides_protected: bool = False,
) -> list[Decimal]:
    """Return what a measure comes to in each of some periods, which follow one another.

    Args:
        session: where to read.
        measure: what to count.
        periods: at least one.
        tenures: whose deeds count.
        currency: of amounts; those in another one do not count.
        as_of: count the records as they stood then; as they stand where None.
        hides_protected: leave out what tells of customers that are protected now.
    """
    counted = _COUNTED[measure](as_of, currency)
    model, at = counted.then.model, counted.at
    begin, end = periods[0].starts_at, periods[-1].ends_at
    bounds = cast(literal([each.starts_at for each in periods], ARRAY(Instant())), ARRAY(Instant()))
    query = (
        select(
            func.width_bucket(at, bounds).label("place"),
            func.coalesce(func.sum(counted.value), 0).label("value"),
        )
        .where(
            or_(and_(counted.now_at >= begin, counted.now_at < end), counted.undone),
            at >= begin, at < end,
            counted.then.value(model.deleted_at).is_(None),
            counted.holds,
            in_tenure(tenures, counted.who, at),
        )
        .group_by("place")
    )  # fmt: skip
    if hides_protected:
        query = query.where(tells_of_none_protected(model))
    if as_of is not None:
        query = query.where(model.created_at <= as_of)
    found = {row.place: Decimal(row.value) for row in session.execute(query)}
    return [found.get(place, Decimal(0)) for place in range(1, len(periods) + 1)]


def _opportunities_created(as_of: datetime | None, currency: str | None) -> Counted:
    del currency
    then = AsOf(Opportunity, as_of)
    return Counted(
        then, who=then.value(Opportunity.owner_user_id), at=Opportunity.created_at, holds=true(),
        now_at=Opportunity.created_at, undone=false(), value=literal(1),
    )  # fmt: skip


def _opportunities_won(as_of: datetime | None, currency: str | None) -> Counted:
    del currency
    then = AsOf(Opportunity, as_of)
    return Counted(
        then, who=then.value(Opportunity.owner_user_id), at=_decided_at(then),
        holds=_state_kind(then) == StateKind.WON, now_at=Opportunity.decided_at,
        undone=_touched(then, *_MOVING, "opportunity.updated"), value=literal(1),
    )  # fmt: skip


def _amount_won(as_of: datetime | None, currency: str | None) -> Counted:
    won = _opportunities_won(as_of, currency)
    of_currency = won.then.value(Opportunity.currency) == currency
    return replace(
        won, holds=and_(won.holds, of_currency), value=won.then.value(Opportunity.amount)
    )


def _done(kind: ActivityKind) -> Callable[[datetime | None, str | None], Counted]:
    def counted(as_of: datetime | None, currency: str | None) -> Counted:
        del currency
        then = AsOf(Activity, as_of)
        holds = and_(
            then.value(Activity.kind) == kind, then.value(Activity.state) == ActivityState.DONE
        )
        return Counted(
            then, who=then.value(Activity.done_by_user_id), at=_happened_at(then), holds=holds,
            now_at=Activity.at, undone=_touched(then, "activity.transitioned"), value=literal(1),
        )  # fmt: skip

    return counted


def _leads_converted(as_of: datetime | None, currency: str | None) -> Counted:
    del currency
    then = AsOf(Lead, as_of)
    converted_at = then.value(Lead.converted_at)
    return Counted(
        then, who=then.value(Lead.owner_user_id), at=converted_at, holds=true(),
        now_at=Lead.converted_at,
        undone=_touched(then, "lead.conversion_undone", "lead.converted"), value=literal(1),
    )  # fmt: skip


_COUNTED: Mapping[Measure, Callable[[datetime | None, str | None], Counted]] = {
    Measure.OPP_AMOUNT_WON: _amount_won,
    Measure.OPP_CREATED: _opportunities_created,
    Measure.OPP_WON: _opportunities_won,
    Measure.CALLS: _done(ActivityKind.CALL),
    Measure.MEETINGS: _done(ActivityKind.MEETING),
    Measure.LEADS_CONVERTED: _leads_converted,
}


def _touched(then: AsOf, *types: str) -> ColumnElement[bool]:
    return false() if then.at is None else then.touched_since(*types)


def _state_kind(then: AsOf) -> ColumnElement[Any]:
    if then.at is None:
        return then.value(Opportunity.state_kind)
    kind = (
        select(WorkflowState.kind)
        .where(
            WorkflowState.workflow_id == then.value(Opportunity.workflow_id),
            WorkflowState.key == then.value(Opportunity.state),
        )
        .correlate(Opportunity)
        .scalar_subquery()
    )
    return case((then.changed_since(Opportunity.state), kind), else_=Opportunity.state_kind)


def _decided_at(then: AsOf) -> ColumnElement[Any]:
    if then.at is None:
        return then.value(Opportunity.decided_at)
    moved = then.last_change(Opportunity.state, Event.at, *_MOVING, "opportunity.created")
    return case((then.changed_since(Opportunity.state), moved), else_=Opportunity.state_since)


def _happened_at(then: AsOf) -> ColumnElement[Any]:
    if then.at is None:
        return then.value(Activity.at)
    told = func.coalesce(cast(Event.data[HAPPENED_AT].astext, Instant()), Event.at)
    types = ("activity.transitioned", "activity.created")
    moved = then.last_change(Activity.state, told, *types)
    return case((then.changed_since(Activity.state), moved), else_=Activity.at)
