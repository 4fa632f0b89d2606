"""Turns a user into a principal: his roles, his standing, the installation's visibility."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.fields import added_classes
from hub.access.models import ApiToken, CustomRole, User
from hub.access.principals import Principal
from hub.access.roles import ALL, BASE_ROLES, FieldClass, Reach, RoleDefinition, Visibility
from hub.access.standing import standing_of
from hub.settings import get_settings


def principal_of(
    session: Session,
    user: User,
    *,
    scopes: Iterable[str] = (ALL,),
    token_id: UUID | None = None,
    row_filters: Mapping[str, Any] | None = None,
    session_id: UUID | None = None,
) -> Principal:
    """Return a user as one who acts or reads, as everything stands now.

    Args:
        session: where to look.
        user: who; that he is active is the caller's to check.
        scopes: of the token that speaks for him; a star where he does himself.
        token_id: that token.
        row_filters: what it is narrowed to.
        session_id: the session in which he is signed in himself.
    """
    return Principal(
        user_id=user.id,
        roles=definitions(session, user.roles),
        name=user.name,
        locale=user.locale,
        zone=user.zone,
        scopes=frozenset(scopes),
        token_id=token_id,
        session_id=session_id,
        visibility=Visibility(get_settings().visibility),
        standing=standing_of(session, user.id),
        row_filters=row_filters or {},
        added_classes=added_classes(session),
    )


def speaking(session: Session, user: User, token: ApiToken) -> Principal:
    """Return a user as far as a token that speaks for him reaches, whether it is good still or not.

    Whose token it is does not matter: what somebody asked for is made for others too, and for
    them it reaches no further than his token did.
    """
    return replace(
        principal_of(
            session, user, scopes=token.scopes, token_id=token.id, row_filters=token.row_filters
        ),
        is_bounded=bool(token.row_filters or token.networks or token.expires_at),
    )


def definitions(session: Session, codes: Iterable[str]) -> frozenset[RoleDefinition]:
    """Return what the roles of these codes are; one that means nothing any more grants nothing."""
    wanted = set(codes)
    found = {BASE_ROLES[code] for code in wanted & BASE_ROLES.keys()}
    own = wanted - BASE_ROLES.keys()
    if own:
        rows = session.scalars(
            select(CustomRole).where(CustomRole.code.in_(own), CustomRole.deleted_at.is_(None))
        )
        found |= {definition_of(row) for row in rows}
    return frozenset(found)


def definition_of(role: CustomRole) -> RoleDefinition:
    """Return what a role of the installation's own is."""
    return RoleDefinition(
        role.code,
        frozenset(role.rights),
        Reach[role.reach.upper()],
        frozenset(map(FieldClass, role.reads)),
        frozenset(map(FieldClass, role.writes)),
    )
