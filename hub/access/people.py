"""People who are active: they may act, be asked and be told; all others are only remembered."""

from collections.abc import Collection
from typing import TypeGuard
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.errors import ValidationError
from hub.i18n import N_


def are_active() -> ColumnElement[bool]:
    """Return the condition for the users who are active."""
    return and_(User.active, User.deleted_at.is_(None))


def is_active(user: User | None) -> TypeGuard[User]:
    """Say whether there is a user and he is active."""
    return user is not None and user.active and user.deleted_at is None


def find_active_user(session: Session, user_id: UUID | None) -> User | None:
    """Return a user, None where there is none or he is not active."""
    user = session.get(User, user_id) if user_id is not None else None
    return user if is_active(user) else None


def get_active_user(session: Session, user_id: UUID | None, *, pointer: str) -> User:
    """Return the user that a field names.

    Args:
        session: the caller's.
        user_id: who is named.
        pointer: to the field, as in ``/owner_user_id``.

    Raises:
        ValidationError: ``unknown_user``: there is none, or he is not active.
    """
    user = find_active_user(session, user_id)
    if user is None:
        raise ValidationError.of(
            pointer, "unknown_user", N_("{id} is no active user."), id=str(user_id)
        )
    return user


def find_active_by_email(session: Session, email: str) -> User | None:
    """Return whoever has a mail address, None where nobody active has."""
    return session.scalar(select(User).where(User.email == email.strip().casefold(), are_active()))


def active_among(session: Session, user_ids: Collection[UUID]) -> set[UUID]:
    """Return those of some users who are active."""
    return set(session.scalars(select(User.id).where(User.id.in_(user_ids), are_active())))


def administrators(session: Session) -> list[User]:
    """Return the active administrators, in the order in which they came."""
    return list(
        session.scalars(select(User).where(User.is_administrator, are_active()).order_by(User.id))
    )
