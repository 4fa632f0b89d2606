"""Sharing a record, changing a share, taking it back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant, Team
from hub.access.people import get_active_user
from hub.access.principals import Principal
from hub.access.roles import Level
from hub.db import savepoint
from hub.errors import ConflictError, ValidationError
from hub.history.recording import plain, record
from hub.i18n import N_
from hub.sharing.bounds import require_within_bounds
from hub.sharing.subjects import subject_of

ENTITY = AccessGrant.entity()
SHARED, CHANGED, ENDED = ACTS = ("shared", "share_changed", "unshared")
"""What the history of a shared record calls them."""


@dataclass(frozen=True, slots=True)
class Share:
    """With whom a record is to be shared, how far and why; one of the two ids is given."""

    level: Level
    user_id: UUID | None = None
    team_id: UUID | None = None
    may_share: bool = False
    expires_at: datetime | None = None
    reason: str | None = None


def share(
    session: Session, principal: Principal, subject: Any, wanted: Share, *, now: datetime
) -> AccessGrant:
    """Share a record with a person or a team.

    That the caller may share it at all is for whoever calls to check, by `get_record` with
    `Verb.SHARE`.

    Raises:
        ValidationError: there is no such person or team, it is the owner or the caller himself, or
            it would be over from the start.
        ForbiddenError: the record is shared with the caller himself, and less far.
        ConflictError: ``shared``: it is shared with them already.
    """
    _check_grantee(session, principal, subject, wanted)
    _check_time(wanted.expires_at, now)
    require_within_bounds(
        session, principal, subject, level=wanted.level, expires_at=wanted.expires_at
    )
    return grant(session, subject, wanted, now=now)


def grant(session: Session, subject: Any, wanted: Share, *, now: datetime) -> AccessGrant:
    """Write a share that was decided over already; one that is over gives way.

    Raises:
        ConflictError: ``shared``: as `share`.
    """
    earlier = find(session, subject, wanted.user_id or wanted.team_id)
    if earlier is not None and earlier.is_live:
        raise _shared_already(earlier.id)
    if earlier is not None:
        earlier.deleted_at = now
        session.flush()
    made = AccessGrant(
        subject_type=subject.entity(),
        subject_id=subject.id,
        user_id=wanted.user_id,
        team_id=wanted.team_id,
        level=wanted.level.name.lower(),
        may_share=wanted.may_share,
        reason=wanted.reason,
        expires_at=wanted.expires_at,
    )
    try:
        with savepoint(session):
            session.add(made)
            session.flush()
    except IntegrityError as error:  # somebody else shared it with them at this very moment
        raise _shared_already(None) from error
    _note(session, SHARED, made)
    return made


def widen(session: Session, subject: Any, wanted: Share, *, now: datetime) -> AccessGrant:
    """Let somebody have a share that was decided over, beside what he has of the record already.

    A share of his own becomes as wide as the wider and as long as the longer of the two.
    """
    earlier = find(session, subject, wanted.user_id or wanted.team_id)
    if earlier is None or not earlier.is_live:
        return grant(session, subject, wanted, now=now)
    before = (earlier.level, earlier.expires_at)
    earlier.level = max(Level[earlier.level.upper()], wanted.level).name.lower()
    if earlier.expires_at is not None:
        ends = wanted.expires_at
        earlier.expires_at = None if ends is None else max(earlier.expires_at, ends)
    if (earlier.level, earlier.expires_at) != before:
        session.flush()
        _note(session, "share_changed", earlier)
    return earlier


def change(
    session: Session,
    principal: Principal,
    granted: AccessGrant,
    changes: Mapping[str, Any],
    *,
    now: datetime,
) -> AccessGrant:
    """Change `level`, `may_share`, `expires_at` or `reason` of a share.

    Raises:
        ValidationError: it would be over from the start.
        ForbiddenError: as `share`.
        NotFoundError: the record is gone.
    """
    level = changes.get("level") or Level[granted.level.upper()]
    expires_at = changes.get("expires_at", granted.expires_at)
    if "expires_at" in changes:
        _check_time(expires_at, now)
    require_within_bounds(
        session, principal, subject_of(session, granted), level=level, expires_at=expires_at
    )
    granted.level = level.name.lower()
    granted.expires_at = expires_at
    granted.may_share = changes.get("may_share", granted.may_share)
    granted.reason = changes.get("reason", granted.reason)
    session.flush()
    _note(session, CHANGED, granted)
    return granted


def revoke(session: Session, granted: AccessGrant, *, now: datetime) -> None:
    """Take a share back; what its grantee shared on stays, and is listed with the record."""
    granted.deleted_at = now
    session.flush()
    _note(session, ENDED, granted)


def find(session: Session, subject: Any, grantee_id: UUID | None) -> AccessGrant | None:
    """Return the grant of a record for a person or team, be its time over or not."""
    return session.scalar(
        select(AccessGrant)
        .where(
            AccessGrant.subject_type == subject.entity(),
            AccessGrant.subject_id == subject.id,
            func.coalesce(AccessGrant.user_id, AccessGrant.team_id) == grantee_id,
            AccessGrant.deleted_at.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _check_grantee(session: Session, principal: Principal, subject: Any, wanted: Share) -> None:
    if (wanted.user_id is None) == (wanted.team_id is None):
        raise ValidationError.of(
            "/user_id", "one_of", N_("Name either a person or a team to share it with.")
        )
    if wanted.team_id is not None:
        team = session.get(Team, wanted.team_id)
        if team is None or team.deleted_at is not None:
            raise ValidationError.of("/team_id", "unknown_team", N_("There is no such team."))
        return
    user = get_active_user(session, wanted.user_id, pointer="/user_id")
    if user.id == subject.owner_user_id:
        raise ValidationError.of("/user_id", "owner", N_("It is his own already."))
    if user.id == principal.user_id:  # it would outlast what he has it by
        raise ValidationError.of("/user_id", "oneself", N_("Nobody shares a record with himself."))


def _check_time(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is not None and expires_at <= now:
        raise ValidationError.of("/expires_at", "past", N_("Must lie in the future."))


def _note(session: Session, act: str, granted: AccessGrant) -> None:
    """Tell the shared record's own history of it."""
    data = {
        "grant_id": granted.id,
        "user_id": granted.user_id,
        "team_id": granted.team_id,
        "level": granted.level,
        "may_share": granted.may_share,
        "expires_at": granted.expires_at,
        "reason": granted.reason,
    }
    record(
        session,
        f"{granted.subject_type}.{act}",
        subject_type=granted.subject_type,
        subject_id=granted.subject_id,
        data={name: plain(value) for name, value in data.items() if value is not None},
    )


def _shared_already(existing_id: UUID | None) -> ConflictError:
    return ConflictError(
        "shared",
        N_("It is shared with them already: change that."),
        details={"existing_id": str(existing_id)} if existing_id else {},
    )
