"""Who may do what to a grant: whoever may share its record, and whom it is for."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from hub.access.models import AccessGrant
from hub.access.predicates import PartRule
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.db import among
from hub.sharing.subjects import on_subjects


class GrantRule(PartRule):
    """Whoever may share a record knows with whom it is shared; a grantee knows his own grants.

    Owner and line change every grant of a record; whoever was given the right to share it on
    changes only what he gave himself. A grantee may give his own up.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del model, reach
        mine: ColumnElement[bool] = AccessGrant.user_id == principal.user_id
        if verb in WITHOUT_OWNING:
            theirs = among(AccessGrant.team_id, principal.standing.team_ids)
            seen = on_subjects(principal, Verb.READ)
            return and_(seen, or_(mine, theirs, on_subjects(principal, Verb.SHARE)))
        given = AccessGrant.created_by == principal.user_id
        changed = or_(
            on_subjects(principal.without_shares(), Verb.SHARE),
            and_(given, on_subjects(principal, Verb.SHARE)),
        )
        return or_(mine, changed) if verb is Verb.DELETE else changed
