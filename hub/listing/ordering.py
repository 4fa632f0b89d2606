"""Order and position in a list: keyset paging over any sort, with empty values last.

A list is read in bands. Where the leading sort may be empty there are two, first the rows that have
a value, then those that have none, so that each band is a plain range of one index over (value, id)
and a page costs the same wherever it lies.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, case, false, literal, or_, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from hub.listing.declaration import Expression, Field, Predicate
from hub.listing.query import Query
from hub.listing.reader import Sight

Position = Sequence[Any]
"""The sort values of a row, its id last."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One part of the order, in the direction in which it is read.

    `sight` says where it has a value for the reader; `indexed` is what it is sorted by there.
    """

    expression: ColumnElement[Any]
    descending: bool
    nullable: bool
    empty_first: bool = False  # read backwards
    sight: Sight | None = None
    indexed: ColumnElement[Any] | None = None

    @property
    def has_value(self) -> Predicate:
        """Where it is not empty."""
        if self.sight is None or self.indexed is None:
            return self.expression.is_not(None)
        return and_(self.sight.given, self.indexed.is_not(None))

    @property
    def has_none(self) -> Predicate:
        """Where it is."""
        if self.sight is None or self.indexed is None:
            return self.expression.is_(None)
        if not getattr(self.indexed, "nullable", True):
            return self.sight.withheld
        return or_(self.sight.withheld, self.indexed.is_(None))

    @property
    def filled(self) -> "SortKey":
        """It as it is read where it is not empty."""
        if self.indexed is None:
            return replace(self, nullable=False)
        return replace(self, expression=self.indexed, nullable=False)

    def clause(self) -> ColumnElement[Any]:
        """Return its part of ORDER BY; where nothing is empty, in the form any index serves."""
        ordered = self.expression.desc() if self.descending else self.expression.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if self.empty_first else ordered.nulls_last()

    def equals(self, value: Any) -> Predicate:
        """Return that a row stands level with a value."""
        return self.expression.is_(None) if value is None else self.expression == self._bound(value)

    def follows(self, value: Any) -> Predicate:
        """Return that a row stands after a value."""
        if value is None:
            return self.expression.is_not(None) if self.empty_first else false()
        bound = self._bound(value)
        after = self.expression < bound if self.descending else self.expression > bound
        if self.nullable and not self.empty_first:
            return or_(after, self.expression.is_(None))
        return after

    def reaches(self, value: Any) -> Predicate:
        """Return that a row stands level with a value or after it; for keys that are not empty."""
        bound = self._bound(value)
        return self.expression <= bound if self.descending else self.expression >= bound

    def _bound(self, value: Any) -> ColumnElement[Any]:
        return literal(value, self.expression.type)


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch of the list: its rows, in its order."""

    where: Predicate
    order_by: tuple[ColumnElement[Any], ...]


def keys_of(query: Query[Any]) -> tuple[SortKey, ...]:
    """Return the whole order of a query: what was asked for, then the id in the same direction."""
    keys = [_key(order.field, descending=order.descending) for order in query.order]
    identity = SortKey(
        _element(query.listing.model.id), keys[-1].descending if keys else False, nullable=False
    )
    return (*keys, identity)


def order_by(query: Query[Any]) -> list[ColumnElement[Any]]:
    """Return ORDER BY for reading the list as one."""
    return [key.clause() for key in keys_of(query)]


def bands(
    keys: Sequence[SortKey], position: Position | None = None, *, backwards: bool = False
) -> list[Band]:
    """Return the bands still to be read, from behind `position`, in the order of reading."""
    if backwards:
        keys = [replace(key, descending=not key.descending, empty_first=True) for key in keys]
    head, *rest = keys
    if not head.nullable:
        return [_band(keys, position)]
    filled = [head.filled, *rest]
    has_value, has_none = head.has_value, head.has_none
    if position is None:
        stretches = [_band(filled, None, has_value), _band(rest, None, has_none)]
        return stretches[::-1] if backwards else stretches
    if position[0] is None:
        here = _band(rest, position[1:], has_none)
        return [here, _band(filled, None, has_value)] if backwards else [here]
    here = _band(filled, position, has_value)
    return [here] if backwards else [here, _band(rest, None, has_none)]


def _band(keys: Sequence[SortKey], position: Position | None, *restrictions: Predicate) -> Band:
    after = [] if position is None else [_after(keys, position)]
    return Band(
        and_(true(), *restrictions, *after),
        tuple(key.clause() for key in keys),
    )


def _after(keys: Sequence[SortKey], position: Position) -> Predicate:
    if len({key.descending for key in keys}) == 1 and not any(key.nullable for key in keys):
        # Row comparison: PostgreSQL goes straight to the place in the index.
        row = tuple_(*(key.expression for key in keys))
        place = tuple_(
            *(key._bound(value) for key, value in zip(keys, position, strict=True))  # noqa: SLF001
        )
        return row < place if keys[0].descending else row > place
    alternatives = []
    for at, (key, value) in enumerate(zip(keys, position, strict=True)):
        level = [earlier.equals(v) for earlier, v in zip(keys[:at], position[:at], strict=True)]
        alternatives.append(and_(*level, key.follows(value)))
    after = or_(*alternatives)
    # The leading bound is implied, but only said aloud does it become a range of the index.
    return after if keys[0].nullable else and_(keys[0].reaches(position[0]), after)


def _key(field: Field, *, descending: bool) -> SortKey:
    source = field.column if field.sort_key is None else field.sort_key
    if source is None:
        raise TypeError(f"{field.name} has nothing to sort by")
    if field.sight is None:
        return SortKey(_element(source), descending, _nullable(field, source))
    bare = _element(source if field.sort_key is not None or field.bare is None else field.bare)
    shown = case((field.sight.given, bare))
    return SortKey(shown, descending, nullable=True, sight=field.sight, indexed=bare)


def _nullable(field: Field, source: Expression) -> bool:
    if field.nullable is not None:
        return field.nullable
    element = _element(source)
    return bool(element.nullable) if isinstance(element, Column) else True


def _element(source: Expression) -> ColumnElement[Any]:
    if isinstance(source, InstrumentedAttribute):
        return source.__clause_element__()
    return source
