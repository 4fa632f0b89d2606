"""Who may see runs and exports: those they were made for."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.reports.models import ReportRun


class RunRule:
    """A run is seen by its recipient, and by whoever set up the schedule."""

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del verb, reach
        return or_(
            model.recipient_user_id == principal.user_id, model.owner_user_id == principal.user_id
        )

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `hub.access.predicates.Rule.is_own`."""
        return isinstance(entity, ReportRun) and principal.user_id in {
            entity.recipient_user_id,
            entity.owner_user_id,
        }


def may_read_file(principal: Principal, run: ReportRun) -> bool:
    """Say whether a caller may have a run's file: its rows were chosen for the recipient's eyes."""
    return run.recipient_user_id == principal.user_id or principal.sees_all(ReportRun.collection())
