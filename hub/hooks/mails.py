"""A message of a mailbox: a note on what its thread or its sender is of, else a new lead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub import messages
from hub.catalogues import services as catalogues
from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.hooks import inquiries, threads
from hub.hooks.attaching import find_known, hold, values_of
from hub.hooks.models import DeliveryState, HookDelivery
from hub.hooks.wording import body_of
from hub.i18n import N_
from hub.intake import knowing
from hub.leads.models import Lead
from hub.messages import Mail, Person
from hub.messages.headers import listed
from hub.notes import services as notes
from hub.ports import ShopEvent, ShopInquiry, ShopParty
from hub.settings import get_settings

TOPIC = "mail.received"
CHANNEL = "mail"
NOTE_TYPES = ("mail", "note")
"""The type of a mail's note, and that which stands in where an installation has retired it."""

_MOST_LEADS = 100
FORM_SENDERS = "form_senders"
"""The setting of a mailbox that lists which programs write for people."""

_AUTOMATIC = {
    "auto_submitted": N_("It was sent automatically (Auto-Submitted)."),
    "precedence": N_("It was sent to many (Precedence)."),
    "list": N_("It was sent to a mailing list (List-Id)."),
    "report": N_("It is a report of mail that was not delivered, or was read."),
    "null_sender": N_("It asks for no answer (an empty Return-Path)."),
    "daemon": N_("A mail server wrote it."),
    "spam": N_("The mail server takes it for spam."),
}
_OURS = N_(
    "One of us wrote it, and no customer and no open lead has an address that it is sent to. Make"
    " the lead by hand where it is one."
)
_OWN_MAIL = N_("Hub sent it itself.")
_NOBODY = N_("No sender can be read in it. Look at it, and make the lead by hand where it is one.")


@dataclass(frozen=True, slots=True)
class _Mail:
    """One message on its way in."""

    session: Session
    connection: Connection
    delivery: HookDelivery
    facts: Mail
    now: datetime

    def end(self, state: DeliveryState, code: str, text: str) -> DeliveryState:
        """Say why it is not taken."""
        if state is DeliveryState.IGNORED:
            threads.forget(self.session, self.connection, self.facts)
        self.delivery.message = {"code": code, "text": text, "params": {}}
        return state


def read(connection: Connection, delivery: HookDelivery) -> Mail:
    """Return what a stored message says.

    Raises:
        MalformedReplyError: the mailbox did not give it out, or it is built to be unreadable.
    """
    forms = listed(connection.settings.get(FORM_SENDERS))
    return messages.read(delivery.body, forms=forms, told=delivery.headers)


def take(
    session: Session,
    connection: Connection,
    delivery: HookDelivery,
    mail: Mail,
    *,
    now: datetime,
) -> DeliveryState:
    """Take in what a message says, in the caller's transaction; returns what became of it.

    Mail of programs makes nothing. A thread stays together. Mail of somebody whom we know, or of
    one of us to him, is a note on his open lead or on the customer; of anybody else a lead that is
    nobody's, with the mail as its first note.

    Raises:
        ValidationError: a lead lacks what this installation asks of leads.
        ConflictError: another record has what must be new.
    """
    coming = _Mail(session, connection, delivery, mail, now)
    if mail.automatic is not None:
        return coming.end(DeliveryState.IGNORED, mail.automatic, _AUTOMATIC[mail.automatic])
    if mail.sender is None:
        return coming.end(DeliveryState.FAILED, "no_sender", _NOBODY)
    if _hubs_own() in mail.senders:
        return coming.end(DeliveryState.IGNORED, "own_mail", _OWN_MAIL)
    return _take(coming, mail.sender)


def _take(mail: _Mail, sender: Person) -> DeliveryState:
    session = mail.session
    party = ShopParty(None, sender.address, first_name=sender.name)
    said = values_of(party)
    hold(session, said)  # two mailboxes may bring the mail of one sender at once
    ours = threads.is_ours(session, mail.connection, mail.facts)
    copy = _copy_elsewhere(mail)
    if copy is not None:
        mail.delivery.lead_id, mail.delivery.customer_id = copy.lead_id, copy.customer_id
        threads.forget(session, mail.connection, mail.facts)
        return DeliveryState.REPEATED
    subject = threads.find(session, mail.facts)
    if subject is None:
        known = mail.facts.recipients if ours else mail.facts.senders
        subject = _open_lead(session, known) or _customer(session, known)
    if subject is None and not ours:
        subject = find_known(session, mail.connection, party, said)
    if subject is None and ours:
        return mail.end(DeliveryState.IGNORED, "from_us", _OURS)
    if subject is None:
        subject = _make_lead(mail, party)
    if subject is None:
        return mail.end(DeliveryState.FAILED, "no_sender", _NOBODY)
    _note(mail, subject)
    # What we write to several is no thread of one of them: each answers for himself.
    if not ours or threads.is_to_one(mail.facts):
        threads.remember(session, mail.connection, mail.facts, subject)
    return DeliveryState.IMPORTED


def _make_lead(mail: _Mail, party: ShopParty) -> Lead | None:
    first_line = (mail.facts.text or "").partition("\n")[0]
    event = ShopEvent(
        threads.KIND,
        TOPIC,
        party=party,
        inquiry=ShopInquiry(message=mail.facts.subject or first_line),
    )
    return inquiries.make(
        mail.session, mail.connection, event, party, channel=CHANNEL, now=mail.now
    )


def _note(mail: _Mail, subject: Lead | Customer) -> None:
    came_at = mail.facts.received_at
    active = set(catalogues.writings(mail.session, notes.CATALOGUES["type"]).values())
    notes.create(
        mail.session,
        subject,
        body=body_of(mail.facts),
        now=mail.now,
        type=next((each for each in NOTE_TYPES if each in active), NOTE_TYPES[0]),
        at=min(came_at, mail.now) if came_at is not None else None,
        by_caller=False,
    )
    if isinstance(subject, Lead):
        mail.delivery.lead_id = subject.id
    else:
        mail.delivery.customer_id = subject.id


def _hubs_own() -> str:
    return parseaddr(get_settings().mail_from)[1].casefold()


def _copy_elsewhere(mail: _Mail) -> HookDelivery | None:
    """Return the same message where another mailbox has brought it before."""
    return mail.session.scalar(
        select(HookDelivery)
        .where(
            HookDelivery.connection_id.in_(threads.mailboxes()),
            HookDelivery.connection_id != mail.connection.id,
            HookDelivery.deduplication_id == mail.delivery.deduplication_id,
            HookDelivery.state == DeliveryState.IMPORTED,
        )
        .limit(1)
    )


def _open_lead(session: Session, addresses: Sequence[str]) -> Lead | None:
    """Return the newest open lead of somebody, locked; the address named first counts most."""
    folded = func.casefold(Lead.email)
    rows = session.execute(
        select(Lead.id, folded.label("address"))
        .where(
            folded.in_(addresses),
            Lead.email.is_not(None),
            Lead.is_open,
            Lead.deleted_at.is_(None),
        )
        .order_by(Lead.id.desc())
        .limit(_MOST_LEADS)
    ).all()
    for row in sorted(rows, key=lambda each: _place(addresses, each.address)):
        lead = threads.living_lead(session, row.id)
        if lead is not None and lead.is_open:
            return lead
    return None


def _place(addresses: Sequence[str], address: str) -> int:
    return addresses.index(address) if address in addresses else len(addresses)


def _customer(session: Session, addresses: Iterable[str]) -> Customer | None:
    found = knowing.with_mail(session, addresses)
    for address in addresses:
        for customer_id in found.get(address, []):
            customer = knowing.living(session, customer_id)
            if customer is not None:
                return customer
    return None
