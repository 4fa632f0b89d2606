"""Counts of a list by the values of a field: a pie whose slices are filters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, null, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.expression import cast

from hub.history.recording import plain
from hub.i18n import translate
from hub.listing.declaration import Field, Operator, Predicate
from hub.listing.predicates import conditions_met, rows_of, searched
from hub.listing.query import Condition, Query
from hub.listing.reader import Reader
from hub.listing.values import read_value

SLICES = 100  # of one facet; what is beyond is counted together


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows that share a value.

    `label` is what the reader reads, in his language: of a choice, of a bucket, the caption of the
    value; None where the value speaks for itself. `filter` is what pressing the slice sets for
    the field, in the stored form: ``{"eq": "won"}``.
    """

    value: str | int | bool | None
    label: str | None
    count: int
    filter: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facet:
    """The slices of a field, the fullest first, and how many rows are in none of them."""

    slices: list[Slice]
    other: int


def facets(
    session: Session,
    query: Query[Any],
    visible: Predicate,
    fields: Iterable[Field] | None = None,
    *,
    highest: int = SLICES,
) -> dict[str, Facet]:
    """Return the facets of a query by field name.

    A field's own conditions do not count for its own facet, so that the other slices of a pressed
    pie stay to be seen; everything else is as in the list, the access predicate included.

    Args:
        session: where to read.
        query: what was asked.
        visible: the access predicate of the query's reader.
        fields: which facets; None for those that the query asks for.
        highest: how many slices a facet has at most.
    """
    found = searched(session, query, visible)
    return {
        field.name: _facet(
            session, field, query, rows_of(query, visible, found, leaving_out=field), highest
        )
        for field in (query.facets if fields is None else fields)
    }


def _facet(
    session: Session, field: Field, query: Query[Any], rows: Predicate, highest: int
) -> Facet:
    if field.buckets:
        return _buckets(session, field, query, rows)
    counted = _mixed if field.is_mix else _values
    read = session.execute(counted(field, query, rows, highest)).all()
    total = read[0].total if read else 0
    words = {}
    if field.is_mix and field.words is not None:
        words = field.words.labels(session, [row.value for row in read])
    locale = query.reader.locale
    return Facet(
        [
            _slice(field, row.value, row.caption or words.get(row.value), row.rows, locale)
            for row in read
        ],
        int(total) - sum(row.rows for row in read),
    )


def _values(field: Field, query: Query[Any], rows: Predicate, highest: int) -> Select[Any]:
    """Return the counts; what people read is looked up for each slice, not for each row."""
    model = query.listing.model
    counted = _counted(field.column, func.any_value(model.id)).select_from(model).where(rows)
    if field.caption is None:
        return counted.limit(highest)
    each = counted.limit(highest).subquery()
    return (
        select(each.c.value, each.c.rows, each.c.total, field.caption.label("caption"))
        .select_from(each)
        .join(model, model.id == each.c.one)
        .order_by(*_fullest_first(each.c.value, each.c.rows))
    )


def _mixed(field: Field, query: Query[Any], rows: Predicate, highest: int) -> Select[Any]:
    value: Any = field.column
    none = cast([None], value.type)
    each = func.unnest(func.coalesce(func.nullif(value, cast([], value.type)), none))
    values = select(each.label("one")).select_from(query.listing.model).where(rows).subquery()
    return _counted(values.c.one, null()).limit(highest)


def _counted(value: Any, one: Any) -> Select[Any]:
    """Return how many rows have which value, and the id of one of them."""
    count = func.count()
    return (
        select(
            value.label("value"),
            one.label("one"),
            count.label("rows"),
            func.sum(count).over().label("total"),
            null().label("caption"),
        )
        .group_by(value)
        .order_by(*_fullest_first(value, count))
    )


def _fullest_first(value: Any, count: Any) -> tuple[Any, Any]:
    return count.desc(), value.asc().nulls_last()


def _slice(field: Field, value: Any, caption: str | None, count: int, locale: str) -> Slice:
    shown = plain(value)
    return Slice(
        shown,
        field.label_of(shown, caption, locale),
        count,
        {Operator.EMPTY.value: True} if value is None else {Operator.EQ.value: shown},
    )


def _buckets(session: Session, field: Field, query: Query[Any], rows: Predicate) -> Facet:
    members = [_members(field, bucket.filter, query.reader) for bucket in field.buckets]
    in_none = [each.is_not(True) for each in members]
    counted = select(
        *(func.count().filter(each) for each in members),
        func.count().filter(*in_none),
    )
    *counts, other = session.execute(counted.select_from(query.listing.model).where(rows)).one()
    return Facet(
        [
            Slice(
                bucket.name, translate(query.reader.locale, bucket.label), count,
                dict(bucket.filter),
            )
            for bucket, count in zip(field.buckets, counts, strict=True)
        ],
        other,
    )  # fmt: skip


def _members(field: Field, filters: Any, reader: Reader) -> Any:
    conditions = []
    for suffix, text in filters.items():
        operator = Operator(suffix)
        raw, value = read_value(field, operator, text, reader, f"/{field.name}")
        conditions.append(Condition(field, operator, (raw,), (value,)))
    return conditions_met(conditions)
