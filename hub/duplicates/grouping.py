"""Groups: records that hang together by pairs, each with each or over others."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from hub import matching
from hub.duplicates.models import DupCandidate
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.listing.declaration import Predicate
from hub.listing.predicates import found_rows
from hub.listing.query import Query

CONSIDERED = 50_000
"""So many pairs at most are put together, those of the best scores."""

Ref = tuple[str, UUID]


@dataclass(frozen=True, slots=True)
class Group:
    """Records that hang together, and the pairs by which they do, the best first."""

    score: Decimal  # of the best pair
    pair_ids: tuple[UUID, ...]
    records: tuple[Ref, ...]

    @property
    def cursor(self) -> str:
        """Its place among the others."""
        return f"{self.score}_{self.pair_ids[0]}"


@dataclass(frozen=True, slots=True)
class Grouped:
    """Some groups in the order of their best pairs, and how many there are in all."""

    groups: Sequence[Group]
    total: int
    following: str | None  # the cursor of the next page
    complete: bool  # False where there were more pairs than are put together


def find_groups(
    session: Session,
    query: Query[Any],
    seen: Predicate,
    *,
    fields: Collection[str] = (),
    cursor: str | None = None,
) -> Grouped:
    """Return the groups that the pairs of a list make, of those that a caller may see.

    So two people may see other groups: whom one does not see joins nobody for him.

    Args:
        session: the caller's.
        query: a question to the list of pairs.
        seen: which pairs may be seen.
        fields: only pairs that agree in all of these.
        cursor: `Grouped.following` of the page before.

    Raises:
        ValidationError: there is no such field, or the cursor is none.
    """
    behind = _place(cursor) if cursor is not None else None
    found = and_(found_rows(session, query, seen), *_agree_in(fields))
    rows = session.execute(
        select(
            DupCandidate.id, DupCandidate.score, DupCandidate.a_entity, DupCandidate.a_id,
            DupCandidate.b_entity, DupCandidate.b_id,
        )
        .where(found)
        .order_by(DupCandidate.score.desc(), DupCandidate.id)
        .limit(CONSIDERED + 1)
    ).all()  # fmt: skip
    groups = _joined(rows[:CONSIDERED])
    after = [each for each in groups if behind is None or (-each.score, each.pair_ids[0]) > behind]
    shown = after[: query.limit]
    return Grouped(
        shown,
        len(groups),
        shown[-1].cursor if len(after) > len(shown) else None,
        complete=len(rows) <= CONSIDERED,
    )


def _joined(rows: Sequence[Any]) -> list[Group]:
    """Return the groups of pairs, the best pairs first; each pair costs next to nothing."""
    leaders: dict[Ref, Ref] = {}

    def leader_of(record: Ref) -> Ref:
        top = record
        while leaders.setdefault(top, top) != top:
            top = leaders[top]
        while leaders[record] != top:  # the way is shortened for whoever comes next
            leaders[record], record = top, leaders[record]
        return top

    sides = [((row.a_entity, row.a_id), (row.b_entity, row.b_id)) for row in rows]
    for one, other in sides:
        leaders[leader_of(one)] = leader_of(other)
    pairs: dict[Ref, list[Any]] = {}
    records: dict[Ref, dict[Ref, None]] = {}
    for row, (one, other) in zip(rows, sides, strict=True):
        top = leader_of(one)
        pairs.setdefault(top, []).append(row)
        records.setdefault(top, {}).update({one: None, other: None})
    return [
        Group(some[0].score, tuple(row.id for row in some), tuple(records[top]))
        for top, some in pairs.items()
    ]


def _agree_in(fields: Collection[str]) -> list[Predicate]:
    unknown = sorted(set(fields) - set(matching.COMPARED_FIELDS))
    if unknown:
        raise ValidationError(
            FieldError(
                "/fields", "unknown", N_("There is no {name} here; there are {allowed}."),
                {"name": unknown[0], "allowed": ", ".join(matching.COMPARED_FIELDS)},
            )
        )  # fmt: skip
    return [DupCandidate.agrees.contains(sorted(fields))] if fields else []


def _place(cursor: str) -> tuple[Decimal, UUID]:
    score, _, identifier = cursor.partition("_")
    try:
        return -Decimal(score), UUID(identifier)
    except (InvalidOperation, ValueError):
        raise ValidationError.of(
            "/cursor", "unknown", N_("This is no cursor of such a list.")
        ) from None
