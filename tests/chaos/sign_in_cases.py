"""Valid requests for the routes by which people get in."""

from collections.abc import Mapping
from uuid import uuid4

from api import cookies
from hub.access.models import User
from hub.clock import utcnow
from hub.db import transaction
from hub.signing_in import hashing, passwords, sessions, tickets
from hub.signing_in.models import TicketPurpose
from tests.api.signing_in import ANOTHER, PASSWORD, make_person
from tests.chaos.requests import Case, Request
from tests.chaos.scene import Scene


def _sign_in(scene: Scene) -> Request:
    email = _address()
    make_person(email)
    scene.empty_queues()
    return Request("/sessions", {"email": email, "password": PASSWORD})


def _reset(scene: Scene) -> Request:
    email = _address()
    make_person(email)
    return Request("/password-resets", {"email": email})


def _use_ticket(scene: Scene) -> Request:
    user_id = make_person(_address())
    purpose = TicketPurpose.PASSWORD_RESET
    with transaction() as session:
        made = tickets.make(session, session.get_one(User, user_id), purpose, now=utcnow())
    return Request("/tickets/use", {"ticket": made.secret, "password": ANOTHER})


def _change_password(scene: Scene) -> Request:
    hashed = hashing.hash_password(PASSWORD)
    with transaction() as session:
        user = session.get_one(User, scene.caller.user_id)
        passwords.store(session, user, hashed, now=utcnow())
    return Request("/me/password", {"current_password": PASSWORD, "new_password": ANOTHER})


def _end_session(scene: Scene) -> Request:
    with transaction() as session:
        user = session.get_one(User, scene.caller.user_id)
        made = sessions.begin(session, user, address=None, agent=None, now=utcnow())
    return Request(f"/sessions/{made.session.id}/revocation")


def _use_ticket_page(scene: Scene) -> Request:
    used = _use_ticket(scene)
    form = f"password={ANOTHER}&again={ANOTHER}".replace(" ", "+").encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Request(f"/tickets/{used.json['ticket']}", data=form, headers=headers)


def _sign_out(scene: Scene) -> Request:
    with transaction() as session:
        user = session.get_one(User, scene.caller.user_id)
        secret = sessions.begin(session, user, address=None, agent=None, now=utcnow()).secret
    scene.client.set_cookie(cookies.SESSION, secret, secure=True)
    headers = {"Authorization": "", cookies.CSRF_HEADER: sessions.csrf_token(secret)}
    return Request("/session/sign-out", headers=headers)


def _invite(scene: Scene) -> Request:
    return Request(f"/users/{scene.user()['id']}/invitation")


def _narrow(scene: Scene) -> Request:
    token: Mapping[str, str] = scene.token()
    return Request(
        f"/tokens/{token['id']}", {"networks": ["10.0.0.0/8"]}, headers={"If-Match": '"1"'}
    )


def _address() -> str:
    return f"{uuid4().hex}@example.com"


SIGN_IN_CASES: Mapping[str, Case] = {
    "POST /sessions": _sign_in,
    "POST /sessions/<uuid:session_id>/revocation": _end_session,
    "POST /session/sign-out": _sign_out,
    "POST /password-resets": _reset,
    "POST /tickets/use": _use_ticket,
    "POST /tickets/<secret>": _use_ticket_page,
    "POST /me/password": _change_password,
    "POST /me/address-check": lambda _: Request("/me/address-check"),
    "POST /users/<uuid:user_id>/invitation": _invite,
    "PATCH /tokens/<uuid:token_id>": _narrow,
}
