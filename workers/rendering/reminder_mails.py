"""Mails of a reminder: its invitation, update and cancellation, and the word when it is due."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from hub.i18n import N_
from hub.ports import OutgoingMail
from workers.rendering.invitations import Invitation, Method
from workers.rendering.layouts import Fact, Page, Section, lay_out
from workers.rendering.mails import Envelope, MailContent, compose
from workers.rendering.readers import Reader

DEFAULT_DURATION = timedelta(minutes=15)
MAX_NOTE_LENGTH = 4000
"""Characters of the last note that a mail carries; the link leads to the rest."""


class Occasion(StrEnum):
    """Why the mail is sent; the values are those of a delivery's kind."""

    INVITATION = "invitation"
    UPDATE = "update"
    CANCELLATION = "cancellation"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class ReminderFacts:
    """What the mails of one reminder tell.

    `starts_at` is an instant, or a date for the whole day; `last_note_on` is a local date. `link`
    opens the record. `about` are the numbers and names of leads and opportunities, where it is
    about some; `customer_name` is empty where those have no customer. `phone` is whom to ring.
    """

    uid: str
    sequence: int
    title: str
    starts_at: datetime | date
    customer_name: str
    link: str
    phone: str | None = None
    last_note: str | None = None
    last_note_on: date | None = None
    about: str = ""
    location: str = ""
    duration: timedelta = DEFAULT_DURATION

    @property
    def whom(self) -> str:
        """Whom it is about, in a few words: the customer, else the record."""
        return self.customer_name or self.about


def compose_reminder(
    occasion: Occasion, facts: ReminderFacts, reader: Reader, envelope: Envelope
) -> OutgoingMail:
    """Return the mail of one occasion; all but the due mail carry the calendar's invitation.

    The sender is the organizer and the recipient the attendee; the stamp is the envelope's time.

    Raises:
        ValueError: see `workers.rendering.mails.compose`.
    """
    content = reminder_content(occasion, facts, reader)
    if occasion is Occasion.DUE:
        return compose(envelope, content)
    return compose(envelope, content, invitation=_invitation(occasion, facts, reader, envelope))


def reminder_content(occasion: Occasion, facts: ReminderFacts, reader: Reader) -> MailContent:
    """Return what the mail of one occasion says, in the reader's language and on his clock."""
    words = _WORDS[occasion]
    page = Page(
        language=reader.language,
        subject=reader.words(words.subject, title=facts.title, customer=facts.whom),
        heading=facts.title,
        lead=reader.words(words.lead),
        sections=(
            Section(
                facts=_facts(facts, reader),
                quote_title=_note_title(facts, reader),
                quote=_note(facts),
                link=Fact(reader.words(N_("Open in Hub")), "", facts.link),
            ),
        ),
        footer=reader.words(N_("You receive this because the reminder is yours.")),
    )
    return lay_out(page)


def _invitation(
    occasion: Occasion, facts: ReminderFacts, reader: Reader, envelope: Envelope
) -> Invitation:
    timed = isinstance(facts.starts_at, datetime)
    lines = [f"{fact.label}: {fact.value}" for fact in _facts(facts, reader)[1:]]
    if facts.last_note:
        lines += ["", _note_title(facts, reader), _note(facts)]
    lines += ["", facts.link]
    return Invitation(
        uid=facts.uid,
        sequence=facts.sequence,
        method=Method.CANCEL if occasion is Occasion.CANCELLATION else Method.REQUEST,
        summary=f"{facts.title} ({facts.whom})" if facts.whom else facts.title,
        starts_at=facts.starts_at,
        duration=facts.duration if timed else timedelta(days=1),
        organizer=envelope.sender,
        attendee=envelope.recipient,
        stamp=envelope.composed_at,
        description="\n".join(lines),
        location=facts.location,
        url=facts.link,
    )


def _facts(facts: ReminderFacts, reader: Reader) -> tuple[Fact, ...]:
    when = (
        reader.instant(facts.starts_at)
        if isinstance(facts.starts_at, datetime)
        else reader.words(N_("{day} (all day)"), day=reader.day(facts.starts_at))
    )
    found = [Fact(reader.words(N_("When")), when)]
    if facts.customer_name:
        found.append(Fact(reader.words(N_("Customer")), facts.customer_name))
    if facts.about:
        found.append(Fact(reader.words(N_("About")), facts.about))
    if facts.phone:
        digits = re.sub(r"[^0-9+]", "", facts.phone)
        found.append(Fact(reader.words(N_("Phone")), facts.phone, f"tel:{digits}"))
    if facts.location:
        found.append(Fact(reader.words(N_("Place")), facts.location))
    return tuple(found)


def _note_title(facts: ReminderFacts, reader: Reader) -> str:
    if facts.last_note_on is None:
        return reader.words(N_("Last note"))
    return reader.words(N_("Last note, {day}"), day=reader.short_day(facts.last_note_on))


def _note(facts: ReminderFacts) -> str:
    note = facts.last_note or ""
    return note if len(note) <= MAX_NOTE_LENGTH else note[:MAX_NOTE_LENGTH].rstrip() + " …"


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    lead: str


_WORDS = {
    Occasion.INVITATION: _Words(
        N_("Reminder: {title} ({customer})"),
        N_("A reminder for your calendar."),
    ),
    Occasion.UPDATE: _Words(
        N_("Reminder changed: {title} ({customer})"),
        N_("This reminder was changed. The event in your calendar changes with it."),
    ),
    Occasion.CANCELLATION: _Words(
        N_("Reminder withdrawn: {title} ({customer})"),
        N_("This reminder is done or was cancelled. It is taken out of your calendar."),
    ),
    Occasion.DUE: _Words(
        N_("Now: {title} ({customer})"),
        N_("You asked to be reminded of this now."),
    ),
}
