"""Who may do what to objectives: those they are set for, and who leads them."""

from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from hub.access.predicates import Judge, PartRule
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.db import among


class ObjectiveRule(PartRule):
    """An objective is known to its person, or to the people of its team, and to who leads them.

    It is set and changed by who leads them; by the person himself where he set it for himself. No
    visibility shows it to colleagues. It adds up records of its whole subject: a token that is
    narrowed to some records knows of none.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        if principal.row_filters:
            return false()
        if reach is Reach.ALL:
            return true()
        standing = principal.standing
        own = model.user_id == principal.user_id
        if verb not in WITHOUT_OWNING:
            own = and_(own, model.created_by == principal.user_id)
        ways = [own]
        if verb in WITHOUT_OWNING and standing.team_ids:
            ways.append(among(model.team_id, standing.team_ids))
        if reach >= Reach.LINE:
            ways.append(among(model.user_id, standing.line_user_ids))
            ways.append(among(model.team_id, standing.line_team_ids))
        return or_(*ways)

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        del verb, model, reach
        return lambda row: row.user_id == row.created_by == principal.user_id or None
