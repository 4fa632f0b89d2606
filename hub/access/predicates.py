"""The one seam of authorisation: who may do what to which rows.

Lists, counts, search, exports, reports, webhooks and feeds put `visible` into their query; acts on
one record ask `allowed`, which asks the same predicate about that row. A rule is therefore said
once, in SQL.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session, object_session

from hub.access.fields import of_shown_fields
from hub.access.principals import Permission, Principal
from hub.access.roles import (
    OF_A_RECORD,
    WITHOUT_OWNING,
    Level,
    Reach,
    Verb,
    Visibility,
    level_of,
)
from hub.access.row_filters import narrowed
from hub.db import among
from hub.history.records import Record


class Rule(Protocol):
    """Decides over the rows of one model, for callers whose right does not reach all of them.

    `is_part`: its rows hang on records of another model, so that whoever reaches all of them is
    still bound by a row filter on those; such a rule is asked for every reach.
    """

    is_part: bool

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """Return the condition under which a row may be touched."""
        ...

    def is_own(self, principal: Principal, entity: object) -> bool:
        """Say of a row in hand whether the predicate surely holds, for every verb, without asking.

        False only means that the database must be asked.
        """
        ...


class OwnerRule:
    """Others' records are read where everything is public; only one's own are changed."""

    is_part = False

    def __init__(self, column: str = "owner_user_id", *, unowned: bool = True) -> None:
        self.column = column
        self.unowned = unowned

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        is_public = principal.visibility is Visibility.PUBLIC and reach >= Reach.VISIBLE
        if is_public and verb in WITHOUT_OWNING:
            return true()
        owner = getattr(model, self.column)
        own: ColumnElement[bool] = owner == principal.user_id
        return or_(own, owner.is_(None)) if self.unowned else own

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `Rule.is_own`."""
        return bool(getattr(entity, self.column) == principal.user_id)


class PersonalRule(OwnerRule):
    """Nobody but the person himself, whatever the visibility."""

    def __init__(self, column: str) -> None:
        super().__init__(column, unowned=False)

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del verb, reach
        own: ColumnElement[bool] = getattr(model, self.column) == principal.user_id
        return own


class OpenRule:
    """Rows that belong to nobody: the verb alone decides."""

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del principal, verb, model, reach
        return true()

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `Rule.is_own`."""
        del principal, entity
        return True


class SelfRule:
    """Users: everyone knows his colleagues, and changes nobody but himself."""

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        del reach
        own: ColumnElement[bool] = model.id == principal.user_id
        return true() if verb in WITHOUT_OWNING else own

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `Rule.is_own`."""
        return bool(getattr(entity, "id", None) == principal.user_id)


class RecordRule:
    """Records with an owner, a team and named roles beside the owner (domain.md §4).

    In this order: the owner; whoever it is shared with, as far as that goes; who leads the owner
    or the record's team; the people in `slots`, for all but saying whose it is; where the
    visibility says so, colleagues of the owner or everyone, to read and to comment. A record
    without an owner is everyone's to work on. Of all these only the first two, and who leads the
    owner, know that a protected record exists; and only the owner, and who leads him, protect one.
    One that waits in a pool is for those who decide over that pool, and whom it is shared with; the
    former read what people have from the pool, too.
    """

    is_part = False

    def __init__(self, *slots: str) -> None:
        self.slots = slots

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        own = model.owner_user_id == principal.user_id
        led = (
            [among(model.owner_user_id, principal.standing.line_user_ids)]
            if reach >= Reach.LINE and principal.standing.line_user_ids
            else []
        )
        # Whoever protects it is to know it still.
        protects = verb is Verb.PROTECT
        unprotected = [] if protects else self._unprotected(principal, verb, model, reach)
        open_to = [and_(each, self.is_open(model)) for each in unprotected]
        of_pools = self._of_pools(principal, verb, model)
        # What is quick to look at comes first: PostgreSQL keeps the order of an OR.
        return or_(own, *led, *open_to, *of_pools, *self._shared(principal, verb, model))

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `Rule.is_own`."""
        return bool(getattr(entity, "owner_user_id", None) == principal.user_id)

    def is_open(self, model: type[Any]) -> ColumnElement[bool]:
        """Return the condition under which a record exists for more than those named first."""
        # One or the other: a protected record has an owner, and one in a pool has none.
        return and_(~model.is_protected, ~model.is_pooled)

    def _shared(
        self, principal: Principal, verb: Verb, model: type[Any]
    ) -> list[ColumnElement[bool]]:
        shared = principal.standing.shared.get(model.entity())
        if shared is None:
            return []
        ids = shared.to_share_on if verb is Verb.SHARE else shared.at.get(level_of(verb))
        return [among(model.id, ids)] if ids else []

    def _of_pools(
        self, principal: Principal, verb: Verb, model: type[Any]
    ) -> list[ColumnElement[bool]]:
        if not principal.standing.pool_ids:
            return []
        of_theirs = among(model.pool_id, principal.standing.pool_ids)
        if level_of(verb) > Level.COMMENT:
            return [and_(of_theirs, model.is_pooled)]
        return [and_(of_theirs, ~model.is_protected)]

    def _unprotected(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> list[ColumnElement[bool]]:
        standing = principal.standing
        slots = self.slots if level_of(verb) < Level.GIVE else ()
        found = [getattr(model, slot) == principal.user_id for slot in slots]
        if reach >= Reach.LINE and standing.line_team_ids:
            found.append(among(model.team_id, standing.line_team_ids))
        if reach < Reach.VISIBLE:
            return found
        if level_of(verb) <= Level.COMMENT:
            if principal.visibility is Visibility.PUBLIC:
                return [true()]
            if principal.visibility is Visibility.TEAM:
                if standing.team_ids:
                    found.append(among(model.team_id, standing.team_ids))
                if standing.colleague_ids:
                    found.append(among(model.owner_user_id, standing.colleague_ids))
        return [*found, model.owner_user_id.is_(None)]


class PartRule:
    """What hangs on records of another model: whose it is, the database must say."""

    is_part = True

    def is_own(self, principal: Principal, entity: object) -> bool:
        """See `Rule.is_own`."""
        del principal, entity
        return False


_RULES: dict[type[Any], Rule] = {}


def declare_rules(rules: Mapping[type[Any], Rule]) -> None:
    """Say who may do what to the rows of some models: `hub.rules` does."""
    _RULES.update(rules)


def has_rule(model: type[Any]) -> bool:
    """Say whether rows of a model can be shown to a caller at all."""
    return model in _RULES


def visible(principal: Principal, verb: Verb, entity_model: type[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows of a model to which a caller may do `verb`."""
    reach = principal.reach(verb, entity_model.collection())
    if reach is None:
        return false()
    shown = of_shown_fields(principal, entity_model)
    if reach is Reach.ALL and not principal.row_filters:
        return and_(true(), *shown)
    rule = _rule(entity_model)
    found = (
        true()
        if reach is Reach.ALL and not rule.is_part
        else rule.predicate(principal, verb, entity_model, reach)
    )
    return and_(found, *narrowed(principal, entity_model), *shown)


def visible_by_standing(
    principal: Principal, verb: Verb, entity_model: type[Any]
) -> ColumnElement[bool]:
    """Return the condition for the rows to which a caller may do `verb` for what he is to them.

    That is without a right to everything, if he has one: as owner, grantee or whoever leads.
    """
    return _rule(entity_model).predicate(principal, verb, entity_model, Reach.LINE)


def allowed(principal: Principal, verb: Verb, entity: object) -> bool:
    """Say whether a caller may do `verb` to a record in hand, which the database knows."""
    return verb in _verbs_of_one(principal, type(entity), entity, (verb,))


def allowed_actions(
    principal: Principal, collection: str, entity: object, verbs: Iterable[Verb] = OF_A_RECORD
) -> list[str]:
    """Return which of some verbs a caller may do to a record, for its `allowed_actions`."""
    wanted = tuple(v for v in verbs if principal.may(Permission(v, collection)))
    return [verb.value for verb in _verbs_of_one(principal, type(entity), entity, wanted)]


def actions_on(
    session: Session,
    principal: Principal,
    collection: str,
    entities: Sequence[Any],
    verbs: Iterable[Verb] = OF_A_RECORD,
) -> dict[UUID, list[str]]:
    """Return the `allowed_actions` of records of one model, by their ids, in one question."""
    if not entities:
        return {}
    wanted = tuple(v for v in verbs if principal.may(Permission(v, collection)))
    model = type(entities[0])
    found = {each.id: _without_asking(principal, model, each, wanted) for each in entities}
    unknown = [identifier for identifier, known in found.items() if known is None]
    asked = _ask(session, principal, model, unknown, wanted) if unknown else {}
    return {
        identifier: [verb.value for verb in (asked.get(identifier, ()) if known is None else known)]
        for identifier, known in found.items()
    }


def _verbs_of_one(
    principal: Principal, model: type[Any], entity: Any, verbs: tuple[Verb, ...]
) -> tuple[Verb, ...]:
    known = _without_asking(principal, model, entity, verbs)
    if known is not None:
        return known
    session = object_session(entity)
    if session is None:
        return ()
    return _ask(session, principal, model, [entity.id], verbs).get(entity.id, ())


def _without_asking(
    principal: Principal, model: type[Any], entity: Any, verbs: tuple[Verb, ...]
) -> tuple[Verb, ...] | None:
    """Return which verbs are granted where that is plain from the row; None where it is not."""
    reaches = {verb: principal.reach(verb, model.collection()) for verb in verbs}
    granted = tuple(verb for verb in verbs if reaches[verb] is not None)
    if not granted:
        return ()
    if principal.row_filters or of_shown_fields(principal, model):
        return None
    if all(reaches[verb] is Reach.ALL for verb in granted):
        return granted
    return granted if _rule(model).is_own(principal, entity) else None


def _ask(
    session: Session,
    principal: Principal,
    model: type[Any],
    ids: Sequence[UUID],
    verbs: tuple[Verb, ...],
) -> dict[UUID, tuple[Verb, ...]]:
    principal = _near(principal, model, ids)
    # Verbs that need the same are asked about once.
    alike: dict[object, list[Verb]] = {}
    is_part = _rule(model).is_part  # then the whole's rights count as well
    for verb in verbs:
        reach = principal.reach(verb, model.collection())
        apart = is_part or verb in {Verb.SHARE, Verb.PROTECT}
        key = verb if apart else (reach, level_of(verb))
        alike.setdefault(key, []).append(verb)
    groups = list(alike.values())
    columns = [
        visible(principal, group[0], model).label(f"group_{number}")
        for number, group in enumerate(groups)
    ]
    rows = session.execute(select(model.id, *columns).where(model.id.in_(ids)))
    found: dict[UUID, tuple[Verb, ...]] = {}
    for identifier, *holds in rows:
        held = [group for group, holding in zip(groups, holds, strict=True) if holding]
        granted = {verb for group in held for verb in group}
        found[identifier] = tuple(verb for verb in verbs if verb in granted)
    return found


def _near(principal: Principal, model: type[Any], ids: Sequence[UUID]) -> Principal:
    """Return a caller who knows only of some of his shares, where there may be thousands."""
    entity = model.entity() if issubclass(model, Record) else None
    shared = principal.standing.shared.get(entity) if entity else None
    if entity is None or shared is None:
        return principal
    near = {**principal.standing.shared, entity: shared.within(ids)}
    return replace(principal, standing=replace(principal.standing, shared=near))


def _rule(model: type[Any]) -> Rule:
    try:
        return _RULES[model]
    except KeyError:
        raise TypeError(f"no rule says who may do what to a {model.__name__}") from None
