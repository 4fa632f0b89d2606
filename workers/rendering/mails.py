"""Mails: content, addresses and a stored identity become the bytes that are sent.

The structure with an invitation is the one that Outlook, Gmail and Apple Mail all show with buttons
(reliability.md section 3.1)::

    multipart/mixed
      multipart/alternative            first, or Outlook does not look inside
        text/plain, text/html, text/calendar; method=…
      application/ics                  the same bytes again, for programs that want a file
      further attachments
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from hub.ports import OutgoingMail
from workers.rendering.invitations import Invitation, render_invitation
from workers.rendering.mailboxes import Mailbox
from workers.rendering.mime import (
    binary_part,
    header,
    mailbox_value,
    multipart,
    text_part,
    text_value,
)

_MESSAGE_ID = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,180}@[A-Za-z0-9.-]{1,64}>")
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send along; `media_type` is such as ``application/pdf``."""

    filename: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class MailContent:
    """What a mail says, twice: the text must be readable on its own."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Whom a mail is from and for, and its identity, stored before the first try.

    `message_id` carries its angle brackets; `composed_at` becomes the Date.
    """

    sender: Mailbox
    recipient: Mailbox
    message_id: str
    composed_at: datetime
    reply_to: Mailbox | None = None


def compose(
    envelope: Envelope,
    content: MailContent,
    *,
    invitation: Invitation | None = None,
    attachments: Sequence[Attachment] = (),
) -> OutgoingMail:
    """Return the message ready to go; equal input gives equal bytes, at every try (R-20).

    Raises:
        ValueError: the message id, a media type or the time is malformed, or the invitation is for
            somebody else than the recipient, whose program would then ignore it.
    """
    _check(envelope, invitation, attachments)
    seed = envelope.message_id
    alternatives = [text_part("plain", content.text), text_part("html", content.html)]
    files = [
        binary_part(file.media_type, file.content, filename=file.filename) for file in attachments
    ]
    if invitation is not None:
        calendar = render_invitation(invitation)
        method = invitation.method.value
        alternatives.append(binary_part(f"text/calendar; charset=utf-8; method={method}", calendar))
        files.insert(
            0, binary_part('application/ics; name="invite.ics"', calendar, filename="invite.ics")
        )
    body = multipart("alternative", alternatives, seed=seed)
    if files:
        body = multipart("mixed", [body, *files], seed=seed)
    raw = _headers(envelope, content.subject) + body
    return OutgoingMail(
        sender=envelope.sender.address,
        recipient=envelope.recipient.address,
        message_id=envelope.message_id,
        raw=raw,
    )


def _headers(envelope: Envelope, subject: str) -> bytes:
    date = format_datetime(envelope.composed_at.astimezone(UTC).replace(microsecond=0))
    lines = [
        header("From", mailbox_value(envelope.sender)),
        header("To", mailbox_value(envelope.recipient)),
        header("Subject", text_value(subject, name_length=len("Subject"))),
        header("Date", date),
        header("Message-ID", envelope.message_id),
    ]
    if envelope.reply_to is not None:
        lines.append(header("Reply-To", mailbox_value(envelope.reply_to)))
    lines += [
        # RFC 3834: programs that answer by themselves (holiday notices) leave such mail alone.
        header("Auto-Submitted", "auto-generated"),
        header("MIME-Version", "1.0"),
    ]
    return b"".join(lines)


def _check(
    envelope: Envelope, invitation: Invitation | None, attachments: Sequence[Attachment]
) -> None:
    if not _MESSAGE_ID.fullmatch(envelope.message_id):
        raise ValueError("the message id is not of the form <unique@domain>")
    if envelope.composed_at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if any(not _MEDIA_TYPE.fullmatch(file.media_type) for file in attachments):
        raise ValueError("an attachment has a malformed media type")
    if invitation is not None and invitation.attendee.address != envelope.recipient.address:
        raise ValueError("an invitation goes to its attendee and to nobody else")
