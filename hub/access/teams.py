"""Teams: people who work together, who leads them, and the teams above."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from hub.access.models import Team, TeamMember, User
from hub.db import new_id
from hub.errors import ConflictError, FieldError, ValidationError
from hub.held import refuse_held
from hub.history.recording import note_change
from hub.i18n import N_

_TEAMS_LOCK = 0x4855_4210  # "HUB\1": one at a time may move teams, so that no circle is closed


def create_team(session: Session, fields: Mapping[str, Any]) -> Team:
    """Make a team with its first members.

    Raises:
        ValidationError: the manager, a member or the team above is unknown or inactive.
        ConflictError: ``taken``: another team has the name.
    """
    given = dict(fields)
    members = given.pop("member_ids", ())
    _check(session, None, given)
    team = Team(**given)
    session.add(team)
    session.flush()
    set_members(session, team, members)
    return team


def change_team(session: Session, team: Team, changes: Mapping[str, Any]) -> Team:
    """Change a team's name, manager, team above or members (`member_ids`, all of them).

    Raises:
        ValidationError: as `create_team`, or the team would be above itself.
        ConflictError: ``taken``: another team has the name.
    """
    given = dict(changes)
    members = given.pop("member_ids", None)
    _check(session, team, given)
    for field, value in given.items():
        setattr(team, field, value)
    session.flush()
    if members is not None:
        set_members(session, team, members)
    return team


def delete_team(session: Session, team: Team, *, now: Any) -> None:
    """Take a team away; its people stay, and its records are nobody's team's.

    Raises:
        HeldError: ``in_use``: there are teams below it.
    """
    _lock(session)
    below = select(Team.id).where(Team.parent_id == team.id, Team.deleted_at.is_(None))
    refuse_held(
        session,
        N_("It is kept, there are teams below it: {what}. Move them first."),
        [(Team.entity(), below.order_by(Team.id))],
    )
    set_members(session, team, ())
    team.deleted_at = now
    session.flush()


def set_members(session: Session, team: Team, user_ids: Iterable[UUID]) -> None:
    """Make these people, and no others, the members of a team.

    Raises:
        ValidationError: one is unknown or inactive.
    """
    wanted = set(user_ids)
    before = set(members_of(session, team.id))
    _check_people(session, wanted - before, "/member_ids")
    if wanted == before:
        return
    session.execute(
        delete(TeamMember).where(
            TeamMember.team_id == team.id, TeamMember.user_id.in_(before - wanted)
        )
    )
    session.add_all(
        TeamMember(id=new_id(), team_id=team.id, user_id=user_id)
        for user_id in sorted(wanted - before)
    )
    changed = note_change(
        session,
        "team.updated",
        subject_type=Team.entity(),
        subject_id=team.id,
        changes={"member_ids": (sorted(map(str, before)), sorted(map(str, wanted)))},
    )
    if changed:  # else this transaction has moved the version already
        team.version += 1
    session.flush()


def members_of(session: Session, team_id: UUID) -> list[UUID]:
    """Return the people of a team, in the order of their names."""
    return list(
        session.scalars(
            select(TeamMember.user_id)
            .join(User, User.id == TeamMember.user_id)
            .where(TeamMember.team_id == team_id)
            .order_by(User.name, User.id)
        )
    )


def _check(session: Session, team: Team | None, given: Mapping[str, Any]) -> None:
    _lock(session)
    if given.get("manager_user_id") is not None:
        _check_people(session, {given["manager_user_id"]}, "/manager_user_id")
    if given.get("parent_id") is not None:
        _check_parent(session, team, given["parent_id"])
    if "name" in given:
        _refuse_taken(session, team, given["name"])


def _lock(session: Session) -> None:
    session.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _TEAMS_LOCK})


def _check_people(session: Session, user_ids: set[UUID], pointer: str) -> None:
    known = set(
        session.scalars(
            select(User.id).where(User.id.in_(user_ids), User.active, User.deleted_at.is_(None))
        )
    )
    unknown = sorted(user_ids - known)
    if unknown:
        raise ValidationError(
            *(
                FieldError(
                    pointer, "unknown_user", N_("{id} is no active user."), {"id": str(each)}
                )
                for each in unknown
            )
        )


def _check_parent(session: Session, team: Team | None, parent_id: UUID) -> None:
    above = session.get(Team, parent_id)
    if above is None or above.deleted_at is not None:
        raise ValidationError.of("/parent_id", "unknown_team", N_("There is no such team."))
    while above is not None:
        if team is not None and above.id == team.id:
            raise ValidationError.of(
                "/parent_id", "circle", N_("A team cannot be above itself."),
            )  # fmt: skip
        above = session.get(Team, above.parent_id) if above.parent_id else None


def _refuse_taken(session: Session, team: Team | None, name: str) -> None:
    taken = session.scalar(
        select(Team.id).where(
            text("casefold(name) = casefold(:name)").bindparams(name=name),
            Team.deleted_at.is_(None),
        )
    )
    if taken is not None and (team is None or taken != team.id):
        raise ConflictError(
            "taken", N_("There is a team {name} already."),
            details={"existing_id": str(taken), "pointer": "/name"}, name=name,
        )  # fmt: skip
