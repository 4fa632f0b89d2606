"""How many rows a query has."""

from dataclasses import dataclass
from operator import or_
from typing import Any

from sqlalchemy import BooleanClauseList, Connection, func, literal_column, select
from sqlalchemy.orm import Session

from hub.listing.declaration import Predicate
from hub.listing.predicates import found_rows
from hub.listing.query import Query

BOUND = 1_000  # rows; counting to one more costs 0.2 ms, counting a million 60 to 110
NEAR_BOUND = 100  # rows; for whoever sees one row of many, and by many grounds: each is looked at


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows the query has: `count` exactly, or at least so many."""

    count: int
    exact: bool


def count_to(session: Session, query: Query[Any], found: Predicate, bound: int = BOUND) -> Total:
    """Return the total, counted no further than the bound."""
    rows = (
        select(literal_column("1"))
        .select_from(query.listing.model)
        .where(found)
        .limit(bound + 1)
        .subquery()
    )
    count = session.execute(select(func.count()).select_from(rows)).scalar_one()
    return Total(min(count, bound), exact=count <= bound)


def narrows(query: Query[Any]) -> bool:
    """Say whether a query asks for less than the whole list."""
    return bool(query.conditions) or query.q is not None


def count_visible(
    session: Session,
    query: Query[Any],
    visible: Predicate,
    bound: int = BOUND,
    *,
    found: Predicate | None = None,
) -> Total:
    """Return the total of what a reader may see, counted no further than the bound.

    `found` is the predicate of the query's rows, where it is at hand.

    Where one of several alternatives lets him see a row, and nothing else narrows the list, the
    first alone may be more than enough: its index tells so at once, while all of them together are
    looked at row by row.
    """
    if not narrows(query) and isinstance(visible, BooleanClauseList) and visible.operator is or_:
        first = count_to(session, query, found_rows(session, query, visible.clauses[0]), bound)
        if not first.exact:
            return first
    if found is None:
        found = found_rows(session, query, visible)
    return count_to(session, query, found, bound)


def count_all(connection: Connection, query: Query[Any], found: Predicate) -> int:
    """Return the exact count, whatever it costs: for exports, where it is checked."""
    statement = select(func.count()).select_from(query.listing.model).where(found)
    return connection.execute(statement).scalar_one()
