"""Who may see plans and runs: with private visibility whoever asked for them, and nobody else.

A plan names the customers it touches, with their values, and a run counts them: who may not read
another's customers may not read these either. The plan of an import is personal in any case, as the
import is (`hub.imports.access`).
"""

from typing import Any

from sqlalchemy import ColumnElement, or_

from hub.access.predicates import OwnerRule, declare_rule
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.connections.models import Run
from hub.plans.models import Plan

OF_AN_IMPORT = "import"
_OF_THE_ASKER = OwnerRule("created_by", unowned=False)


class PlanRule:
    """The rule of what somebody asked for; imports are his alone."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        own: ColumnElement[bool] = model.created_by == principal.user_id
        shared: ColumnElement[bool] = model.kind != OF_AN_IMPORT
        return or_(own, shared & _OF_THE_ASKER.predicate(principal, verb, model))

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `hub.access.predicates.Rule.holds`."""
        if getattr(entity, "created_by", None) == principal.user_id:
            return True
        return getattr(entity, "kind", None) != OF_AN_IMPORT and _OF_THE_ASKER.holds(
            principal, verb, entity
        )


declare_rule(Plan, PlanRule())
declare_rule(Run, _OF_THE_ASKER)
