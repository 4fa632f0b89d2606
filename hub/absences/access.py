"""Who may do what to absences: whoever is away, and whoever leads him."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from hub.access.predicates import Judge
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.db import among


class AbsenceRule:
    """An absence is its person's, and that of whoever leads a team of his or one above it.

    The rest know by the person himself (`absent_until`) that he is away now, and not why, nor when
    he will be.
    """

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del verb, reach
        own: ColumnElement[bool] = model.user_id == principal.user_id
        return or_(own, among(model.user_id, principal.standing.line_user_ids))

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `hub.access.predicates.Rule.judge`."""
        del verb, model, reach
        led = principal.standing.line_user_ids
        return lambda row: row.user_id == principal.user_id or row.user_id in led
