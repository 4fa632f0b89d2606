"""Setting, changing and taking away absences."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.absences.models import Absence
from hub.access.people import get_active_user
from hub.access.predicates import allowed
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.errors import ValidationError
from hub.i18n import N_


def create(
    session: Session,
    principal: Principal,
    *,
    starts_on: date,
    ends_on: date,
    user_id: UUID | None = None,
    reason: str | None = None,
) -> Absence:
    """Say that somebody is away: the caller himself where nobody is named.

    Raises:
        ValidationError: ``order``: it ends before it begins; ``unknown_user``; ``not_yours``: the
            caller does not lead him.
    """
    person = user_id or principal.user_id
    get_active_user(session, person, pointer="/user_id")
    absence = Absence(user_id=person, starts_on=starts_on, ends_on=ends_on, reason=reason)
    _check_order(absence)
    session.add(absence)
    session.flush()
    if not allowed(principal, Verb.EDIT, absence):
        raise ValidationError.of(
            "/user_id", "not_yours", N_("You set absences of your own, and of those you lead.")
        )
    return absence


def change(session: Session, absence: Absence, changes: Mapping[str, Any]) -> Absence:
    """Change the days of an absence or its reason; whose it is stays.

    Raises:
        ValidationError: ``order``: it would end before it begins.
    """
    for name, value in changes.items():
        setattr(absence, name, value)
    _check_order(absence)
    session.flush()
    return absence


def delete(session: Session, absence: Absence, *, now: datetime) -> None:
    """Take an absence away: whoever it was of is there after all."""
    absence.deleted_at = now
    session.flush()


def _check_order(absence: Absence) -> None:
    if absence.ends_on < absence.starts_on:
        raise ValidationError.of("/ends_on", "order", N_("It ends before it begins."))
