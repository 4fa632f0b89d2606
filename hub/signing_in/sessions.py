"""Sessions: who is signed in, from where, and until when (reliability.md R-60).

A session ends twelve hours after it began, half an hour after its last request, when its user signs
out, changes his password or is made inactive, and when it is revoked.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.people import are_active
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.signing_in.models import EndReason, UserSession
from hub.signing_in.secrets import as_text, derived, digest, make_secret

LASTS = timedelta(hours=12)
IDLE = timedelta(minutes=30)
SEEN_PRECISION = timedelta(minutes=1)
KEPT = timedelta(days=30)
_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session just begun: its secret is shown once, in the cookie, and never stored."""

    session: UserSession
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presence:
    """What a good cookie stands for, and until when."""

    principal: Principal
    session_id: UUID
    expires_at: datetime


def begin(
    session: Session, user: User, *, address: str | None, agent: str | None, now: datetime
) -> NewSession:
    """Begin a session of a user who has proved who he is; its id and secret are new each time."""
    secret = make_secret("session")
    made = UserSession(
        user_id=user.id,
        secret_hash=digest(secret),
        expires_at=now + LASTS,
        last_seen_at=now,
        address=address,
        agent=_printable(agent) if agent else None,
    )
    session.add(made)
    session.flush()
    return NewSession(made, secret)


def csrf_token(secret: str) -> str:
    """Return what a page must send with every write beside the cookie: another site cannot."""
    return as_text(derived(secret, "csrf token"))


def csrf_token_fits(secret: str, given: str | None) -> bool:
    """Say whether a header holds the session's CSRF token, in constant time."""
    wanted = csrf_token(secret).encode()
    return given is not None and hmac.compare_digest(wanted, given.encode("utf-8", "replace"))


def find(session: Session, secret: str, now: datetime) -> Presence | None:
    """Return who is signed in by a cookie; None where the session is over or the user gone.

    Notes the use of the session, at most once a minute.
    """
    row = session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.secret_hash == digest(secret),
            UserSession.ended_at.is_(None),
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - IDLE,
            are_active(),
        )
    ).one_or_none()
    if row is None:
        return None
    found: UserSession = row.UserSession
    _note_use(session, found, now)
    return Presence(
        principal_of(session, row.User, session_id=found.id), found.id, found.expires_at
    )


def live(session: Session, user_id: UUID) -> list[UserSession]:
    """Return a user's sessions that nobody has ended, locked in the order of their ids."""
    return list(
        session.scalars(
            select(UserSession)
            .where(UserSession.user_id == user_id, UserSession.ended_at.is_(None))
            .order_by(UserSession.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


def end(ended: UserSession, reason: EndReason, *, now: datetime) -> None:
    """End a session in all processes within five seconds; once is as good as twice."""
    if ended.ended_at is None:
        ended.ended_at = now
        ended.end_reason = reason


def end_all(session: Session, user_id: UUID, reason: EndReason, *, now: datetime) -> int:
    """End all sessions of a user; returns how many there were."""
    found = live(session, user_id)
    for each in found:
        end(each, reason, now=now)
    session.flush()
    return len(found)


def end_presented(session: Session, secret: str, reason: EndReason, *, now: datetime) -> None:
    """End the session of a cookie, if there is one."""
    found = session.scalar(
        select(UserSession)
        .where(UserSession.secret_hash == digest(secret))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is not None:
        end(found, reason, now=now)
        session.flush()


def revoke(
    session: Session, principal: Principal, session_id: UUID, *, now: datetime
) -> UserSession:
    """End a session of one's own, or as an administrator anybody's.

    Raises:
        NotFoundError: there is none that the caller may see.
    """
    found = get_record(session, principal, Verb.DELETE, UserSession, session_id)
    is_present = principal.session_id == found.id
    end(found, EndReason.SIGNED_OUT if is_present else EndReason.REVOKED, now=now)
    session.flush()
    return found


def prune(session: Session, now: datetime, limit: int) -> int:
    """Remove sessions that have long been over; returns how many, at most `limit`."""
    due = (
        select(UserSession.id)
        .where(UserSession.expires_at < now - KEPT)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone: Any = session.execute(
        delete(UserSession)
        .where(UserSession.id.in_(due))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)


def _printable(agent: str) -> str:
    return "".join(each for each in agent if each.isprintable())[:_AGENT_LENGTH]


def _note_use(session: Session, found: UserSession, now: datetime) -> None:
    stale = now - SEEN_PRECISION
    if found.last_seen_at > stale:
        return
    # Past the unit of work: being seen is no change of the record.
    session.execute(
        update(UserSession)
        .where(
            UserSession.id == found.id,
            or_(UserSession.last_seen_at <= stale, UserSession.last_seen_at.is_(None)),
        )
        .values(last_seen_at=now)
        .execution_options(synchronize_session=False)
    )
