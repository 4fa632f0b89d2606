"""The best matches of a quick search, in order.

Match and access first, then a bound, then the rank: ranking every match of a common word would cost
ten times as much at a million rows.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rapidfuzz import fuzz
from sqlalchemy import Text, cast, null, select, union_all
from sqlalchemy.orm import Session

from hub.listing.declaration import Listing, Predicate, SearchSpec
from hub.listing.search import BEGIN, GAP, Question, begins

RANKED = 500  # rows
_SAME_NUMBER = 20  # rows with the very number; more than one only where numbers are not unique
_TIER = 100_000  # above any likeness


@dataclass(frozen=True, slots=True)
class Candidate:
    """A matching row, with what its rank is made of."""

    id: UUID
    number: str | None
    name: str
    document: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A row and its rank, higher is better."""

    id: UUID
    score: int


def best_matches(
    session: Session, listing: Listing[Any], spec: SearchSpec, q: str, found: Predicate
) -> list[Ranked]:
    """Return the best matches of a search, best first, no more than `RANKED`.

    Rows with the very number and names that begin as typed are among them however many others
    match; of the others, the ranked ones are any.

    Args:
        session: where to read.
        listing: whose rows.
        spec: its search.
        q: what was typed.
        found: the predicate of the rows that match and may be seen.
    """
    likeliest = [(begins(spec.text, q), RANKED)]
    if spec.number is not None:
        likeliest.insert(0, (spec.number == q, _SAME_NUMBER))
    statement = union_all(
        *(
            select(
                listing.model.id.label("id"),
                cast(null() if spec.number is None else spec.number, Text).label("number"),
                cast(spec.name, Text).label("name"),
                cast(spec.text, Text).label("document"),
            )
            .where(found, *also)
            .limit(limit)
            for also, limit in [*(((each,), limit) for each, limit in likeliest), ((), RANKED)]
        )
    )
    candidates: dict[UUID, Candidate] = {}
    for row in session.execute(statement):
        if len(candidates) < RANKED:
            candidates.setdefault(row.id, Candidate(row.id, row.number, row.name, row.document))
    question = Question.of(q)
    ranked = [Ranked(each.id, score(question, q, each)) for each in candidates.values()]
    return sorted(ranked, key=lambda each: (-each.score, each.id))


def score(question: Question, typed: str, candidate: Candidate) -> int:
    """Return a row's rank, higher is better; the same for the same row and question.

    The very number comes first, then a name that begins so, then words that begin so, then the
    rest; within each, the name most like what was typed.
    """
    name = Question.of(candidate.name).folded
    likeness = round(fuzz.ratio(question.folded, name) * 100)
    return _tier(question, typed, candidate) * _TIER + likeness


def _tier(question: Question, typed: str, candidate: Candidate) -> int:
    if candidate.number is not None and candidate.number.casefold() == typed.casefold():
        return 3
    if candidate.document.startswith(BEGIN + question.folded):
        return 2
    if all(GAP + word in candidate.document for word in question.words):
        return 1
    return 0
