"""The mails of signing in, from their tickets: what they link to is opened here, kept nowhere."""

from datetime import datetime

from sqlalchemy.orm import Session

from hub import links
from hub.errors import PermanentError
from hub.i18n import N_
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from hub.signing_in import tickets
from hub.signing_in.models import Ticket
from workers.mailing.renderers import Composer, renders
from workers.rendering.mails import Envelope, compose
from workers.rendering.readers import Reader
from workers.rendering.sign_in_mails import (
    LinkFacts,
    changed_content,
    reset_content,
    verification_content,
    welcome_content,
)

_CONTENTS = {
    DeliveryKind.WELCOME: welcome_content,
    DeliveryKind.PASSWORD_RESET: reset_content,
    DeliveryKind.ADDRESS_VERIFICATION: verification_content,
}
_GONE = N_("What it was to carry is gone. Ask for a new one.")


@renders(*_CONTENTS)
def ticket_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the mail of a ticket.

    Raises:
        PermanentError: the ticket's secret is not there any more.
    """
    ticket = session.get(Ticket, delivery.source_id)
    secret = tickets.secret_for_mail(ticket) if ticket else None
    if ticket is None or secret is None:
        raise PermanentError("mail", _GONE)
    content = _CONTENTS[delivery.kind]
    facts = LinkFacts(
        links.absolute(links.ticket_path(secret)), ticket.expires_at, delivery.recipient
    )

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        return compose(envelope, content(facts, reader))

    return make


@renders(DeliveryKind.PASSWORD_CHANGED)
def changed_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the word that a password was changed."""
    del session
    changed_at = datetime.fromisoformat(delivery.facts["changed_at"])

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        return compose(envelope, changed_content(changed_at, links.absolute("/"), reader))

    return make
