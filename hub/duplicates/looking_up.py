"""Records like one record, as everything stands now."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, lazyload

from hub import matching
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.duplicates.kinds import KINDS, Kind, party_of
from hub.duplicates.models import DupCandidate
from hub.matching import Candidate
from hub.sharing.unseen import unseen_like


@dataclass(frozen=True, slots=True)
class Like:
    """A record like another, and the pair they make where it is known already."""

    record: Any
    candidate: Candidate
    pair: DupCandidate | None


def find_like(
    session: Session, principal: Principal, record: Any, *, limit: int = 25
) -> list[Like]:
    """Return the customers and leads like one that a caller may see, the most alike first.

    Those that he may not see count for nothing, in the weights and in the limit too. One that takes
    no part, as a lead of a customer does not, is like nobody.
    """
    own = KINDS[record.entity()]
    if not own.has(session, record.id):
        return []
    facts = matching.prepare(own.entity, party_of(own, record)).facts
    pairs = _pairs_of(session, record.id)
    found = [
        Like(other, candidate, pairs.get(candidate.record_id))
        for kind in KINDS.values()
        for candidate, other in _of_kind(session, principal, kind, own, facts, record.id, limit)
    ]
    found.sort(key=lambda each: (-each.candidate.score, each.candidate.record_id))
    return found[:limit]


def _of_kind(  # noqa: PLR0917 - what is asked of one kind
    session: Session,
    principal: Principal,
    kind: Kind,
    own: Kind,
    facts: matching.Comparable,
    own_id: UUID,
    limit: int,
) -> list[tuple[Candidate, Any]]:
    ready = matching.prepare_facts(kind.entity, facts)
    candidates = matching.find(
        session, kind.entity, ready, exclude=own_id, own=own.entity, limit=limit,
        unseen=unseen_like(session, principal, kind.model, ready),
    )  # fmt: skip
    ids = [candidate.record_id for candidate in candidates]
    seen = {
        other.id: other
        for other in session.scalars(
            select(kind.model).where(
                kind.model.id.in_(ids), kind.takes_part,
                visible(principal, Verb.READ, kind.model),
            )
        )
    }  # fmt: skip
    return [(each, seen[each.record_id]) for each in candidates if each.record_id in seen]


def _pairs_of(session: Session, record_id: UUID) -> dict[UUID, DupCandidate]:
    rows = session.scalars(
        select(DupCandidate)
        .where(or_(DupCandidate.a_id == record_id, DupCandidate.b_id == record_id))
        .options(lazyload("*"))
    )
    return {row.b_id if row.a_id == record_id else row.a_id: row for row in rows}
