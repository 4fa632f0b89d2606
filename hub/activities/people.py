"""Whom an activity names: those who are to do it, those who take part, the persons it is about."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.assignable import refuse_unassignable_people
from hub.access.models import Team, TeamMember
from hub.access.people import active_among
from hub.activities.models import Activity
from hub.customers.models import Contact
from hub.errors import FieldError, ValidationError
from hub.i18n import N_

USER, CONTACT, EMAIL = "user_id", "contact_id", "email"
_KINDS = (USER, CONTACT, EMAIL)


def users_of(attendees: Iterable[Mapping[str, Any]]) -> list[UUID]:
    """Return the users among those who take part."""
    return [UUID(each[USER]) for each in attendees if USER in each]


def contacts_of(attendees: Iterable[Mapping[str, Any]]) -> list[UUID]:
    """Return the contacts among those who take part."""
    return [UUID(each[CONTACT]) for each in attendees if CONTACT in each]


def stored(attendees: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return attendees as they are kept, each once and in order.

    Raises:
        ValidationError: one is nobody, or several at once.
    """
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for position, each in enumerate(attendees):
        named = [kind for kind in _KINDS if each.get(kind) is not None]
        if len(named) != 1 or (each.get("name") is not None and named != [EMAIL]):
            raise ValidationError.of(
                f"/attendees/{position}", "one_of",
                N_("Name a user, a contact, or somebody else by his address: one of the three."),
            )  # fmt: skip
        [kind] = named
        value = str(each[kind])
        one = {kind: value}
        if each.get("name") is not None:
            one["name"] = each["name"]
        kept.setdefault((kind, value.casefold()), one)
    return list(kept.values())


def refuse_inactive(
    session: Session, field: str, wanted: Collection[UUID], known: Collection[UUID] = ()
) -> None:
    """Pass users who are active, and those who were named before.

    Raises:
        ValidationError: ``unknown_user``, for each who is not.
    """
    fresh = set(wanted) - set(known)
    if not fresh:
        return
    active = active_among(session, fresh)
    errors = [
        FieldError(f"/{field}", "unknown_user", N_("{id} is no active user."), {"id": str(each)})
        for each in sorted(fresh - active)
    ]
    if errors:
        raise ValidationError(*errors)


def refuse_unassignable(
    session: Session, field: str, wanted: Collection[UUID], known: Collection[UUID]
) -> None:
    """Pass people whom activities are assigned to, and those who were named before.

    Raises:
        ValidationError: ``unknown_user``, ``inactive_user`` or ``not_assignable``, for each who is
            not.
    """
    fresh = set(wanted) - set(known)
    refuse_unassignable_people(session, Activity.collection(), field, fresh)


def living_contacts(session: Session, field: str, ids: Collection[UUID]) -> Sequence[Contact]:
    """Return contacts by their ids.

    Raises:
        ValidationError: ``unknown``: there is none of some id.
    """
    if not ids:
        return []
    found = session.scalars(
        select(Contact)
        .where(Contact.id.in_(set(ids)), Contact.deleted_at.is_(None))
        .order_by(Contact.id)
    ).all()
    missing = set(ids) - {each.id for each in found}
    if missing:
        raise ValidationError(
            *(
                FieldError(f"/{field}", "unknown", N_("There is no contact {id}."), {"id": str(i)})
                for i in sorted(missing)
            )
        )
    return found


def refuse_unknown_team(session: Session, team_id: UUID | None) -> None:
    """Pass a team that there is, and none at all.

    Raises:
        ValidationError: ``unknown``: there is none of this id.
    """
    if team_id is None:
        return
    team = session.get(Team, team_id)
    if team is None or team.deleted_at is not None:
        raise ValidationError.of("/team_id", "unknown", N_("There is no such team."))


def only_team_of(session: Session, user_id: UUID | None) -> UUID | None:
    """Return the team that a person is in, None where he is in none or in several."""
    found = session.scalars(
        select(TeamMember.team_id)
        .join(Team, Team.id == TeamMember.team_id)
        .where(TeamMember.user_id == user_id, Team.deleted_at.is_(None))
        .limit(2)
    ).all()
    return found[0] if len(found) == 1 else None
