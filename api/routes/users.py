"""/users and /me"""

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.schemas.shapes import Page, PageQuery
from api.schemas.users import MePatch, MeView, UserCreate, UserPatch, UserView
from hub.absences.presence import away
from hub.access import services as access
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.predicates import visible
from hub.signing_in import mails
from hub.signing_in.models import TicketPurpose

blueprint = Blueprint("users", __name__)
_VERBS = (Verb.READ, Verb.CONFIGURE)
_TAKEN = {HTTPStatus.CONFLICT: "The address is taken, or no administrator would be left."}


def _view(call: Call[Any, Any], user: User, known: Mapping[UUID, date] | None = None) -> UserView:
    """Return a user as the caller sees him; `known` are those who are away, looked up already."""
    absences = away(call.session, [user.id], now=call.now) if known is None else known
    return UserView.model_validate(user).model_copy(
        update={
            "absent_until": absences.get(user.id),
            "allowed_actions": call.actions("users", user, _VERBS),
        }
    )


def _view_again(call: Call[Any, Any], user_id: UUID) -> UserView:
    return _view(call, get_record(call.session, call.principal, Verb.READ, User, user_id))


@operation(
    blueprint, "GET", "/users",
    permission=Permission(Verb.READ, "users"), query=PageQuery, answer=Page[UserView],
)  # fmt: skip
def list_users(call: Call[None, PageQuery]) -> Answer[Page[UserView]]:
    """List the users, in the order in which they were made."""
    query = select(User).where(User.deleted_at.is_(None), visible(call.principal, Verb.READ, User))
    absences = away(call.session, now=call.now)
    return page(call, query, User, lambda user: _view(call, user, absences), call.query)


@operation(
    blueprint, "POST", "/users",
    permission=Permission(Verb.CONFIGURE, "users"), body=UserCreate, answer=UserView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def create_user(call: Call[UserCreate]) -> UserView:
    """Make a user.

    He is active at once. He gets in by a password, for which you invite him here or later, or by a
    token.
    """
    body = call.body
    user = access.create_user(
        call.session,
        call.principal,
        email=body.email,
        name=body.name,
        roles=body.roles,
        locale=body.locale,
        zone=body.zone,
        phone=body.phone,
        working_hours=body.working_hours.given() if body.working_hours else None,
    )
    if body.invite:
        mails.send_ticket(call.session, user, TicketPurpose.INVITATION, now=call.now)
    return _view(call, user)


@operation(
    blueprint, "GET", "/users/<uuid:user_id>",
    permission=Permission(Verb.READ, "users"), answer=UserView,
)  # fmt: skip
def get_user(call: Call, user_id: UUID) -> UserView:
    """Return a user."""
    return _view_again(call, user_id)


@operation(
    blueprint, "PATCH", "/users/<uuid:user_id>",
    permission=Permission(Verb.CONFIGURE, "users"), body=UserPatch, answer=UserView,
    reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def change_user(call: Call[UserPatch], user_id: UUID) -> UserView:
    """Change a user; one made inactive is out within seconds."""
    user = access.change_user(
        call.session,
        call.principal,
        user_id,
        _changes(call.body),
        expected_version=call.expected_version,
    )
    return _view(call, user)


@operation(
    blueprint, "GET", "/me", permission=Permission(Verb.READ, "me"), answer=MeView,
)  # fmt: skip
def get_me(call: Call) -> MeView:
    """Return who you are, and how far your token reaches."""
    return _me(call, access.get_oneself(call.session, call.principal))


@operation(
    blueprint, "PATCH", "/me",
    permission=Permission(Verb.EDIT, "me"), body=MePatch, answer=MeView,
)  # fmt: skip
def change_me(call: Call[MePatch]) -> MeView:
    """Change your name, language, time zone or phone."""
    user = access.change_oneself(
        call.session,
        call.principal,
        _changes(call.body),
        expected_version=call.expected_version,
    )
    return _me(call, user)


def _changes(body: UserPatch | MePatch) -> dict[str, Any]:
    changes = body.changes()
    if changes.get("working_hours") is not None:
        changes["working_hours"] = changes["working_hours"].given()
    return changes


def _me(call: Call[Any, Any], user: User) -> MeView:
    return MeView(
        **_view(call, user).model_dump(),
        token_id=call.principal.token_id,
        scopes=sorted(call.principal.scopes),
        rights=sorted({right for role in call.principal.roles for right in role.rights}),
        team_ids=sorted(call.principal.standing.team_ids),
    )
