"""Whom records may be assigned to: active people and living teams, of the groups that are set.

The one check of all who assign: by hand, as a record is made, from a file, in a plan, by rotation.
"""

from collections.abc import Collection, Mapping
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    cast,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from hub.access.composing import known_roles
from hub.access.models import Team, TeamMember, User
from hub.configuration import Policy, declare
from hub.configuration.models import Setting
from hub.errors import FieldError, ValidationError, under
from hub.i18n import N_
from hub.remembering import Remembered

TEAM = "team_id"
"""The field that names a team; every other one that assigns names a person."""

_NO_TEAM = N_("There is no such team.")
_NO_USER = N_("There is no such user.")
_INACTIVE = N_("{name} is not active.")
_NOT_ASSIGNABLE = N_("Nothing of this kind is assigned to {name}: other roles and teams are set.")


class Groups(BaseModel):
    """Who may be assigned: whoever has one of the roles, or is in one of the teams.

    Without both it is everybody.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    roles: list[str] = Field(default_factory=list, max_length=50, description="Their codes.")
    teams: list[UUID] = Field(
        default_factory=list,
        max_length=500,
        description="These teams themselves, and their people.",
    )


class AssignmentPolicy(Policy):
    """Whom records may be assigned to, collection by collection."""

    KEY: ClassVar[str] = "assignment"

    customers: Groups = Groups()
    leads: Groups = Groups()
    opportunities: Groups = Groups()
    activities: Groups = Groups()

    def check(self, session: Session) -> None:
        """See `Policy.check`: without its roles and teams nobody could be assigned.

        Raises:
            ValidationError: a role or team is unknown.
        """
        for collection in type(self).model_fields:
            _check_groups(session, getattr(self, collection), f"/{collection}")


declare(
    AssignmentPolicy,
    N_("Assignment"),
    N_("Whom records may be assigned to, collection by collection."),
)


def assignable_people(collection: str) -> ColumnElement[bool]:
    """Return the condition, over users, of those whom records of a collection may be given to."""
    roles, teams = _groups(collection)
    is_member = exists().where(
        TeamMember.user_id == User.id, teams.has_key(cast(TeamMember.team_id, Text))
    )
    is_free = and_(_is_empty(roles), _is_empty(teams))
    in_groups = or_(is_free, roles.has_any(User.roles), is_member)
    return and_(User.active, User.deleted_at.is_(None), in_groups)


def refuse_unassignable(
    session: Session, collection: str, wanted: Mapping[str, UUID | None]
) -> None:
    """Pass where records of a collection may be assigned to everybody that is named.

    Args:
        session: the caller's.
        collection: such as ``customers``.
        wanted: by field; `TEAM` names a team, any other one a person, None nobody.

    Raises:
        ValidationError: names each field with its rule: ``unknown_user``, ``inactive_user``,
            ``unknown_team``, or ``not_assignable``.
    """
    named = {field: each for field, each in wanted.items() if each is not None}
    people = {field: each for field, each in named.items() if field != TEAM}
    errors = _errors_of_people(session, collection, people) if people else []
    if TEAM in named:
        errors += _errors_of_team(session, collection, named[TEAM])
    if errors:
        raise ValidationError(*errors)


def refuse_unassignable_people(
    session: Session, collection: str, field: str, user_ids: Collection[UUID]
) -> None:
    """Pass where records of a collection may be assigned to all the people that one field names.

    Raises:
        ValidationError: as `refuse_unassignable`, for each of them.
    """
    people = {str(each): each for each in sorted(user_ids)}
    errors = _errors_of_people(session, collection, people) if people else []
    if errors:
        raise ValidationError(
            *(FieldError(f"/{field}", each.code, each.message, each.params) for each in errors)
        )


def may_be_assigned(session: Session, collection: str, user_id: UUID) -> bool:
    """Say whether records of a collection may be assigned to somebody."""
    return user_id in _ASSIGNABLE.current(session)[collection]


def _read_assignable(session: Session) -> Mapping[str, frozenset[UUID]]:
    return {
        collection: frozenset(session.scalars(select(User.id).where(assignable_people(collection))))
        for collection in AssignmentPolicy.model_fields
    }


_ASSIGNABLE = Remembered(_read_assignable, User, TeamMember, Setting)


def _groups(collection: str) -> tuple[Any, Any]:
    """Return what is set, read with the question itself: people are assigned to all the time."""
    value: Any = select(Setting.value[collection]).where(
        Setting.key == AssignmentPolicy.KEY, Setting.deleted_at.is_(None)
    )
    groups = type_coerce(value.scalar_subquery(), JSONB)
    return groups["roles"], groups["teams"]


def _is_empty(names: Any) -> ColumnElement[bool]:
    return func.coalesce(func.jsonb_array_length(names), 0) == 0


def _errors_of_people(
    session: Session, collection: str, people: Mapping[str, UUID]
) -> list[FieldError]:
    rows = session.execute(
        select(
            User.id, User.name, User.active, assignable_people(collection).label("assignable")
        ).where(User.id.in_(set(people.values())), User.deleted_at.is_(None))
    )
    found = {row.id: row for row in rows}
    errors = []
    for field, user_id in people.items():
        person = found.get(user_id)
        if person is None:
            errors.append(FieldError(f"/{field}", "unknown_user", _NO_USER))
        elif not person.active:
            params = {"name": person.name}
            errors.append(FieldError(f"/{field}", "inactive_user", _INACTIVE, params))
        elif not person.assignable:
            params = {"name": person.name}
            errors.append(FieldError(f"/{field}", "not_assignable", _NOT_ASSIGNABLE, params))
    return errors


def _errors_of_team(session: Session, collection: str, team_id: UUID) -> list[FieldError]:
    _, teams = _groups(collection)
    team = session.execute(
        select(
            Team.name, or_(_is_empty(teams), teams.has_key(str(team_id))).label("assignable")
        ).where(Team.id == team_id, Team.deleted_at.is_(None))
    ).one_or_none()
    if team is None:
        return [FieldError(f"/{TEAM}", "unknown_team", _NO_TEAM)]
    if not team.assignable:
        return [FieldError(f"/{TEAM}", "not_assignable", _NOT_ASSIGNABLE, {"name": team.name})]
    return []


def _check_groups(session: Session, groups: Groups, pointer: str) -> None:
    if groups.roles:
        with under(pointer):
            known_roles(session, groups.roles)
    living = select(Team.id).where(Team.id.in_(groups.teams), Team.deleted_at.is_(None))
    known = set(session.scalars(living)) if groups.teams else set()
    unknown = [
        FieldError(f"{pointer}/teams/{position}", "unknown_team", _NO_TEAM)
        for position, team_id in enumerate(groups.teams)
        if team_id not in known
    ]
    if unknown:
        raise ValidationError(*unknown)
