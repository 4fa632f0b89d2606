"""A page of a list, with its total and the cursors of its neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Select, True_, Uuid, func, select
from sqlalchemy.orm import Session

from hub.listing.counting import BOUND, NEAR_BOUND, Total, count_visible, narrows
from hub.listing.cursors import Cursor, read_cursor, write_cursor
from hub.listing.declaration import ModelT, Predicate, SearchSpec
from hub.listing.ordering import Band, bands, keys_of
from hub.listing.predicates import found_rows
from hub.listing.query import Query
from hub.listing.ranking import Ranked, best_matches

RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """Some rows of a list, in order.

    `next` and `previous` are cursors, None at the ends. `ranked` is the number of best matches that
    can be paged through where a search found more than that; a sort lifts the bound.
    """

    rows: list[RowT]
    next: str | None
    previous: str | None
    total: Total
    ranked: int | None = None


def page(
    session: Session, query: Query[ModelT], visible: Predicate, *, bound: int = BOUND
) -> Page[ModelT]:
    """Return a page of entities.

    Args:
        session: where to read.
        query: what was asked.
        visible: the access predicate of the query's reader for this entity.
        bound: up to which count the total is exact; a ranked search has a bound of its own.

    Raises:
        ValidationError: the cursor is not one of this list, sort and search.
    """
    found = _read(session, query, visible, (query.listing.model,), bound)
    return _with_rows(found, [row[0] for row in found.rows])


def page_of_values(
    session: Session, query: Query[ModelT], visible: Predicate, *, bound: int = BOUND
) -> Page[tuple[Any, ...]]:
    """Return a page of the values of the query's columns (`Query.shown`), in their order.

    Cheaper than entities, and the only way to derived columns.

    Raises:
        ValidationError: as `page`.
    """
    return _read(session, query, visible, tuple(each.column for each in query.shown), bound)


def _read(
    session: Session,
    query: Query[Any],
    visible: Predicate,
    what: Sequence[Any],
    bound: int,
) -> Page[tuple[Any, ...]]:
    if query.is_ranked and query.listing.search is not None:
        return _ranked(session, query, query.listing.search, visible, what)
    return _sorted(session, query, visible, what, bound)


def _sorted(
    session: Session, query: Query[Any], visible: Predicate, what: Sequence[Any], bound: int
) -> Page[tuple[Any, ...]]:
    found = found_rows(session, query, visible)
    whole = isinstance(visible, True_)
    keys = keys_of(query)
    place = read_cursor(query, [key.expression.type for key in keys])
    backwards = place is not None and place.backwards
    is_counted = bound <= NEAR_BOUND and not whole and place is None and narrows(query)
    read: list[tuple[Any, ...]] = []
    counted = 0
    stretches = bands(keys, place.values if place else None, backwards=backwards)
    for band in stretches:
        limit = query.limit + 1 - len(read)
        statement = select(*what, *(key.expression for key in keys)).order_by(*band.order_by)
        if whole:
            statement = statement.where(found, band.where).limit(limit)
        elif is_counted:
            statement = _first_of_counted(statement, query, found, band, limit=limit, bound=bound)
        else:  # few among many: their ids first, from an index that holds what decides
            identity = query.listing.model.id
            chosen = select(identity).where(found, band.where).order_by(*band.order_by)
            statement = statement.where(identity.in_(chosen.limit(limit)))
        rows = [tuple(row) for row in session.execute(statement)]
        if is_counted and rows:
            counted += rows[0][-1]
            rows = [row[:-1] for row in rows]
        read.extend(rows)
        if len(read) > query.limit:
            break
    is_counted &= counted > bound or band is stretches[-1]
    more = len(read) > query.limit
    rows = read[: query.limit]
    if backwards:
        rows.reverse()
    return Page(
        rows=[row[: len(what)] for row in rows],
        next=_cursor(query, rows[-1:], len(what), wanted=more or backwards),
        previous=_cursor(
            query,
            rows[:1],
            len(what),
            wanted=place is not None and (more or not backwards),
            backwards=True,
        ),
        total=Total(min(counted, bound), exact=counted <= bound)
        if is_counted
        else Total(len(rows), exact=True)
        if place is None and not more and len(rows) <= bound
        else count_visible(session, query, visible, bound, found=found),
    )


def _first_of_counted(
    statement: Select[Any],
    query: Query[Any],
    found: Predicate,
    band: Band,
    *,
    limit: int,
    bound: int,
) -> Select[Any]:
    """Return the rows of a band up to a limit, and with each how many there are to the bound.

    Where few rows of many are visible, looking for them costs more than showing them.
    """
    identity = query.listing.model.id
    near = (
        select(identity, func.row_number().over(order_by=band.order_by).label("place"))
        .where(found, band.where)
        .order_by(*band.order_by)
        .limit(max(bound + 1, limit))
        .cte("near")
    )
    first = select(near.c.id).where(near.c.place <= limit)
    counted = select(func.count()).select_from(near).scalar_subquery()
    return statement.add_columns(counted).where(identity.in_(first))


def _cursor(
    query: Query[Any],
    ends: Sequence[tuple[Any, ...]],
    width: int,
    *,
    wanted: bool,
    backwards: bool = False,
) -> str | None:
    if not ends or not wanted:
        return None
    return write_cursor(query, ends[0][width:], backwards=backwards)


def _ranked(
    session: Session,
    query: Query[Any],
    spec: SearchSpec,
    visible: Predicate,
    what: Sequence[Any],
) -> Page[tuple[Any, ...]]:
    place = read_cursor(query, [BigInteger(), Uuid()])
    matches = best_matches(session, query, spec, query.q or "", visible)
    best = matches.best
    start, end = _window(best, place, query.limit)
    window = best[start:end]
    identity = query.listing.model.id
    read = session.execute(
        select(identity, *what).where(identity.in_([each.id for each in window]))
    )
    by_id = {row[0]: tuple(row)[1:] for row in read}
    return Page(
        rows=[by_id[each.id] for each in window if each.id in by_id],
        next=_ranked_cursor(query, window[-1:]) if end < len(best) else None,
        previous=_ranked_cursor(query, window[:1], backwards=True) if start > 0 else None,
        total=matches.total,
        ranked=None if matches.total.exact else len(best),
    )


def _window(best: Sequence[Ranked], place: Cursor | None, limit: int) -> tuple[int, int]:
    if place is None:
        return 0, limit
    score, identity = place.values
    before = [(-each.score, each.id) < (-score, identity) for each in best].count(True)
    if place.backwards:
        return max(before - limit, 0), before
    at_place = before < len(best) and best[before].id == identity
    return before + at_place, before + at_place + limit


def _ranked_cursor(
    query: Query[Any], ends: Sequence[Ranked], *, backwards: bool = False
) -> str | None:
    return write_cursor(query, (ends[0].score, ends[0].id), backwards=backwards) if ends else None


def _with_rows(found: Page[Any], rows: list[RowT]) -> Page[RowT]:
    return Page(rows, found.next, found.previous, found.total, found.ranked)
