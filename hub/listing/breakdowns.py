"""A list broken down: how many rows have which values, and what their amounts add up to.

Rows are counted by some fields at once (state by source), by the days, weeks, months, quarters or
years of a date (leads over time, where the reader is), or by both. Amounts of two currencies are
never added: where a list has amounts, each group is of one currency. It counts what the list would
show its reader, by the same filters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import islice, product
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import ColumnElement, Date, cast, func, literal_column, null, select
from sqlalchemy.orm import Session

from hub.errors import FieldError, ValidationError
from hub.history.recording import plain
from hub.i18n import N_
from hub.listing.declaration import FACET_KINDS, Field, Kind, Operator, Predicate
from hub.listing.predicates import found_rows
from hub.listing.query import Query

HIGHEST_GROUPS = 2_000
HIGHEST_DIMENSIONS = 3


class Unit(StrEnum):
    """A stretch of days that a date falls into; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_LENGTHS = {
    Unit.DAY: relativedelta(days=1),
    Unit.WEEK: relativedelta(weeks=1),
    Unit.MONTH: relativedelta(months=1),
    Unit.QUARTER: relativedelta(months=3),
    Unit.YEAR: relativedelta(years=1),
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are told apart by: the values of a field, or the stretches its days fall into."""

    field: Field
    unit: Unit | None = None

    @property
    def name(self) -> str:
        """How it is asked for: ``state``, or ``created_at.week``."""
        return self.field.name if self.unit is None else f"{self.field.name}.{self.unit}"


@dataclass(frozen=True, slots=True)
class Key:
    """The value that the rows of a group have in one dimension.

    `label` is what the reader reads, in his language; None where the value speaks for itself. Of a
    stretch of days the value is its first one.
    """

    value: str | int | bool | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that share their values.

    `filter` is what finds them in the list, in the stored form. `sums` are of `currency`, by field.
    """

    keys: tuple[Key, ...]
    count: int
    currency: str | None = None
    sums: dict[str, Decimal] = field(default_factory=dict)
    filter: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The groups, and the whole of what was found, by currency where there are amounts.

    Groups are in the order of their days, else the fullest comes first; empty ones, where they were
    asked for, come last, and are of no currency. `complete` is false where there were more groups
    than are shown.
    """

    dimensions: tuple[Dimension, ...]
    groups: list[Group]
    totals: list[Group]
    complete: bool


def dimensions_of(query: Query[Any], names: Sequence[str]) -> tuple[Dimension, ...]:
    """Return the dimensions that a reader asks for by name.

    Raises:
        ValidationError: a name is unknown or not for him, is given twice, or there are too many.
    """
    known = {each.name: each for each in _possible(query)}
    errors = [
        FieldError(
            "/by", "unknown_field", N_("{name} is no field here; allowed are {allowed}"),
            {"name": name, "allowed": ", ".join(known)},
        )
        for name in names
        if name not in known
    ]  # fmt: skip
    fields = {known[name].field.name for name in names if name in known}
    if len(fields) < len(names) - len(errors) or len(names) > HIGHEST_DIMENSIONS:
        most = {"most": HIGHEST_DIMENSIONS}
        errors.append(FieldError("/by", "too_many", N_("At most {most} fields, each once."), most))
    if errors:
        raise ValidationError(*errors)
    return tuple(
        Dimension(known[name].field.read_by(query.reader), known[name].unit) for name in names
    )


def break_down(
    session: Session,
    query: Query[Any],
    visible: Predicate,
    dimensions: Sequence[Dimension],
    *,
    with_empty: bool = False,
    highest: int = HIGHEST_GROUPS,
) -> Breakdown:
    """Return the rows that a query finds, told apart by some dimensions.

    Args:
        session: where to read.
        query: its filters and its quick search count, its sort and its page do not.
        visible: the access predicate of the query's reader.
        dimensions: of `dimensions_of`; none for the totals alone.
        with_empty: whether there are groups, too, of what no row has and some might: words of
            catalogues, states, choices. Of what is filtered by there are those alone that rows
            have, and so of days and free texts.
        highest: how many groups there are at most.
    """
    rows = found_rows(session, query, visible)
    totals = _groups(session, query, rows, (), highest)
    if not dimensions:
        return Breakdown((), [], totals, complete=True)
    groups = _groups(session, query, rows, dimensions, highest + 1)
    if with_empty and len(groups) <= highest:
        empty = islice(_empty(session, query, dimensions, groups), highest + 1 - len(groups))
        groups = _in_time(dimensions, [*groups, *empty])
    return Breakdown(tuple(dimensions), groups[:highest], totals, len(groups) <= highest)


def _possible(query: Query[Any]) -> list[Dimension]:
    found = []
    for each in query.listing.readable(query.reader).values():
        if not each.selectable:
            continue
        if each.kind in {Kind.DATE, Kind.DATETIME}:
            found += [Dimension(each, unit) for unit in Unit]
        elif each.facet and each.kind in FACET_KINDS and not each.is_mix:
            found.append(Dimension(each))
    return found


def _groups(
    session: Session,
    query: Query[Any],
    rows: Predicate,
    dimensions: Sequence[Dimension],
    highest: int,
) -> list[Group]:
    """Count by groups; what people read is looked up for each group, not for each row."""
    model, sums = query.listing.model, query.listing.sums
    values = [_value(query, each).label(f"value_{n}") for n, each in enumerate(dimensions)]
    added = sums.fields if sums else ()
    currency = query.listing.by_name[sums.currency].column if sums else None
    apart = [] if currency is None else [currency.label("currency")]
    count = func.count()
    counted = (
        select(
            *values,
            *apart,
            func.any_value(model.id).label("one"),
            count.label("rows"),
            *(
                func.coalesce(func.sum(query.listing.by_name[name].column), 0).label(f"sum_{n}")
                for n, name in enumerate(added)
            ),
        )
        .select_from(model)
        .where(rows)
        .group_by(*values, *apart)
        .having(count > 0)
        .order_by(*_order(dimensions, values, count), *apart)
        .limit(highest)
        .subquery()
    )
    captions = [
        (null() if each.field.caption is None or each.unit else each.field.caption).label(
            f"caption_{n}"
        )
        for n, each in enumerate(dimensions)
    ]
    asked = select(counted, *captions).select_from(counted).join(model, model.id == counted.c.one)
    places = [counted.c[f"value_{n}"] for n in range(len(dimensions))]
    currencies = [counted.c.currency] if apart else []
    ordered = asked.order_by(*_order(dimensions, places, counted.c.rows), *currencies)
    return [_group(query, dimensions, row) for row in session.execute(ordered).mappings()]


def _order(
    dimensions: Sequence[Dimension], values: Sequence[Any], count: ColumnElement[Any]
) -> list[ColumnElement[Any]]:
    by_time = [
        value.asc().nulls_last()
        for value, each in zip(values, dimensions, strict=True)
        if each.unit is not None
    ]
    return [*by_time, count.desc(), *(value.asc().nulls_last() for value in values)]


def _value(query: Query[Any], dimension: Dimension) -> Any:
    column: Any = dimension.field.column
    if dimension.unit is None:
        return column
    day = query.reader.day_of(column) if dimension.field.kind is Kind.DATETIME else column
    return cast(func.date_trunc(literal_column(f"'{dimension.unit}'"), day), Date)


def _group(query: Query[Any], dimensions: Sequence[Dimension], row: Mapping[Any, Any]) -> Group:
    sums = query.listing.sums
    keys = [
        _key(query, each, row[f"value_{n}"], row[f"caption_{n}"])
        for n, each in enumerate(dimensions)
    ]
    filters = _filters(dimensions, keys)
    if sums:
        filters[sums.currency] = {Operator.EQ.value: row["currency"]}
    return Group(
        keys=tuple(keys),
        count=row["rows"],
        currency=row["currency"] if sums else None,
        sums={name: row[f"sum_{n}"] for n, name in enumerate(sums.fields)} if sums else {},
        filter=filters,
    )


def _key(query: Query[Any], dimension: Dimension, value: Any, caption: str | None) -> Key:
    shown = plain(value)
    return Key(shown, dimension.field.label_of(shown, caption, query.reader.locale))


def _empty(
    session: Session,
    query: Query[Any],
    dimensions: Sequence[Dimension],
    groups: Sequence[Group],
) -> Iterator[Group]:
    """Yield the groups of what no row has, in the order of its words."""
    filtered = {condition.field.name for condition in query.conditions}
    lines = []
    for n, each in enumerate(dimensions):
        keys = {group.keys[n].value: group.keys[n] for group in groups}
        if each.unit is None and each.field.name not in filtered:
            for value, caption in _possible_values(session, each.field).items():
                keys.setdefault(value, _key(query, each, value, caption))
        lines.append(list(keys.values()))
    full = {tuple(key.value for key in group.keys) for group in groups}
    for combined in product(*lines):
        if tuple(key.value for key in combined) not in full:
            yield Group(keys=combined, count=0, filter=_filters(dimensions, combined))


def _possible_values(session: Session, field: Field) -> dict[Any, str | None]:
    if field.words is not None:
        return {**field.words.labels(session, offered=True)}
    if field.kind is Kind.BOOLEAN:
        return {True: None, False: None}
    return {choice.value: None for choice in field.choices}


def _in_time(dimensions: Sequence[Dimension], groups: Iterable[Group]) -> list[Group]:
    """Return groups in the order of their days, those of no day last."""
    times = [n for n, each in enumerate(dimensions) if each.unit is not None]
    return sorted(
        groups,
        key=lambda group: [
            (value is None, str(value)) for value in (group.keys[n].value for n in times)
        ],
    )


def _filters(dimensions: Sequence[Dimension], keys: Sequence[Key]) -> dict[str, dict[str, Any]]:
    return {
        each.field.name: _filter(each, key.value)
        for each, key in zip(dimensions, keys, strict=True)
    }


def _filter(dimension: Dimension, value: Any) -> dict[str, Any]:
    if value is None:
        return {Operator.EMPTY.value: True}
    if dimension.unit is None:
        return {Operator.EQ.value: value}
    after = date.fromisoformat(value) + _LENGTHS[dimension.unit]
    return {Operator.GTE.value: value, Operator.LT.value: after.isoformat()}
