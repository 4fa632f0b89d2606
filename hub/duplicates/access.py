"""Who may see and decide over a pair: whoever may do so to both of its records."""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from hub.access.predicates import PartRule, visible
from hub.access.principals import Principal
from hub.access.roles import Reach, Verb
from hub.duplicates.kinds import KINDS


class PairRule(PartRule):
    """The rules of customers and leads, for either side."""

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del reach
        return and_(
            _may(principal, verb, model.a_entity, model.a_id),
            _may(principal, verb, model.b_entity, model.b_id),
        )


def _may(
    principal: Principal,
    verb: Verb,
    entity: InstrumentedAttribute[str],
    identifier: InstrumentedAttribute[Any],
) -> ColumnElement[bool]:
    return or_(
        *(
            and_(
                entity == kind.entity,
                identifier.in_(
                    select(kind.model.id)
                    .where(visible(principal, verb, kind.model))
                    .correlate(None)
                ),
            )
            for kind in KINDS.values()
        )
    )
