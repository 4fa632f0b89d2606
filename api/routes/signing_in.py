"""/me/password, /me/address-check, /users/{id}/invitation, /password-resets, /tickets/use"""

from http import HTTPStatus
from uuid import UUID

from flask import Blueprint

from api import cookies
from api.operations import PUBLIC, Answer, Call, Permission, Verb, operation
from api.schemas.jobs import JobView
from api.schemas.signing_in import PasswordChange, PasswordResetRequest, TicketUse, TicketUsed
from api.signing_in import Visitor, change_password, count_request_of_reset, use_ticket
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.services import mail_address
from hub.errors import ConflictError
from hub.i18n import N_
from hub.signing_in import mails, passwords
from hub.signing_in.models import TicketPurpose

blueprint = Blueprint("signing_in", __name__)
_TOO_OFTEN = {HTTPStatus.TOO_MANY_REQUESTS: "Tried too often (`too_many_attempts`)."}


@operation(
    blueprint, "POST", "/me/password",
    permission=Permission(Verb.EDIT, "me"), body=PasswordChange, status=HTTPStatus.NO_CONTENT,
    refusals=_TOO_OFTEN, opens_transaction=False, keeps_answer=False,
)  # fmt: skip
def set_my_password(call: Call[PasswordChange]) -> Answer:
    """Change your password; you need the present one.

    All your sessions end. Where you called with one, the answer carries the cookie of a new one;
    its CSRF token is in `GET /session`. API tokens stay. You are told by mail.
    """
    body = call.body
    made = change_password(
        Visitor.of(call),
        call.principal,
        body.current_password.get_secret_value(),
        body.new_password.get_secret_value(),
    )
    if made is not None:
        cookies.give_session(made.secret)
    return Answer()


@operation(
    blueprint, "POST", "/me/address-check",
    permission=Permission(Verb.EDIT, "me"), answer=JobView, status=HTTPStatus.ACCEPTED,
    refusals={HTTPStatus.CONFLICT: "It was proved before (`address_verified`)."},
)  # fmt: skip
def check_my_address(call: Call) -> Answer[JobView]:
    """Have a mail sent that proves that the address of your profile is yours."""
    user = call.session.get_one(User, call.principal.user_id)
    if user.email_verified_at is not None:
        raise ConflictError("address_verified", N_("Your address was proved before."))
    purpose = TicketPurpose.ADDRESS_VERIFICATION
    return Answer(None, jobs=[mails.send_ticket(call.session, user, purpose, now=call.now)])


@operation(
    blueprint, "POST", "/users/<uuid:user_id>/invitation",
    permission=Permission(Verb.CONFIGURE, "users"), answer=JobView, status=HTTPStatus.ACCEPTED,
    refusals={HTTPStatus.CONFLICT: "The user is not active (`user_inactive`)."},
)  # fmt: skip
def invite_user(call: Call, user_id: UUID) -> Answer[JobView]:
    """Mail a user what lets him choose a password; it works once, within seven days."""
    user = get_record(call.session, call.principal, Verb.CONFIGURE, User, user_id)
    if not user.active:
        raise ConflictError("user_inactive", N_("The user is not active."))
    purpose = TicketPurpose.INVITATION
    return Answer(None, jobs=[mails.send_ticket(call.session, user, purpose, now=call.now)])


@operation(
    blueprint, "POST", "/password-resets",
    permission=PUBLIC, body=PasswordResetRequest, status=HTTPStatus.ACCEPTED, refusals=_TOO_OFTEN,
)  # fmt: skip
def request_password_reset(call: Call[PasswordResetRequest]) -> Answer:
    """Have a mail sent to a user's address, which lets its reader choose a new password.

    Whether there is such a user, the answer does not tell. The mail works once, within an hour; one
    user gets three an hour.
    """
    email = mail_address(call.body.email)
    count_request_of_reset(call.session, Visitor.of(call))
    account = passwords.account_of(call.session, email)
    mails.ask_for_reset(call.session, account.user_id)
    return Answer(None, jobs=[])


@operation(
    blueprint, "POST", "/tickets/use",
    permission=PUBLIC, body=TicketUse, answer=TicketUsed, refusals=_TOO_OFTEN,
    opens_transaction=False,
)  # fmt: skip
def use_mailed_ticket(call: Call[TicketUse]) -> TicketUsed:
    """Use what a mail carried: choose a password, or prove an address.

    It works once. The same can be done on the page that the mail links to. A new password ends all
    sessions of the user.
    """
    body = call.body
    password = body.password.get_secret_value() if body.password is not None else None
    holder = use_ticket(Visitor.of(call), body.ticket.get_secret_value(), password)
    return TicketUsed(purpose=holder.ticket.purpose, email=holder.user.email)
