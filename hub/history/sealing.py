"""Sealing: gives committed events their place in a gap-free hash chain (reliability.md R-63).

Writers never wait for one another: they leave their events unsealed, and one relay at a time seals
them under an advisory lock. Whoever reads by position misses no late commit.

    digest = SHA-256(salt ‖ canonical JSON of the event)
    hash   = SHA-256(hash before ‖ position, eight bytes, big end first ‖ digest)

Erasure empties an event's salt and payload; its digest stays, so that the chain still verifies.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.orm import Session

from hub.history.models import Event, EventSeal, EventUnsealed

BATCH = 1000
_LOCK = 7_215_002  # any constant of our own
_NO_HASH = bytes(32)


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not hold, and why."""

    position: int
    reason: str


def seal(session: Session, limit: int = BATCH) -> int:
    """Seal up to `limit` committed events; returns how many, 0 where another relay is at it."""
    if not session.scalar(select(func.pg_try_advisory_xact_lock(_LOCK))):
        return 0
    chosen = session.scalars(select(EventUnsealed.id).order_by(EventUnsealed.id).limit(limit)).all()
    if not chosen:
        return 0
    head = session.execute(
        select(EventSeal.position, EventSeal.hash).order_by(EventSeal.position.desc()).limit(1)
    ).one_or_none()
    position, previous = (head.position, head.hash) if head else (0, _NO_HASH)
    seals = []
    for happened in session.scalars(select(Event).where(Event.id.in_(chosen)).order_by(Event.id)):
        position += 1
        digest = digest_of(happened)
        previous = chained(previous, position, digest)
        seals.append({"id": happened.id, "position": position, "digest": digest, "hash": previous})
    session.execute(insert(EventSeal), seals)
    session.execute(delete(EventUnsealed).where(EventUnsealed.id.in_(chosen)))
    return len(seals)


def verify(session: Session, first: int = 1, batch: int = 5000) -> Break | None:
    """Walk the chain from a position; returns the first break, None where it holds.

    A cut tail shows only against a head kept elsewhere: see `head` and `compare`.
    """
    previous = _NO_HASH
    if first > 1:
        before = session.scalar(select(EventSeal.hash).where(EventSeal.position == first - 1))
        if before is None:
            return Break(first - 1, "the seal is missing")
        previous = before
    position = first - 1
    while True:
        rows = session.execute(
            select(EventSeal, Event)
            .outerjoin(Event, Event.id == EventSeal.id)
            .where(EventSeal.position > position)
            .order_by(EventSeal.position)
            .limit(batch)
        ).all()
        for sealed, happened in rows:
            position += 1
            broken = _broken(sealed, happened, position, previous)
            if broken:
                return Break(position, broken)
            previous = sealed.hash
        if len(rows) < batch:
            return None
        session.expunge_all()


def head(session: Session) -> tuple[int, str]:
    """Return the last position and its hash, to be kept where no one who cuts the tail reaches."""
    row = session.execute(
        select(EventSeal.position, EventSeal.hash).order_by(EventSeal.position.desc()).limit(1)
    ).one_or_none()
    return (row.position, row.hash.hex()) if row else (0, _NO_HASH.hex())


def compare(session: Session, position: int, kept: str) -> Break | None:
    """Say where the chain differs from a head of it that was kept; None where it does not."""
    found = session.scalar(select(EventSeal.hash).where(EventSeal.position == position))
    if position == 0 or (found is not None and found.hex() == kept):
        return None
    reason = "the seal is missing" if found is None else "it is not the hash that was kept"
    return Break(position, reason)


def digest_of(happened: Event) -> bytes:
    """Return the digest of an event: its salt and its canonical form."""
    canonical = json.dumps(
        {
            "id": str(happened.id),
            "type": happened.type,
            "subject": [happened.subject_type, str(happened.subject_id)],
            "actor": [happened.actor_kind.value, _text(happened.actor_id)],
            "user": _text(happened.user_id),
            "cause": [happened.cause_kind.value, happened.cause_id],
            "changes": happened.changes,
            "data": happened.data,
            "at": happened.at.isoformat(),
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256((happened.salt or b"") + canonical.encode()).digest()


def chained(previous: bytes, position: int, digest: bytes) -> bytes:
    """Return the hash at a position of the chain."""
    return hashlib.sha256(previous + position.to_bytes(8, "big") + digest).digest()


def _broken(
    sealed: EventSeal, happened: Event | None, position: int, previous: bytes
) -> str | None:
    if sealed.position != position:
        return f"position {position} is missing"
    if happened is None:
        return "the event is missing"
    erased = happened.salt is None
    if not erased and digest_of(happened) != sealed.digest:
        return "the event was changed"
    if chained(previous, position, sealed.digest) != sealed.hash:
        return "the hash does not follow from the one before"
    return None


def _text(identifier: UUID | None) -> str | None:
    return str(identifier) if identifier else None


def erase(session: Session, events: Iterable[UUID]) -> None:
    """Empty the payload and salt of events; the chain still verifies (reliability.md R-64)."""
    session.execute(
        text("update event set changes = null, data = null, salt = null where id = any(:ids)"),
        {"ids": list(events)},
    )
