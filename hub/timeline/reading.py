"""Reads a timeline: a few rows of each kind, each from its own index, merged by time.

However much there is of a customer, a page asks each kind for no more rows than the page has.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    Text,
    Uuid,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from hub.db import Instant
from hub.errors import ValidationError
from hub.i18n import N_
from hub.listing.counting import BOUND, Total
from hub.timeline.declaring import Appearance, Entry, Rows, Subject
from hub.timeline.kinds import APPEARANCES

_ASK_ROW_BY_ROW = text("set local work_mem = '64kB'")
"""Until the transaction ends. PostgreSQL reckons that it asks of all rows of a subject whether they
are seen, and would gather all visible customers first; with no memory for that it asks of each row
by an index, and a page has few."""
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a timeline: behind it lies what is older, before it what is newer."""

    at: datetime
    id: UUID = _LAST
    newer: bool = False

    def __str__(self) -> str:
        """Return it as a cursor."""
        text = f"{'n' if self.newer else 'o'}{self.at.isoformat()}~{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """Read a cursor.

        Raises:
            ValidationError: it is none of ours.
        """
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_").decode()
            at, _, identifier = text[1:].partition("~")
            place = cls(datetime.fromisoformat(at), UUID(identifier), newer=text[0] == "n")
        except (ValueError, IndexError, binascii.Error):
            raise ValidationError.of(
                "/cursor", "invalid_cursor", N_("is not a cursor of ours")
            ) from None
        if place.at.tzinfo is None:
            raise ValidationError.of("/cursor", "invalid_cursor", N_("is not a cursor of ours"))
        return place


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Some rows, the newest first; `newer` and `older` are where to go on, None at the ends."""

    entries: list[Entry]
    newer: Place | None
    older: Place | None


def read(
    session: Session,
    subject: Subject,
    kinds: Iterable[str],
    *,
    limit: int,
    around: datetime,
    place: Place | None = None,
    planned: bool | None = None,
) -> TimelinePage:
    """Return a page of a timeline.

    Args:
        session: where to read.
        subject: whose it is, and who reads.
        kinds: which kinds, by name.
        limit: how many rows.
        around: without a place, the first page lies around this instant: at most half of it, the
            nearest, after it. A page of one row has what was newest then, else what is nearest.
        place: where to go on.
        planned: only what lies ahead still, or only what does not.
    """
    session.execute(_ASK_ROW_BY_ROW)
    branches = list(_branches(subject, kinds, planned=planned))
    if place is not None:
        return _from(session, branches, place, limit)
    start = Place(around)
    half = limit // 2
    ahead = _rows(session, branches, start, max(half, 1) + 1, newer=True)
    # As many as there can be, whatever lies ahead: with another limit it would be another
    # statement, a long one, to be built and planned anew.
    behind = _rows(session, branches, start, limit + 1, newer=False)
    kept = half if half or behind else 1
    more_ahead = len(ahead) > kept
    ahead = ahead[:kept]
    more_behind = len(behind) > limit - len(ahead)
    entries = [*reversed(ahead), *behind[: limit - len(ahead)]]
    return _page(entries, newer=more_ahead, older=more_behind)


def count(session: Session, subject: Subject, *, bound: int = BOUND) -> dict[str, Total]:
    """Return how many rows of each kind the reader sees, counted no further than the bound."""
    counted = [
        select(
            literal(kind.name).label("kind"),
            select(func.count())
            .select_from(
                select(literal_column("1"))
                .select_from(rows.source)
                .where(rows.where, *kind.seen(subject))
                .limit(bound + 1)
                .subquery()
            )
            .scalar_subquery()
            .label("rows"),
        )
        for kind in APPEARANCES.values()
        for rows in kind.shown_to(subject)
    ]
    session.execute(_ASK_ROW_BY_ROW)
    totals = dict.fromkeys(APPEARANCES, 0)
    for row in session.execute(union_all(*counted)) if counted else ():
        totals[row.kind] += row.rows
    return {
        name: Total(min(total, bound), exact=total <= bound)
        for name, total in totals.items()
        if total
    }


def _from(
    session: Session, branches: Sequence["_Branch"], place: Place, limit: int
) -> TimelinePage:
    found = _rows(session, branches, place, limit + 1, newer=place.newer)
    more, entries = len(found) > limit, found[:limit]
    if place.newer:
        entries.reverse()
        return _page(entries, newer=more, older=True)
    return _page(entries, newer=True, older=more)


def _page(entries: list[Entry], *, newer: bool, older: bool) -> TimelinePage:
    return TimelinePage(
        entries,
        newer=Place(entries[0].at, entries[0].id, newer=True) if entries and newer else None,
        older=Place(entries[-1].at, entries[-1].id) if entries and older else None,
    )


@dataclass(frozen=True, slots=True)
class _Branch:
    kind: Appearance
    rows: Rows
    seen: tuple[ColumnElement[bool], ...]

    def select(self, place: Place, limit: int, *, newer: bool) -> Select[Any]:
        rows = self.rows
        here = tuple_(literal(place.at, Instant()), literal(place.id, Uuid()))
        stands = tuple_(rows.at, rows.id)
        order = (rows.at.asc(), rows.id.asc()) if newer else (rows.at.desc(), rows.id.desc())
        nearest = (
            select(
                literal(self.kind.name, Text).label("kind"),
                cast(rows.at, Instant()).label("at"),
                rows.id.label("id"),
                cast(rows.title, Text).label("title"),
                cast(rows.reason, Text).label("reason"),
                cast(rows.word, Text).label("word"),
                rows.user.label("user_id"),
                rows.planned.label("planned"),
                cast(rows.on, Date).label("on"),
                cast(rows.subject_type, Text).label("subject_type"),
                rows.subject_id.label("subject_id"),
            )
            .select_from(rows.source)
            .where(rows.where, *self.seen, stands > here if newer else stands < here)
            .order_by(*order)
            .limit(literal_column(str(limit), Integer))
            .subquery()
        )
        return select(nearest)


def _branches(subject: Subject, kinds: Iterable[str], *, planned: bool | None) -> Iterator[_Branch]:
    for name in kinds:
        kind = APPEARANCES[name]
        for rows in kind.shown_to(subject):
            wanted = () if planned is None else (rows.planned if planned else ~rows.planned,)
            yield _Branch(kind, rows, (*kind.seen(subject), *wanted))


def _rows(
    session: Session, branches: Sequence[_Branch], place: Place, limit: int, *, newer: bool
) -> list[Entry]:
    if not branches:
        return []
    each = union_all(*(branch.select(place, limit, newer=newer) for branch in branches))
    merged = each.subquery()
    order = (
        (merged.c.at.asc(), merged.c.id.asc())
        if newer
        else (merged.c.at.desc(), merged.c.id.desc())
    )
    found = session.execute(select(merged).order_by(*order).limit(limit))
    return [Entry(*row) for row in found]
