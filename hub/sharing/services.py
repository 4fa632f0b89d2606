"""Sharing a record, changing a share, taking it back."""

from collections.abc import Iterable, Mapping, Sequence
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
from hub.sharing.bounds import Bound, require_within_bounds, shares_at_will
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
    earlier = _given(session, subject, wanted)
    if live := [each for each in earlier if each.is_live]:
        raise _shared_already(live[0].id)
    return _write(session, subject, wanted, over=earlier, now=now)


def _write(
    session: Session, subject: Any, wanted: Share, *, over: Iterable[AccessGrant], now: datetime
) -> AccessGrant:
    for each in over:
        each.deleted_at = now
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

    Where what he has goes as far and lasts as long, that is all; where it does neither, it is
    widened; else he has both, until the shorter is over.
    """
    earlier = _given(session, subject, wanted)
    live = [each for each in earlier if each.is_live]
    new = Bound(wanted.level, wanted.expires_at)
    for each in live:
        if _reach_of(each).covers(new.level, new.expires_at):
            return each
    for each in live:
        if new.covers(_reach_of(each).level, each.expires_at):
            each.level, each.expires_at = wanted.level.name.lower(), wanted.expires_at
            session.flush()
            _note(session, CHANGED, each)
            return each
    return _write(
        session, subject, wanted, over=[each for each in earlier if each not in live], now=now
    )


def _reach_of(granted: AccessGrant) -> Bound:
    return Bound(Level[granted.level.upper()], granted.expires_at)


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


def _given(session: Session, subject: Any, wanted: Share) -> Sequence[AccessGrant]:
    """Return the grants of a record for a person or team, be their time over or not."""
    return session.scalars(
        select(AccessGrant)
        .where(
            AccessGrant.subject_type == subject.entity(),
            AccessGrant.subject_id == subject.id,
            func.coalesce(AccessGrant.user_id, AccessGrant.team_id)
            == (wanted.user_id or wanted.team_id),
            AccessGrant.deleted_at.is_(None),
        )
        .order_by(AccessGrant.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _check_grantee(session: Session, principal: Principal, subject: Any, wanted: Share) -> None:
    if (wanted.user_id is None) == (wanted.team_id is None):
        raise ValidationError.of(
            "/user_id", "one_of", N_("Name either a person or a team to share it with.")
        )
    if wanted.team_id is not None:
        team = session.get(Team, wanted.team_id)
        if team is None or team.deleted_at is not None:
            raise ValidationError.of("/team_id", "unknown_team", N_("There is no such team."))
        if team.id in principal.standing.team_ids and not shares_at_will(principal, subject):
            raise _with_himself("/team_id")
        return
    user = get_active_user(session, wanted.user_id, pointer="/user_id")
    if user.id == subject.owner_user_id:
        raise ValidationError.of("/user_id", "owner", N_("It is his own already."))
    if user.id == principal.user_id:
        raise _with_himself("/user_id")


def _with_himself(pointer: str) -> ValidationError:
    """Return why a share is none: it would outlast what he has the record by."""
    return ValidationError.of(pointer, "oneself", N_("Nobody shares a record with himself."))


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
