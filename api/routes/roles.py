"""/roles"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.roles import BaseRoleView, RoleCreate, RolePatch, RolesView, RoleView
from api.schemas.shapes import Because
from hub.access import composing
from hub.access.lookup import get_record
from hub.access.models import CustomRole
from hub.access.roles import BASE_ROLES

blueprint = Blueprint("roles", __name__)
_VERBS = (Verb.READ, Verb.CONFIGURE)


def _view(call: Call[Any, Any], role: CustomRole) -> RoleView:
    return RoleView.model_validate(role).model_copy(
        update={"allowed_actions": call.actions("roles", role, _VERBS)}
    )


def _view_again(call: Call[Any, Any], role_id: UUID) -> RoleView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, CustomRole, role_id))


@operation(blueprint, "GET", "/roles", permission=Permission(Verb.READ, "roles"), answer=RolesView)
def list_roles(call: Call) -> RolesView:
    """List the roles: those there always are, and the installation's own."""
    own = call.session.scalars(
        select(CustomRole).where(CustomRole.deleted_at.is_(None)).order_by(CustomRole.code)
    )
    return RolesView(
        base=[
            BaseRoleView(
                code=role.code,
                rights=sorted(role.rights),
                reach=role.reach.name.lower(),
                reads=sorted(role.reads),
                writes=sorted(role.writes),
            )
            for role in BASE_ROLES.values()
        ],
        items=[_view(call, role) for role in own],
    )


@operation(
    blueprint, "POST", "/roles",
    permission=Permission(Verb.CONFIGURE, "roles"), body=RoleCreate, answer=RoleView,
    status=HTTPStatus.CREATED, reload=_view_again,
    refusals={HTTPStatus.CONFLICT: "There is a role of this code already."},
)  # fmt: skip
def create_role(call: Call[RoleCreate]) -> RoleView:
    """Compose a role of your own: rights, how far they reach, and which fields it reads."""
    return _view(call, composing.create_role(call.session, call.principal, call.body.model_dump()))


@operation(
    blueprint, "GET", "/roles/<uuid:role_id>",
    permission=Permission(Verb.READ, "roles"), answer=RoleView,
)  # fmt: skip
def get_role(call: Call, role_id: UUID) -> RoleView:
    """Return a role of the installation's own."""
    return _view_again(call, role_id)


@operation(
    blueprint, "PATCH", "/roles/<uuid:role_id>",
    permission=Permission(Verb.CONFIGURE, "roles"), body=RolePatch, answer=RoleView,
)  # fmt: skip
def change_role(call: Call[RolePatch], role_id: UUID) -> RoleView:
    """Change a role; who has it may do otherwise within seconds."""
    role = composing.change_role(
        call.session,
        call.principal,
        role_id,
        call.body.changes(),
        expected_version=call.expected_version,
    )
    return _view(call, role)


@operation(
    blueprint, "DELETE", "/roles/<uuid:role_id>",
    permission=Permission(Verb.CONFIGURE, "roles"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "Somebody has it."},
)  # fmt: skip
def delete_role(call: Call[None, Because], role_id: UUID) -> Answer[None]:
    """Take a role away that nobody has any more."""
    role = get_record(
        call.session, call.principal, Verb.CONFIGURE, CustomRole, role_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, role):
        composing.refuse_role_in_use(call.session, role)
        role.deleted_at = call.now
    return Answer(None)
