"""/sessions and /session"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api import cookies
from api.authentication import forget_session
from api.operations import PUBLIC, Answer, Call, Permission, Verb, operation
from api.paging import page
from api.schemas.shapes import Page, PageQuery
from api.schemas.signing_in import PresentSession, SessionView, SignIn
from api.signing_in import Visitor, sign_in
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.errors import ConflictError
from hub.i18n import N_
from hub.signing_in import devices, sessions
from hub.signing_in.models import EndReason, UserSession

blueprint = Blueprint("sessions", __name__)
_VERBS = (Verb.READ, Verb.DELETE)
_TOO_OFTEN = {
    HTTPStatus.UNAUTHORIZED: "The address and the password do not fit (`sign_in_refused`).",
    HTTPStatus.TOO_MANY_REQUESTS: "Tried too often (`too_many_attempts`).",
}
_BY_TOKEN = {HTTPStatus.CONFLICT: "You call with a token (`no_session`)."}


def _view(call: Call[Any, Any], found: UserSession) -> SessionView:
    return SessionView.model_validate(found).model_copy(
        update={
            "allowed_actions": call.actions("sessions", found, _VERBS),
            "is_present": found.id == call.principal.session_id,
        }
    )


@operation(
    blueprint, "POST", "/sessions",
    permission=PUBLIC, body=SignIn, answer=PresentSession, status=HTTPStatus.CREATED,
    refusals=_TOO_OFTEN, opens_transaction=False,
    headers={"Set-Cookie": "`__Host-hub_session`, and a mark of the device."},
)  # fmt: skip
def create_session(call: Call[SignIn]) -> Answer[PresentSession]:
    """Sign in with mail address and password.

    The cookie of the answer signs further requests, each write of them with the CSRF token in the
    header `X-CSRF-Token`. It ends after twelve hours, or half an hour without a request. An unknown
    address, a wrong password and an inactive user are answered alike, and in the same time.
    """
    body = call.body
    made = sign_in(Visitor.of(call), body.email, body.password.get_secret_value())
    cookies.give_session(made.secret)
    cookies.give_device(devices.mark_device(made.session.user_id))
    shown = SessionView.model_validate(made.session).model_dump() | {
        "is_present": True,
        "allowed_actions": [verb.value for verb in _VERBS],
        "csrf_token": sessions.csrf_token(made.secret),
    }
    return Answer(PresentSession(**shown), location=f"/sessions/{made.session.id}")


@operation(
    blueprint, "GET", "/sessions",
    permission=Permission(Verb.READ, "sessions"), query=PageQuery, answer=Page[SessionView],
)  # fmt: skip
def list_sessions(call: Call[None, PageQuery]) -> Answer[Page[SessionView]]:
    """List your sessions, the newest first; an administrator sees those of all users."""
    query = select(UserSession).where(visible(call.principal, Verb.READ, UserSession))
    return page(
        call, query, UserSession, lambda found: _view(call, found), call.query, newest_first=True
    )


@operation(
    blueprint, "GET", "/sessions/<uuid:session_id>",
    permission=Permission(Verb.READ, "sessions"), answer=SessionView,
)  # fmt: skip
def get_session(call: Call, session_id: UUID) -> SessionView:
    """Return a session."""
    found = get_record(call.session, call.principal, Verb.READ, UserSession, session_id)
    return _view(call, found)


@operation(
    blueprint, "POST", "/sessions/<uuid:session_id>/revocation",
    permission=Permission(Verb.DELETE, "sessions"), answer=SessionView,
)  # fmt: skip
def revoke_session(call: Call, session_id: UUID) -> SessionView:
    """End a session: nobody gets in with it five seconds later, wherever Hub runs."""
    found = sessions.revoke(call.session, call.principal, session_id, now=call.now)
    return _view(call, found)


@operation(
    blueprint, "GET", "/session",
    permission=Permission(Verb.READ, "me"), answer=PresentSession, refusals=_BY_TOKEN,
)  # fmt: skip
def get_present_session(call: Call) -> PresentSession:
    """Return the session you call with, and its CSRF token."""
    found = call.session.get_one(UserSession, _present_id(call))
    secret = cookies.session_secret(call.request) or ""
    return PresentSession(**_view(call, found).model_dump(), csrf_token=sessions.csrf_token(secret))


@operation(
    blueprint, "POST", "/session/sign-out",
    permission=Permission(Verb.READ, "me"), status=HTTPStatus.NO_CONTENT, refusals=_BY_TOKEN,
    keeps_answer=False,
)  # fmt: skip
def sign_out(call: Call) -> Answer:
    """End the session you call with."""
    _present_id(call)
    secret = cookies.session_secret(call.request) or ""
    sessions.end_presented(call.session, secret, EndReason.SIGNED_OUT, now=call.now)
    forget_session(secret)
    cookies.take_session()
    return Answer()


def _present_id(call: Call[Any, Any]) -> UUID:
    if call.principal.session_id is None:
        raise ConflictError("no_session", N_("You call with a token; there is no session."))
    return call.principal.session_id
