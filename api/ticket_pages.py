"""/tickets/{secret}: the page behind a link in a mail, for people; it needs no script.

Looking at it changes nothing, since programs that check mail look at every link in it. Its form
sends to its own address, whose last part nobody else knows; what another site sends is refused.
"""

from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response

from api import pages
from api.bodies import refuse_bad_text
from api.calls import Call
from api.operations import PUBLIC, Upload, operation
from api.pages import text
from api.problems import Problem, problem_of
from api.refusals import RefusalError
from api.routes.hooks import SECRET_PART
from api.signing_in import Visitor, look_at_ticket, use_ticket
from hub.errors import PostponedError, ValidationError
from hub.i18n import N_, language_of, translate
from hub.signing_in.models import TicketPurpose
from hub.signing_in.rules import MAX_LENGTH, MIN_LENGTH
from hub.signing_in.tickets import Holder

blueprint = Blueprint("ticket_pages", __name__)
FORM = "application/x-www-form-urlencoded"
_LIMIT_BYTES = 16 * 1024
_MOST_FIELDS = 5
_PATH = f"/tickets/<{SECRET_PART}>"
_TITLES = {
    TicketPurpose.INVITATION: N_("Welcome to Hub"),
    TicketPurpose.PASSWORD_RESET: N_("A new password for Hub"),
    TicketPurpose.ADDRESS_VERIFICATION: N_("Is this your address?"),
}
_DONE = {
    TicketPurpose.INVITATION: N_("Your password is set. Sign in with it from now on."),
    TicketPurpose.PASSWORD_RESET: N_("Your password is set. Sign in with it from now on."),
    TicketPurpose.ADDRESS_VERIFICATION: N_("Thank you: the address is confirmed."),
}


@operation(blueprint, "GET", _PATH, permission=PUBLIC, opens_transaction=False, documented=False)
def show_ticket(call: Call, secret: str) -> Response:
    """Return the form of a ticket."""
    try:
        holder = look_at_ticket(secret, call.now)
    except ValidationError as error:
        return _over(call, error)
    return _form(holder, _language(call, holder))


@operation(
    blueprint, "POST", _PATH,
    permission=PUBLIC, body=Upload((FORM,), _LIMIT_BYTES), opens_transaction=False,
    documented=False,
)  # fmt: skip
def submit_ticket(call: Call[bytes], secret: str) -> Response:
    """Use a ticket, and say what came of it."""
    _refuse_other_sites(call)
    try:
        holder = look_at_ticket(secret, call.now)
    except ValidationError as error:
        return _over(call, error)
    language = _language(call, holder)
    try:
        password = _password(call.body) if holder.sets_password else None
        use_ticket(Visitor.of(call), secret, password)
    except (ValidationError, RefusalError, PostponedError) as error:
        return _form(holder, language, problem_of(error))
    done = text(translate(language, _DONE[holder.ticket.purpose]))
    return pages.page("Hub", f"<h1>Hub</h1><p>{done}</p>", language)


def _refuse_other_sites(call: Call[bytes]) -> None:
    if call.request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise RefusalError(
            HTTPStatus.FORBIDDEN, "another_site", N_("Another site has sent this form.")
        )


def _password(body: bytes) -> str:
    """Return the password of a form, which holds it twice.

    Raises:
        ValidationError: the two differ, or it cannot be read.
    """
    try:
        fields = dict(
            parse_qsl(
                body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
            )
        )
    except ValueError as error:
        raise ValidationError.of("", "form", N_("Does not have the right form.")) from error
    password = fields.get("password", "")
    refuse_bad_text("/password", password)
    if password != fields.get("again", ""):
        raise ValidationError.of("/again", "different", N_("The two are not the same."))
    return password


def _language(call: Call[Any, Any], holder: Holder) -> str:
    return language_of(holder.user.locale or call.language)


def _over(call: Call[Any, Any], error: ValidationError) -> Response:
    language = language_of(call.language)
    body = f'<h1>Hub</h1><p class="bad">{text(_words(language, problem_of(error)))}</p>'
    return pages.page("Hub", body, language, status=HTTPStatus.GONE)


def _form(holder: Holder, language: str, problem: Problem | None = None) -> Response:
    title = translate(language, _TITLES[holder.ticket.purpose])
    parts = [
        f"<h1>{text(title)}</h1>",
        f'<p class="soft">{text(holder.user.name)}, {text(holder.ticket.address)}</p>',
    ]
    if problem is not None:
        parts.append(f'<p class="bad" role="alert">{text(_words(language, problem))}</p>')
    parts.append(f'<form method="post">{_fields(holder, language)}</form>')
    status = problem.status if problem else HTTPStatus.OK
    shown = pages.page(title, "".join(parts), language, status=status, has_form=True)
    for name, value in (problem.headers if problem else {}).items():
        shown.headers[name] = value
    return shown


def _fields(holder: Holder, language: str) -> str:
    if not holder.sets_password:
        confirm = text(translate(language, N_("Confirm the address")))
        return f"<p><button>{confirm}</button></p>"
    hint = translate(
        language,
        N_("At least {least} characters; four words that nobody would join are a good one."),
        {"least": MIN_LENGTH},
    )
    # The name of the account lets a password manager know what it keeps.
    account = escape(holder.user.email)
    fields = [
        f'<p class="soft">{text(hint)}</p>',
        f'<input name="username" autocomplete="username" readonly hidden value="{account}">',
    ]
    for name, label in (("password", N_("New password")), ("again", N_("Once more"))):
        fields.append(
            f"<p><label>{text(translate(language, label))}<br>"
            f'<input type="password" name="{name}" autocomplete="new-password" required '
            f'minlength="{MIN_LENGTH}" maxlength="{MAX_LENGTH}"></label></p>'
        )
    button = translate(language, N_("Set the password"))
    return "".join([*fields, f"<p><button>{text(button)}</button></p>"])


def _words(language: str, problem: Problem) -> str:
    if problem.errors:
        return " ".join(translate(language, e.message, e.params) for e in problem.errors)
    return translate(language, problem.message, problem.params)
