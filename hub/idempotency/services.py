"""Claiming a key, keeping the answer, giving it again (design.md §9, reliability.md R-30 to R-32).

The row is written in the write's own transaction: a refusal rolls it back, so that only answers of
writes that were committed are kept. A second request with the key waits on the unique index until
the first is through; where that takes longer than the lock time-out it is told so.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.errors import LockNotAvailable
from sqlalchemy import ColumnElement, delete, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.db import HubSession, new_id
from hub.errors import ConflictError, DomainError
from hub.i18n import N_
from hub.idempotency.models import IdempotencyKey
from hub.ledger import enqueueing  # noqa: F401 - its listener of the commit stands before ours

KEPT = timedelta(hours=24)
MAX_KEY_LENGTH = 255
_WAITING = "idempotency"


class KeyReusedError(DomainError):
    """The key was used for another request."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Scope:
    """What makes a key unique: other callers, methods and routes have keys of their own."""

    principal_id: UUID
    method: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given; `subject_id` names the record it shows, if it shows one."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    subject_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A key held by this transaction; `earlier` is the answer where it was used before."""

    id: UUID
    earlier: KeptAnswer | None = None


def fingerprint(path: str, content_type: str, body: bytes) -> bytes:
    """Return what tells one request from another under the same key."""
    digest = hashlib.sha256(f"{path}\n{content_type}\n".encode())
    digest.update(body)
    return digest.digest()


def claim(session: Session, scope: Scope, request: bytes, now: datetime) -> Claim:
    """Take a key for this transaction, or find what it answered before.

    Call it before any other write of the transaction: it may have to wait.

    Args:
        session: the write's own.
        scope: whose key for what.
        request: the `fingerprint` of the request.
        now: keys older than `KEPT` are forgotten.

    Raises:
        KeyReusedError: the key belongs to another request.
        ConflictError: the first request with this key is still under way.
    """
    claimed = _insert(session, scope, request, now)
    while claimed is None:
        found = session.execute(
            select(
                IdempotencyKey.id,
                IdempotencyKey.fingerprint,
                IdempotencyKey.status,
                IdempotencyKey.headers,
                IdempotencyKey.body,
                IdempotencyKey.subject_id,
                IdempotencyKey.expires_at,
            ).where(*_is(scope))
        ).one_or_none()
        if found is not None and found.expires_at > now:
            if found.fingerprint != request:
                raise KeyReusedError(
                    N_("This Idempotency-Key was used for another request; take a new one.")
                )
            answer = KeptAnswer(found.status, found.headers, found.body, found.subject_id)
            return Claim(found.id, answer)
        if found is not None:
            session.execute(delete(IdempotencyKey).where(IdempotencyKey.id == found.id))
        claimed = _insert(session, scope, request, now)
    return Claim(claimed)


def keep(session: Session, claimed: Claim, render: Callable[[], KeptAnswer]) -> None:
    """Keep the answer with the commit; `render` is called when all rows and ids are settled."""
    session.info[_WAITING] = (claimed, render)


def purge_expired(session: Session, now: datetime, limit: int = 1000) -> int:
    """Forget keys whose time is up; returns how many, at most `limit`."""
    due = (
        select(IdempotencyKey.id)
        .where(IdempotencyKey.expires_at <= now)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone = session.scalars(
        delete(IdempotencyKey).where(IdempotencyKey.id.in_(due)).returning(IdempotencyKey.id)
    )
    return len(gone.all())


# Plain SQL: every keyed write passes here, and building the statements cost more than they do.
_CLAIM = text("""
    insert into idempotency_key
        (id, principal_id, method, route, key, fingerprint, created_at, expires_at)
    values (:id, :principal_id, :method, :route, :key, :fingerprint, :now, :expires_at)
    on conflict do nothing returning id
""")
_KEEP = text("""
    update idempotency_key
    set status = :status, headers = cast(:headers as jsonb), body = :body, subject_id = :subject_id
    where id = :id
""")


def _insert(session: Session, scope: Scope, request: bytes, now: datetime) -> UUID | None:
    parameters = {
        "id": new_id(),
        "principal_id": scope.principal_id,
        "method": scope.method,
        "route": scope.route,
        "key": scope.key,
        "fingerprint": request,
        "now": now,
        "expires_at": now + KEPT,
    }
    try:
        claimed: UUID | None = session.scalar(_CLAIM, parameters)
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise ConflictError(
                "idempotency_key_in_flight",
                N_("The first request with this Idempotency-Key is still under way."),
            ) from error
        raise
    return claimed


def _is(scope: Scope) -> tuple[ColumnElement[bool], ...]:
    return (
        IdempotencyKey.principal_id == scope.principal_id,
        IdempotencyKey.method == scope.method,
        IdempotencyKey.route == scope.route,
        IdempotencyKey.key == scope.key,
    )


@event.listens_for(HubSession, "before_commit")
def _write(session: Session) -> None:
    # The history's and the ledger's listeners came first: rows and ids are settled.
    if session.in_nested_transaction() or _WAITING not in session.info:
        return
    claimed, render = session.info.pop(_WAITING)
    answer: KeptAnswer = render()
    session.execute(
        _KEEP,
        {
            "id": claimed.id,
            "status": answer.status,
            "headers": json.dumps(dict(answer.headers)),
            "body": answer.body,
            "subject_id": answer.subject_id,
        },
    )
