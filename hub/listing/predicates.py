"""Turns the conditions of a query into SQL."""

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, String, and_, cast, false, func, literal, not_, or_, true
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.orm import Session

from hub.listing.declaration import Expression, Field, Kind, Operator, Predicate
from hub.listing.query import Condition, Query
from hub.listing.search import matching, may_contain
from hub.listing.values import Personal, Span, Value

_ESCAPE = "\\"
_COMPARISONS: Mapping[Operator, Callable[[Any, Any], Predicate]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.eq,  # `ne` is the negation of the whole
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
}


def found_rows(executor: Session | Connection, query: Query[Any], visible: Predicate) -> Predicate:
    """Return the predicate of all rows of a query, its quick search included.

    Args:
        executor: where to look whether the search is met exactly.
        query: what was asked.
        visible: the access predicate of the query's reader.
    """
    return rows_of(query, visible, searched(executor, query, visible))


def rows_of(
    query: Query[Any], visible: Predicate, found: Predicate, *, leaving_out: Field | None = None
) -> Predicate:
    """Return the predicate of a query's rows among those `found`.

    Args:
        query: its conditions; tombstones are left out unless it asks for them.
        visible: the access predicate of the reader.
        found: see `searched`.
        leaving_out: a field whose own conditions do not count, as for its facet.
    """
    kept = [each for each in query.conditions if each.field is not leaving_out]
    return and_(visible, living(query), found, conditions_met(kept))


def searched(executor: Session | Connection, query: Query[Any], visible: Predicate) -> Predicate:
    """Return the predicate of a query's quick search, true where it has none."""
    spec = query.listing.search
    if query.q is None or spec is None:
        return true()
    findable = spec.searched_by(query.reader)
    among = and_(visible, living(query), findable)
    return and_(findable, matching(executor, spec.text, query.q, among))


def living(query: Query[Any]) -> Predicate:
    """Return the predicate that leaves tombstones out, unless the query asks for them."""
    deleted_at = getattr(query.listing.model, "deleted_at", None)
    if deleted_at is None or query.deleted:
        return true()
    alive: Predicate = deleted_at.is_(None)
    return alive


def conditions_met(conditions: Iterable[Condition]) -> Predicate:
    """Return the predicate that all conditions hold; those with one `through` of one row."""
    direct: list[Predicate] = []
    reached: dict[Any, list[Predicate]] = {}
    for condition in conditions:
        through = condition.field.through
        if through is None:
            direct.append(_direct(condition))
        elif condition.operator is Operator.NE:
            direct.append(not_(through(_any(condition))))
        elif condition.operator is Operator.EMPTY:
            is_there = through(true())
            direct.append(
                or_(*(not_(is_there) if value else is_there for value in condition.values))
            )
        else:
            reached.setdefault(through, []).append(_any(condition))
    return and_(true(), *direct, *(through(and_(*parts)) for through, parts in reached.items()))


def _direct(condition: Condition) -> Predicate:
    field = condition.field
    if field.personal is not None:
        return or_(*(_answered(field.personal, value) for value in condition.values))
    if field.condition is not None:
        return or_(*(field.condition(condition.operator, value) for value in condition.values))
    column, sight = _column(field), field.sight
    match condition.operator:
        case Operator.EMPTY:
            empty = _is_empty(field.kind, column)
            if sight is not None:
                empty = or_(sight.withheld, empty)
            return or_(*(empty if value else not_(empty) for value in condition.values))
        case Operator.NE:
            # What has no value is not the value either.
            others = or_(column.is_(None), not_(_any(condition)))
            return others if sight is None else or_(sight.withheld, others)
        case _:
            return _any(condition) if sight is None else and_(sight.given, _any(condition))


def _answered(personal: Callable[[UUID], Predicate], value: Value) -> Predicate:
    if not isinstance(value, Personal):
        raise TypeError("a question about the reader is answered for him")
    holds = personal(value.user_id)
    return holds if value.holds else not_(holds)


def _any(condition: Condition) -> Predicate:
    """Return that one of the values compares; ``ne`` is read as ``eq``, for its user to negate."""
    field = condition.field
    column = _column(field)
    equal = condition.operator in {Operator.EQ, Operator.NE}
    if equal and field.kind is Kind.TAGS:
        wanted = cast(list(condition.values), ARRAY(TEXT))
        overlapping: Predicate = cast(column, ARRAY(TEXT)).overlap(wanted)
        return overlapping
    if equal and not any(isinstance(value, Span) for value in condition.values):
        return _is_one_of(condition, column)
    return or_(false(), *(_compare(condition, column, value) for value in condition.values))


def _is_one_of(condition: Condition, column: Expression) -> Predicate:
    field, values = condition.field, condition.values
    if field.caseless:
        return func.casefold(column).in_([func.casefold(literal(value)) for value in values])
    found = column.in_(values)
    if field.search_text is None or condition.operator is Operator.NE:
        return found
    document = field.search_text
    return and_(found, or_(*(may_contain(document, str(value)) for value in values)))


def _compare(condition: Condition, column: Expression, value: Any) -> Predicate:
    if condition.operator in {Operator.CONTAINS, Operator.STARTS}:
        return _text(condition, column, str(value))
    if not isinstance(value, Span):
        return _COMPARISONS[condition.operator](column, value)
    match condition.operator:
        case Operator.LT | Operator.GTE:
            return _COMPARISONS[condition.operator](column, value.start)
        case Operator.LTE:
            return _COMPARISONS[Operator.LT](column, value.end)
        case Operator.GT:
            return _COMPARISONS[Operator.GTE](column, value.end)
        case _:
            return and_(column >= value.start, column < value.end)


def _text(condition: Condition, column: Expression, value: str) -> Predicate:
    escaped = value
    for special in (_ESCAPE, "%", "_"):
        escaped = escaped.replace(special, _ESCAPE + special)
    if condition.operator is Operator.STARTS:
        # An index on lower(column) with text_pattern_ops answers this one.
        found = func.lower(column).like(func.lower(literal(f"{escaped}%")), escape=_ESCAPE)
    else:
        found = column.ilike(f"%{escaped}%", escape=_ESCAPE)
    document = condition.field.search_text
    return found if document is None else and_(found, may_contain(document, value))


def _is_empty(kind: Kind, column: Expression) -> Predicate:
    if kind is Kind.TAGS:
        return func.coalesce(func.cardinality(column), 0) == 0
    if kind is Kind.TEXT:
        return func.coalesce(cast(column, String), "") == ""
    return column.is_(None)


def _column(field: Field) -> Expression:
    column = field.column if field.sight is None else field.bare
    if column is None:
        raise TypeError(f"{field.name} has no column to compare")
    return column
