"""Who sees reports: whom they are shared with; and runs and exports: those they were made for."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from hub.access.predicates import Judge, OwnerRule
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.db import among
from hub.reports.models import Audience, ReportDef, ReportRun


class RunRule:
    """A run is seen by its recipient and, until its rows are counted, by the schedule's owner.

    The recipient may see more than he does: how many rows there were, or that there were none, is
    no more for his eyes than the rows themselves. What waits and what failed he sees.
    """

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del verb, reach
        uncounted = and_(model.owner_user_id == principal.user_id, model.row_count.is_(None))
        return or_(model.recipient_user_id == principal.user_id, uncounted)

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `hub.access.predicates.Rule.judge`."""
        del verb, model, reach
        return lambda row: row.recipient_user_id == principal.user_id or None


def may_read_file(principal: Principal, run: ReportRun) -> bool:
    """Say whether a caller may have a run's file: its rows were chosen for the recipient's eyes."""
    return run.recipient_user_id == principal.user_id or principal.sees_all(ReportRun.collection())


class ReportRule(OwnerRule):
    """Others' reports are read where they are shared, whatever the visibility of records is."""

    def __init__(self) -> None:
        super().__init__(unowned=False)

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del model, reach
        own = ReportDef.owner_user_id == principal.user_id
        return or_(own, _shared_with(principal)) if verb in WITHOUT_OWNING else own


class ScheduleRule(OwnerRule):
    """Others' schedules are seen with the report that they run."""

    def __init__(self) -> None:
        super().__init__(unowned=False)

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del reach
        own: ColumnElement[bool] = model.owner_user_id == principal.user_id
        if verb not in WITHOUT_OWNING:
            return own
        shared = select(ReportDef.id).where(_shared_with(principal)).correlate(None)
        return or_(own, model.report_id.in_(shared))


def _shared_with(principal: Principal) -> ColumnElement[bool]:
    return or_(
        ReportDef.audience == Audience.EVERYBODY,
        and_(
            ReportDef.audience == Audience.TEAM,
            among(ReportDef.team_id, principal.standing.team_ids),
        ),
    )
