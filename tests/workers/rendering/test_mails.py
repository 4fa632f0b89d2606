import email
from dataclasses import replace
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from typing import cast

import pytest
from icalendar import Calendar

from hub.ports import OutgoingMail
from tests.workers.rendering.makers import (
    COMPOSED_AT,
    DANE,
    NINE_IN_COPENHAGEN,
    make_envelope,
    make_facts,
)
from workers.rendering.invitations import Invitation, Method
from workers.rendering.mailboxes import Mailbox
from workers.rendering.mails import Attachment, MailContent, compose
from workers.rendering.reminder_mails import Occasion, compose_reminder

CONTENT = MailContent(subject="Testmail fra Hub", text="Æblegrød\n.\n", html="<p>Æblegrød</p>")


def parsed(mail: OutgoingMail) -> EmailMessage:
    message = email.message_from_bytes(mail.raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert all(not part.defects for part in message.walk())
    return message


def structure(message: MIMEPart) -> object:
    if not message.is_multipart():
        return message.get_content_type()
    return {message.get_content_type(): [structure(part) for part in message.iter_parts()]}


@pytest.mark.parametrize(
    ("occasion", "method"),
    [
        (Occasion.INVITATION, "REQUEST"),
        (Occasion.UPDATE, "REQUEST"),
        (Occasion.CANCELLATION, "CANCEL"),
    ],
)
def test_an_invitation_has_exactly_the_structure_that_shows_buttons(
    occasion: Occasion, method: str
) -> None:
    message = parsed(compose_reminder(occasion, make_facts(), DANE, make_envelope()))

    assert structure(message) == {
        "multipart/mixed": [
            {"multipart/alternative": ["text/plain", "text/html", "text/calendar"]},
            "application/ics",
        ]
    }
    alternative, attachment = message.iter_parts()
    calendar = list(alternative.iter_parts())[2]
    assert calendar["Content-Type"].params == {"charset": "utf-8", "method": method}
    assert calendar["Content-Disposition"] is None
    assert attachment.get_filename() == "invite.ics"
    assert attachment.get_content_disposition() == "attachment"
    in_place, attached = calendar.get_payload(decode=True), attachment.get_payload(decode=True)
    assert in_place == attached
    assert f"METHOD:{method}\r\n".encode() in cast("bytes", attached)


def test_the_due_mail_is_text_and_html_only() -> None:
    message = parsed(compose_reminder(Occasion.DUE, make_facts(), DANE, make_envelope()))

    assert structure(message) == {"multipart/alternative": ["text/plain", "text/html"]}


def test_the_headers_are_those_and_no_others() -> None:
    mail = compose_reminder(Occasion.INVITATION, make_facts(), DANE, make_envelope())
    message = parsed(mail)

    assert message.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Reply-To",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ]
    assert message["From"] == "Hub <hub@nordlys.example>"
    assert message["To"] == "Åse Ægir <aase@nordlys.example>"
    assert message["Subject"] == "Påmindelse: Ring om tilbuddet (Nordlys Havn ApS)"
    assert message["Date"] == "Sat, 21 Nov 2026 10:30:15 +0000"
    assert message["Message-ID"] == "<invitation.0.0192f0c1@nordlys.example>"
    assert message["Reply-To"] == "kontor@nordlys.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert (mail.sender, mail.recipient, mail.message_id) == (
        "hub@nordlys.example",
        "aase@nordlys.example",
        "<invitation.0.0192f0c1@nordlys.example>",
    )


def test_the_same_facts_give_the_same_bytes_at_every_try() -> None:
    first = compose_reminder(Occasion.INVITATION, make_facts(), DANE, make_envelope())
    second = compose_reminder(Occasion.INVITATION, make_facts(), DANE, make_envelope())

    assert first == second


def test_what_is_sent_is_ascii_in_short_lines_that_end_in_crlf() -> None:
    facts = make_facts(title="Æ" * 500, customer_name="𝒳 שלום " * 60, last_note="ordet " * 3000)
    raw = compose_reminder(Occasion.INVITATION, facts, DANE, make_envelope(name="Å" * 300)).raw

    assert raw.isascii()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 76


def test_moved_three_times_then_cancelled_keeps_one_uid_and_a_rising_sequence() -> None:
    seen = []
    for sequence in range(5):
        occasion = {0: Occasion.INVITATION, 4: Occasion.CANCELLATION}.get(sequence, Occasion.UPDATE)
        mail = compose_reminder(
            occasion, make_facts(sequence=sequence), DANE, make_envelope(sequence=sequence)
        )
        attachment = list(parsed(mail).iter_parts())[1]
        calendar = Calendar.from_ical(cast("bytes", attachment.get_payload(decode=True)))
        (event,) = calendar.events
        seen.append((str(calendar["method"]), str(event["sequence"]), str(event["uid"])))

    uid = make_facts().uid
    assert seen == [
        (Method.REQUEST, "0", uid),
        (Method.REQUEST, "1", uid),
        (Method.REQUEST, "2", uid),
        (Method.REQUEST, "3", uid),
        (Method.CANCEL, "4", uid),
    ]


def test_texts_and_attachments_arrive_as_they_were_written() -> None:
    workbook = Attachment(
        "Forfaldne og denne uges opgaver – Åse.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        bytes(range(256)) * 10,
    )

    message = parsed(compose(make_envelope(), CONTENT, attachments=[workbook]))

    alternative, attachment = message.iter_parts()
    text, html = alternative.iter_parts()
    assert text.get_content().splitlines() == ["Æblegrød", "."]
    assert html.get_content().strip() == "<p>Æblegrød</p>"
    assert attachment.get_filename() == workbook.filename
    assert attachment.get_payload(decode=True) == workbook.content


@pytest.mark.parametrize(
    ("name", "arrives"),
    [
        ("../../etc/passwd", "-..-etc-passwd"),
        ("", "attachment"),
        ("a\r\nBcc: eve@example.com", "a Bcc- eve@example.com"),
        ("liste.csv", "liste.csv"),
        ("æ" * 60 + ".csv", "æ" * 60 + ".csv"),
    ],
)
def test_a_file_name_arrives_without_folders_or_line_breaks(name: str, arrives: str) -> None:
    file = Attachment(name, "text/csv", b"a;b")

    message = parsed(compose(make_envelope(), CONTENT, attachments=[file]))

    assert list(message.iter_parts())[1].get_filename() == arrives


def test_an_invitation_for_somebody_else_is_a_mistake() -> None:
    envelope = make_envelope()
    party = envelope.recipient
    invitation = Invitation(
        uid="0192@nordlys.example",
        sequence=0,
        method=Method.REQUEST,
        summary="Ring",
        starts_at=NINE_IN_COPENHAGEN,
        organizer=envelope.sender,
        attendee=party,
        stamp=COMPOSED_AT,
    )
    other = replace(envelope, recipient=Mailbox("", "eve@example.com"))

    assert compose(envelope, CONTENT, invitation=invitation).recipient == party.address
    with pytest.raises(ValueError, match="attendee"):
        compose(other, CONTENT, invitation=invitation)


@pytest.mark.parametrize(
    "message_id", ["0192@nordlys.example", "<a b@c>", "<a@b>\r\nBcc: e@x.dk", "<a>", ""]
)
def test_a_malformed_message_id_is_a_mistake(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        compose(replace(make_envelope(), message_id=message_id), CONTENT)


def test_a_malformed_media_type_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="media type"):
        compose(make_envelope(), CONTENT, attachments=[Attachment("a", "text/csv\r\nX: y", b"")])
