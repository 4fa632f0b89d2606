"""The one seam of authorisation: who may do what to which rows.

Lists, counts, search, exports, reports, webhooks and feeds put `visible` into their query; acts on
one record ask `allowed`. Both come from the same rule, so that they cannot disagree.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true

from hub.access.models import ApiToken, User
from hub.access.principals import Permission, Principal, covers
from hub.access.roles import (
    OF_A_RECORD,
    SEES_ALL,
    VERBS,
    WITHOUT_OWNING,
    Role,
    Verb,
    Visibility,
)
from hub.ledger.models import Job


class Rule(Protocol):
    """Decides over the rows of one model, for roles that do not see all."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """Return the condition under which a row may be touched."""
        ...

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """Say the same of one row in hand."""
        ...


class OwnerRule:
    """Others' records are read as the visibility allows; only own and unowned ones are changed."""

    def __init__(self, column: str = "owner_user_id", *, unowned: bool = True) -> None:
        self.column = column
        self.unowned = unowned

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        if _needs_no_owning(principal, verb):
            return true()
        owner = getattr(model, self.column)
        own: ColumnElement[bool] = owner == principal.user_id
        return or_(own, owner.is_(None)) if self.unowned else own

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `Rule.holds`."""
        owner: UUID | None = getattr(entity, self.column)
        return (
            _needs_no_owning(principal, verb)
            or owner == principal.user_id
            or (self.unowned and owner is None)
        )


class PersonalRule(OwnerRule):
    """Nobody but the person himself, whatever the visibility."""

    def __init__(self, column: str) -> None:
        super().__init__(column, unowned=False)

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del verb
        own: ColumnElement[bool] = getattr(model, self.column) == principal.user_id
        return own

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `Rule.holds`."""
        del verb
        return bool(getattr(entity, self.column) == principal.user_id)


class OpenRule:
    """Rows that belong to nobody: the verb alone decides."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del principal, verb, model
        return true()

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `Rule.holds`."""
        del principal, verb, entity
        return True


class SelfRule:
    """Users: everyone knows his colleagues, and changes nobody but himself."""

    def predicate(self, principal: Principal, verb: Verb, model: type[Any]) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        own: ColumnElement[bool] = model.id == principal.user_id
        return true() if verb in WITHOUT_OWNING else own

    def holds(self, principal: Principal, verb: Verb, entity: object) -> bool:
        """See `Rule.holds`."""
        return verb in WITHOUT_OWNING or bool(getattr(entity, "id", None) == principal.user_id)


_OWNED, _OPEN = OwnerRule(), OpenRule()
_RULES: dict[type[Any], Rule] = {
    ApiToken: PersonalRule("user_id"),
    Job: PersonalRule("created_by"),
    User: SelfRule(),
}


def declare_rule(model: type[Any], rule: Rule) -> None:
    """Give a model a rule of its own; without one `owner_user_id` decides, where it has that."""
    _RULES[model] = rule


def visible(principal: Principal, verb: Verb, entity_model: type[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows of a model to which a caller may do `verb`."""
    if verb not in VERBS[principal.role]:
        return false()
    if principal.role in SEES_ALL:
        return true()
    return _rule(entity_model).predicate(principal, verb, entity_model)


def allowed(principal: Principal, verb: Verb, entity: object) -> bool:
    """Say whether a caller may do `verb` to a record in hand."""
    if verb not in VERBS[principal.role]:
        return False
    return principal.role in SEES_ALL or _rule(type(entity)).holds(principal, verb, entity)


def allowed_actions(
    principal: Principal, collection: str, entity: object, verbs: Iterable[Verb] = OF_A_RECORD
) -> list[str]:
    """Return which of some verbs a caller may do to a record, for its `allowed_actions`."""
    granted = _granted(principal.role, principal.scopes, collection, tuple(verbs))
    if principal.role in SEES_ALL:
        return list(granted.values())
    rule = _rule(type(entity))
    return [name for verb, name in granted.items() if rule.holds(principal, verb, entity)]


@lru_cache(maxsize=1024)  # a page asks the same for each of its rows
def _granted(
    role: Role, scopes: frozenset[str], collection: str, verbs: tuple[Verb, ...]
) -> Mapping[Verb, str]:
    """Return the verbs that role and scopes grant at all, with their names."""
    return {
        verb: verb.value
        for verb in verbs
        if verb in VERBS[role] and covers(scopes, Permission(verb, collection))
    }


def _rule(model: type[Any]) -> Rule:
    found = _RULES.get(model)
    if found is not None:
        return found
    return _OWNED if hasattr(model, "owner_user_id") else _OPEN


def _needs_no_owning(principal: Principal, verb: Verb) -> bool:
    return verb in WITHOUT_OWNING and principal.visibility is Visibility.PUBLIC
