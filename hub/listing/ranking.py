"""The best matches of a quick search, in order.

Match and access first, then a bound, then the rank: ranking every match of a common word would cost
ten times as much at a million rows.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, Text, and_, cast, exists, null, select
from sqlalchemy.orm import Session

from hub.listing.counting import Total
from hub.listing.declaration import Predicate, SearchSpec
from hub.listing.predicates import living, rows_of
from hub.listing.query import Query
from hub.listing.search import (
    BEGIN,
    END,
    GAP,
    Question,
    begins,
    can_slip,
    matches,
    name_of,
    nearly_matches,
)

RANKED = 1_000  # rows; one query then finds, counts and tells whether slips are to be forgiven
_TIER = 100_000  # above any likeness


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matching row, with what its rank is made of."""

    id: UUID
    number: str | None
    document: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row and its rank, higher is better."""

    id: UUID
    score: int


@dataclass(frozen=True, slots=True)
class Matches:
    """The best matches, best first, and how many there are."""

    best: list[Ranked]
    total: Total


def best_matches(
    session: Session, query: Query[Any], spec: SearchSpec, q: str, visible: Predicate
) -> Matches:
    """Return the best matches of a query's quick search, no more than `RANKED`.

    Rows with the very number and names that begin as typed are among them however many others
    match; of the others beyond the bound, the ranked ones are any.

    Args:
        session: where to read.
        query: its other conditions count too.
        spec: what the search looks into.
        q: what was typed.
        visible: the access predicate of the query's reader.
    """
    exact = matches(spec.text, q)
    visible = and_(visible, spec.searched_by(query.reader))
    read = _read(session, query, spec, rows_of(query, visible, exact))
    if not read and can_slip(q) and not _is_met(session, query, exact, visible):
        read = _read(session, query, spec, rows_of(query, visible, nearly_matches(spec.text, q)))
    total = Total(min(len(read), RANKED), exact=len(read) <= RANKED)
    if not total.exact:
        very_number = [] if spec.number is None else [spec.number == q]
        first = [
            each
            for likely in (*very_number, begins(spec.text, q))
            for each in _read(session, query, spec, rows_of(query, visible, likely))
        ]
        read = list(dict.fromkeys([*first, *read]))[:RANKED]
    question = Question.of(q)
    ranked = [Ranked(each.id, score(question, q, each)) for each in read]
    # Ids are compared as numbers: the same order, and no call of Python for every comparison.
    return Matches(sorted(ranked, key=lambda each: (-each.score, each.id.int)), total)


def score(question: Question, typed: str, candidate: Candidate) -> int:
    """Return a row's rank, higher is better; the same for the same row and question.

    The very number comes first, then a name that begins so, then the very words, so that a whole
    mail address precedes its like, then words that begin so, then the rest; within each, the name
    most like what was typed.
    """
    likeness = round(fuzz.ratio(question.folded, name_of(candidate.document)) * 100)
    return _tier(question, typed, candidate) * _TIER + likeness


def _tier(question: Question, typed: str, candidate: Candidate) -> int:
    if candidate.number is not None and candidate.number.casefold() == typed.casefold():
        return 4
    if candidate.document.startswith(BEGIN + question.folded):
        return 3
    if all(GAP + word + GAP in candidate.document.replace(END, GAP) for word in question.words):
        return 2
    if all(GAP + word in candidate.document for word in question.words):
        return 1
    return 0


def _read(
    session: Session, query: Query[Any], spec: SearchSpec, found: Predicate
) -> list[Candidate]:
    number: ColumnElement[Any] = cast(null() if spec.number is None else spec.number, Text)
    statement = select(query.listing.model.id, number, spec.text).where(found).limit(RANKED + 1)
    return [Candidate(*row) for row in session.execute(statement)]


def _is_met(session: Session, query: Query[Any], exact: Predicate, visible: Predicate) -> bool:
    """Tell whether anything matches exactly once the query's other conditions are set aside."""
    if not query.conditions:
        return False
    among = and_(visible, living(query))
    return bool(session.execute(select(exists().where(among, exact))).scalar())
