"""Roles of the installation's own: composed of rights, a reach and field classes."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.callers import definition_of
from hub.access.granting import refuse_to_grant
from hub.access.lookup import get_record
from hub.access.models import CustomRole, User
from hub.access.principals import Principal
from hub.access.roles import BASE_ROLES, Verb
from hub.errors import ConflictError, FieldError, ValidationError
from hub.held import refuse_held
from hub.i18n import N_


def known_roles(session: Session, codes: Iterable[str]) -> list[str]:
    """Return role codes, each once and in order.

    Raises:
        ValidationError: there are none, or one means nothing; the message says which there are.
    """
    wanted = sorted(set(codes))
    if not wanted:
        raise ValidationError.of("/roles", "required", N_("A user needs a role."))
    known = {*BASE_ROLES, *session.scalars(_live(CustomRole.code))}
    unknown = [code for code in wanted if code not in known]
    if unknown:
        raise ValidationError(
            *(
                FieldError(
                    "/roles", "unknown_role", N_("{role} is no role; there are {allowed}."),
                    {"role": code, "allowed": ", ".join(sorted(known))},
                )
                for code in unknown
            )
        )  # fmt: skip
    return wanted


def create_role(session: Session, principal: Principal, fields: Mapping[str, Any]) -> CustomRole:
    """Make a role.

    Raises:
        ConflictError: ``taken``: a base role or another one has the code.
        ForbiddenError: it would do more than the caller may.
        ValidationError: a right has no such form.
    """
    _check_rights(fields["rights"])
    code = fields["code"]
    if code in BASE_ROLES or session.scalar(_live(CustomRole.id).where(CustomRole.code == code)):
        raise ConflictError(
            "taken", N_("There is a role {role} already."), details={"pointer": "/code"}, role=code
        )
    role = CustomRole(**fields)
    refuse_to_grant(principal, [definition_of(role)])
    session.add(role)
    session.flush()
    return role


def change_role(
    session: Session,
    principal: Principal,
    role_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
) -> CustomRole:
    """Change a role; who has it may do otherwise within seconds.

    Raises:
        NotFoundError, StaleVersionError: as `get_record`.
        ForbiddenError: it does more than the caller may, or would.
        ValidationError: a right has no such form.
    """
    role = get_record(
        session, principal, Verb.CONFIGURE, CustomRole, role_id, expected_version=expected_version
    )
    _check_rights(changes.get("rights", ()))
    refuse_to_grant(principal, [definition_of(role)])
    for field, value in changes.items():
        setattr(role, field, value)
    refuse_to_grant(principal, [definition_of(role)])
    session.flush()
    return role


def refuse_role_in_use(session: Session, role: CustomRole) -> None:
    """Pass where nobody has a role any more.

    Raises:
        HeldError: ``in_use``: somebody has it.
    """
    having = select(User.id).where(User.roles.contains([role.code]), User.deleted_at.is_(None))
    refuse_held(
        session,
        N_("It is kept, somebody has it: {what}. Give them another role first."),
        [(User.entity(), having.order_by(User.id))],
    )


def _check_rights(rights: Iterable[str]) -> None:
    for position, right in enumerate(rights):
        collection, _, verb = right.partition(":")
        if right != "*" and (not collection or verb not in {*Verb, "*"}):
            raise ValidationError.of(
                f"/rights/{position}",
                "right",
                N_("{right} is no right: write for example customers:read, customers:* or *:read."),
                right=right,
            )


def _live(column: Any) -> Any:
    return select(column).where(CustomRole.deleted_at.is_(None))
