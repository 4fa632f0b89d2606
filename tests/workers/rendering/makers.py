"""Facts for the tests of mails and invitations."""

from datetime import UTC, date, datetime

from workers.rendering.mailboxes import Mailbox
from workers.rendering.mails import Envelope
from workers.rendering.readers import Reader
from workers.rendering.reminder_mails import ReminderFacts

COPENHAGEN = "Europe/Copenhagen"
DANE = Reader("da", COPENHAGEN)
BRITON = Reader("en_GB", "Europe/London")
COMPOSED_AT = datetime(2026, 11, 21, 10, 30, 15, 250_000, tzinfo=UTC)
NINE_IN_COPENHAGEN = datetime(2026, 12, 1, 8, tzinfo=UTC)


def make_envelope(*, name: str = "Åse Ægir", sequence: int = 0) -> Envelope:
    return Envelope(
        sender=Mailbox.of("Hub <hub@nordlys.example>"),
        recipient=Mailbox(name, "aase@nordlys.example"),
        message_id=f"<invitation.{sequence}.0192f0c1@nordlys.example>",
        composed_at=COMPOSED_AT,
        reply_to=Mailbox("", "kontor@nordlys.example"),
    )


def make_facts(
    *,
    title: str = "Ring om tilbuddet",
    customer_name: str = "Nordlys Havn ApS",
    last_note: str | None = "Vil have prisen før fredag.",
    location: str = "",
    starts_at: datetime | date = NINE_IN_COPENHAGEN,
    sequence: int = 0,
) -> ReminderFacts:
    return ReminderFacts(
        uid="0192f0c1-0000-7000-8000-000000000001@nordlys.example",
        sequence=sequence,
        title=title,
        starts_at=starts_at,
        customer_name=customer_name,
        phone="+45 12 34 56 78",
        last_note=last_note,
        last_note_on=date(2026, 11, 20),
        location=location,
        link="https://hub.nordlys.example/customers/0192",
    )
