"""The one seam of authorisation: who may do what to which rows.

Lists, counts, search, exports, reports, webhooks and feeds put `visible` into their query; acts on
one record ask `allowed`, which asks the same predicate about that row. A rule is therefore said in
SQL; what a row in hand tells by itself, a `Judge` says without asking, and tests hold the two
together.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true
from sqlalchemy.orm import Session, object_session

from hub.access.fields import of_shown_fields
from hub.access.grounds import Grounds, grounds_of
from hub.access.principals import Permission, Principal
from hub.access.roles import (
    OF_A_RECORD,
    WITHOUT_OWNING,
    Reach,
    Verb,
    Visibility,
)
from hub.access.row_filters import narrowed
from hub.db import among, among_unweighed
from hub.history.records import Record
from hub.listing.reader import Sight

Judge = Callable[[Any], bool | None]
"""Says of a row in hand whether a condition holds for it; None where the database must say."""


def ask_the_database(row: Any) -> None:
    """Say nothing: the `Judge` of what a row itself does not tell."""
    del row


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

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """Return what says of a row in hand whether the predicate holds."""
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

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        del verb, model, reach
        return lambda row: getattr(row, self.column) == principal.user_id or None


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

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        del principal, verb, model, reach
        return lambda _: True


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

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        del model, reach
        return lambda row: verb in WITHOUT_OWNING or row.id == principal.user_id


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
        condition: Callable[..., ColumnElement[bool]] = _condition
        return condition(self, model, self.grounds(principal, verb, model, reach))

    def grounds(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Grounds:
        """Return on what grounds a caller may do `verb` to rows of a model."""
        return grounds_of(principal, verb, model.entity(), reach, self.slots)

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        judge: Judge = _judge_by(self, self.grounds(principal, verb, model, reach))
        return judge

    def stands_open(self, row: Any) -> bool | None:
        """Say `is_open` of a row in hand; None where the database must say."""
        return not row.is_protected and not row.is_pooled

    def is_open(self, model: type[Any]) -> ColumnElement[bool]:
        """Return the condition under which a record exists for more than those named first."""
        # One or the other: a protected record has an owner, and one in a pool has none.
        return and_(~model.is_protected, ~model.is_pooled)

    def is_closed(self, model: type[Any]) -> ColumnElement[bool]:
        """Return the same the other way round, so that the few closed ones are found by indexes."""
        return or_(model.protected_until > func.now(), model.pooled_at.is_not(None))


@lru_cache(maxsize=128)  # every page asks for several; each may hold the ids of a whole standing
def _condition(rule: RecordRule, model: Any, grounds: Grounds) -> ColumnElement[bool]:
    one_of = among_unweighed if grounds.are_wide else among
    # What is quick to look at comes first: PostgreSQL keeps the order of an OR.
    ways = [model.owner_user_id == grounds.user_id]
    if grounds.led:
        ways.append(one_of(model.owner_user_id, grounds.led))
    if_open = [getattr(model, slot) == grounds.user_id for slot in grounds.slots]
    if grounds.teams:
        if_open.append(one_of(model.team_id, grounds.teams))
    if grounds.colleagues:
        if_open.append(one_of(model.owner_user_id, grounds.colleagues))
    if grounds.nobodys:
        if_open.append(model.owner_user_id.is_(None))
    if grounds.all_open:
        if_open = [true()]
    if if_open:
        ways.append(and_(or_(*if_open), rule.is_open(model)))
    if grounds.pools:
        of_pools = among(model.pool_id, grounds.pools)
        ways.append(and_(of_pools, ~model.is_protected if grounds.reads_pools else model.is_pooled))
    if grounds.shared:
        ways.append(one_of(model.id, grounds.shared))
    return or_(*ways)


@lru_cache(maxsize=128)  # as above; and of equal grounds it is the same one
def _judge_by(rule: RecordRule, grounds: Grounds) -> Judge:
    def judge(row: Any) -> bool | None:
        if grounds.hold_for(row):
            return True
        return grounds.hold_if_open(row) and rule.stands_open(row)

    return judge


class PartRule:
    """What hangs on records of another model: whose it is, the database must say."""

    is_part = True

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `Rule.judge`."""
        del principal, verb, model, reach
        return ask_the_database


_RULES: dict[type[Any], Rule] = {}


def declare_rules(rules: Mapping[type[Any], Rule]) -> None:
    """Say who may do what to the rows of some models: `hub.rules` does."""
    _RULES.update(rules)


def has_rule(model: type[Any]) -> bool:
    """Say whether rows of a model can be shown to a caller at all."""
    return model in _RULES


def is_owned(model: type[Any]) -> bool:
    """Say whether the records of a model have owners, who answer for them."""
    return isinstance(_RULES.get(model), RecordRule)


def visible(principal: Principal, verb: Verb, entity_model: type[Any]) -> ColumnElement[bool]:
    """Return the condition for the rows of a model to which a caller may do `verb`."""
    reach = principal.reach(verb, entity_model.collection())
    if reach is None:
        return false()
    shown = of_shown_fields(principal, entity_model)
    if reach is Reach.ALL and not principal.row_filters:
        return and_(*shown) if shown else true()
    rule = _rule(entity_model)
    found = (
        true()
        if reach is Reach.ALL and not rule.is_part
        else rule.predicate(principal, verb, entity_model, reach)
    )
    return and_(found, *narrowed(principal, entity_model), *shown)


def is_wide(principal: Principal, verb: Verb, entity_model: type[Any]) -> bool:
    """Say whether a caller may do `verb` because he has the records of many people or teams."""
    reach = principal.reach(verb, entity_model.collection())
    if reach is None or reach is Reach.ALL:
        return False
    return grounds_of(principal, verb, entity_model.collection(), reach, ()).are_wide


def sees(principal: Principal, model: type[Any], column: Any) -> Sight | None:
    """Return where a caller reads the record that a column names; None where he reads all.

    Nowhere, where his token does not reach records of its kind: he is told nothing of them by way
    of others.
    """
    if not principal.may(Permission(Verb.READ, model.collection())):
        return Sight(column.is_(None), column.is_not(None))
    if principal.sees_all(model.collection()):
        return None
    seen = visible(principal, Verb.READ, model)
    rule, reach = _rule(model), principal.reach(Verb.READ, model.collection())
    if (
        isinstance(rule, RecordRule)
        and reach is not None
        and not principal.row_filters
        and rule.grounds(principal, Verb.READ, model, reach).all_open
    ):  # what is hidden from him are a few
        closed = select(model.id).where(rule.is_closed(model), seen.is_not(true()))
        withheld = column.in_(closed.correlate(None))
        return Sight(or_(column.is_(None), not_(withheld)), withheld)
    other = model.__table__.alias()  # the column may be one of the very model
    known = select(model.id).where(seen).correlate(None)
    named = select(true()).where(other.c.id == column, other.c.id.in_(known))
    # Not by EXISTS, for which PostgreSQL may read all that he sees: it is asked of a few rows.
    is_seen = func.coalesce(named.correlate_except(other).scalar_subquery(), false())
    return Sight(or_(column.is_(None), is_seen), and_(column.is_not(None), not_(is_seen)))


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
    plainly = _judge(principal, model, wanted)
    found = {each.id: plainly(each) for each in entities}
    unknown = [identifier for identifier, known in found.items() if known is None]
    asked = _ask(session, principal, model, unknown, wanted) if unknown else {}
    return {
        identifier: list(_values(asked.get(identifier, ()) if known is None else known))
        for identifier, known in found.items()
    }


@lru_cache(maxsize=1024)  # the same few, for every record that is shown
def _values(verbs: tuple[Verb, ...]) -> tuple[str, ...]:
    return tuple(verb.value for verb in verbs)


def _verbs_of_one(
    principal: Principal, model: type[Any], entity: Any, verbs: tuple[Verb, ...]
) -> tuple[Verb, ...]:
    known = _judge(principal, model, verbs)(entity)
    if known is not None:
        return known
    session = object_session(entity)
    if session is None:
        return ()
    return _ask(session, principal, model, [entity.id], verbs).get(entity.id, ())


def _judge(
    principal: Principal, model: type[Any], verbs: tuple[Verb, ...]
) -> Callable[[Any], tuple[Verb, ...] | None]:
    """Return what tells of a row which verbs are granted, as far as it is plain; None where not."""
    asked = {verb: principal.reach(verb, model.collection()) for verb in verbs}
    reaches = {verb: reach for verb, reach in asked.items() if reach is not None}
    granted = tuple(reaches)
    if not granted:
        return lambda _: ()
    if principal.row_filters or of_shown_fields(principal, model):
        return lambda _: None
    if all(reach is Reach.ALL for reach in reaches.values()):
        return lambda _: granted
    rule = _rule(model)
    judges = {
        verb: _anybody if reach is Reach.ALL else rule.judge(principal, verb, model, reach)
        for verb, reach in reaches.items()
    }
    different = set(judges.values())
    owner = principal.user_id if is_owned(model) else None

    def judge(row: Any) -> tuple[Verb, ...] | None:
        if owner is not None and row.owner_user_id == owner:  # of whom all of them hold
            return granted
        holds = {each: each(row) for each in different}
        if None in holds.values():
            return None
        return tuple(verb for verb in granted if holds[judges[verb]])

    return judge


def _anybody(row: Any) -> bool:
    del row
    return True


def _ask(
    session: Session,
    principal: Principal,
    model: type[Any],
    ids: Sequence[UUID],
    verbs: tuple[Verb, ...],
) -> dict[UUID, tuple[Verb, ...]]:
    principal = near(principal, model, ids)
    # Verbs whose condition is the same are asked about once.
    alike: dict[int, tuple[ColumnElement[bool], list[Verb]]] = {}
    for verb in verbs:
        condition = visible(principal, verb, model)
        alike.setdefault(id(condition), (condition, []))[1].append(verb)
    groups = [group for _, group in alike.values()]
    columns = [
        condition.label(f"group_{number}") for number, (condition, _) in enumerate(alike.values())
    ]
    rows = session.execute(select(model.id, *columns).where(among(model.id, ids)))
    found: dict[UUID, tuple[Verb, ...]] = {}
    for identifier, *holds in rows:
        held = [group for group, holding in zip(groups, holds, strict=True) if holding]
        granted = {verb for group in held for verb in group}
        found[identifier] = tuple(verb for verb in verbs if verb in granted)
    return found


def near(principal: Principal, model: type[Any], ids: Collection[UUID]) -> Principal:
    """Return a caller who knows only of some of his shares, where there may be thousands."""
    entity = model.entity() if issubclass(model, Record) else None
    shared = principal.standing.shared.get(entity) if entity else None
    if entity is None or shared is None:
        return principal
    near = {**principal.standing.shared, entity: shared.within(list(ids))}
    return replace(principal, standing=replace(principal.standing, shared=near))


def _rule(model: type[Any]) -> Rule:
    try:
        return _RULES[model]
    except KeyError:
        raise TypeError(f"no rule says who may do what to a {model.__name__}") from None
