"""A message as it was sent (RFC 5322, MIME) to what it says."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32
from typing import Any

from hub.errors import MalformedReplyError
from hub.i18n import N_
from hub.messages import headers
from hub.messages.texts import decoded, one_line, paragraphs, text_of_html

MOST_PARTS = 200
MOST_BOUNDARIES = 100  # the parser tries each of them at each line within
MOST_ATTACHMENTS = 50
LONGEST_TEXT = 200_000  # characters; a note takes less
_LONGEST_NAME, _LONGEST_KIND = 200, 100
_SUMMARY = 150

SYSTEM = "mail"
RECEIVED_AT, SIZE, IS_WHOLE, PROBLEM = "received_at", "size_bytes", "is_whole", "problem"
"""What is known of a message beside its bytes: the names of what is stored with it."""

_TOO_DEEP = N_("The message has too many parts within parts.")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Which message it is, by its headers alone: see `Mail`."""

    message_id: str
    senders: tuple[str, ...]
    recipients: tuple[str, ...]


def envelope(raw: bytes) -> Envelope:
    """Return what the headers of a message say of whence it comes."""
    return _envelope(BytesHeaderParser(policy=compat32).parsebytes(raw), raw)


def identify(raw: bytes) -> str:
    """Return what copies of one message share, however each of them has come."""
    message = BytesHeaderParser(policy=compat32).parsebytes(raw)
    digest = hashlib.sha256()
    for part in headers.essence(message):
        digest.update(part + b"\0")
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    digest.update(body or head)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message that is a file; `name` is None where the sender gave it none."""

    name: str | None
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a message names; the address is in lower case."""

    name: str | None
    address: str


@dataclass(frozen=True, slots=True)
class Mail:
    """What a received message says.

    `sender` is who is to be answered (Reply-To), else who it is from; None where nobody can be
    read. `senders` are the addresses that he may be known by. `message_id` is its own, or one made
    of what it says; `follows` are those of its thread, the nearest first. `automatic` says why no
    person wrote it (`hub.messages.headers.automatic`), None where one may have. `is_whole` is False
    where only its beginning was read.
    """

    message_id: str
    sender: Person | None
    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    subject: str | None
    text: str | None
    follows: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    automatic: str | None
    received_at: datetime | None = None
    size_bytes: int = 0
    is_whole: bool = True

    @property
    def summary(self) -> str:
        """Return it in a line for people."""
        who = (self.sender.name or self.sender.address) if self.sender else None
        return " · ".join(each[:_SUMMARY] for each in (who, self.subject) if each) or "Mail"


def read(raw: bytes, *, forms: Iterable[str] = (), told: Mapping[str, Any] | None = None) -> Mail:
    """Return what a message says.

    Args:
        raw: the message, or its beginning.
        forms: senders whose programs write for people, as `headers.is_one_of` takes them.
        told: what is known of it besides, as `hub.hooks.receiving` stores it.

    Raises:
        MalformedReplyError: the mailbox did not give it out, or it is built to be unreadable.
    """
    known = told or {}
    if known.get(PROBLEM):
        raise MalformedReplyError(
            SYSTEM, N_("The mailbox does not give it out: {reason}"), reason=known[PROBLEM]
        )
    message = _parsed(raw)
    known_by = _envelope(message, raw)
    from_, answered = _authors(message)
    why = headers.automatic(message)
    if why is not None and any(headers.is_one_of(address, forms) for _, address in from_):
        why = None
    parts = list(_parts(message))
    return Mail(
        message_id=known_by.message_id,
        sender=_person(answered or from_),
        senders=known_by.senders,
        recipients=known_by.recipients,
        subject=headers.text_of(message, "Subject"),
        text=_text(parts),
        follows=headers.thread_of(message),
        attachments=tuple(_attachments(parts))[:MOST_ATTACHMENTS],
        automatic=why,
        received_at=_instant(known.get(RECEIVED_AT)),
        size_bytes=int(known.get(SIZE) or len(raw)),
        is_whole=known.get(IS_WHOLE) is not False,
    )


def _parsed(raw: bytes) -> Message:
    if raw.lower().count(b"boundary=") > MOST_BOUNDARIES:
        raise MalformedReplyError(SYSTEM, _TOO_DEEP)
    try:
        return BytesParser(policy=compat32).parsebytes(raw)
    except RecursionError as error:
        raise MalformedReplyError(SYSTEM, _TOO_DEEP) from error


def _envelope(message: Message, raw: bytes) -> Envelope:
    return Envelope(
        headers.message_id_of(message) or f"sha256:{identify(raw)}",
        _senders(*_authors(message)),
        tuple(address for _, address in headers.addresses_of(message, "To", "Cc")),
    )


def _authors(message: Message) -> tuple[list[tuple[str | None, str]], list[tuple[str | None, str]]]:
    """Return whom a message is from, and who is to be answered: one of each at most."""
    from_ = headers.addresses_of(message, "From", "Sender")[:1]
    return from_, headers.addresses_of(message, "Reply-To")[:1]


def _person(named: Sequence[tuple[str | None, str]]) -> Person | None:
    if not named:
        return None
    name, address = named[0]
    told = name if name and name.casefold() != address else None
    return Person(told[:_LONGEST_NAME] if told else None, address)


def _senders(
    from_: list[tuple[str | None, str]], answered: list[tuple[str | None, str]]
) -> tuple[str, ...]:
    """Return whom a message may be known by.

    A program of somebody else that answers are not to go to says nothing of who asks: From counts
    beside Reply-To only where both are of one domain.
    """
    if not answered:
        return tuple(address for _, address in from_)
    domain = answered[0][1].rpartition("@")[2]
    same = [address for _, address in from_ if address.rpartition("@")[2] == domain]
    return tuple(dict.fromkeys([answered[0][1], *same]))


def _parts(message: Message) -> Iterator[Message]:
    """Return the parts that are no containers, in order; of an attached message, only that it is.

    Broken containers count as what they hold: the parser keeps their lines as text.
    """
    waiting, seen = [message], 0
    while waiting and seen < MOST_PARTS:
        part, seen = waiting.pop(0), seen + 1
        within = part.get_payload() if part.is_multipart() else None
        if isinstance(within, list) and part.get_content_maintype() == "multipart":
            waiting[:0] = [each for each in within if isinstance(each, Message)]
        else:
            yield part


def _text(parts: list[Message]) -> str | None:
    """Return the plain text of a message, else what its HTML reads as."""
    shown = [part for part in parts if not _is_attached(part)]
    for kind in ("text/plain", "text/html"):
        texts = [_content(part) for part in shown if part.get_content_type() == kind]
        if kind == "text/html":
            texts = [text_of_html(text) for text in texts]
        found = paragraphs("\n\n".join(texts)[:LONGEST_TEXT])
        if found:
            return found
    return None


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or _name(part) is not None


def _attachments(parts: list[Message]) -> Iterator[Attachment]:
    for part in parts:
        if _is_attached(part) or part.get_content_maintype() not in {"text", "multipart"}:
            kind = one_line(part.get_content_type()) or "application/octet-stream"
            yield Attachment(_name(part), kind[:_LONGEST_KIND], len(_bytes(part)))


def _name(part: Message) -> str | None:
    try:
        named = part.get_filename()
    except (LookupError, ValueError):  # an encoding of RFC 2231 that there is not
        return None
    if not named:
        return None
    words = headers.readable(named)
    return words[:_LONGEST_NAME] if words else None


def _content(part: Message) -> str:
    try:
        charset = part.get_content_charset()
    except (LookupError, ValueError):
        charset = None
    return decoded(_bytes(part), charset)


def _bytes(part: Message) -> bytes:
    if part.is_multipart():  # an attached message
        return b""
    try:
        content = part.get_payload(decode=True)
    except ValueError:  # an encoding that holds what it cannot
        content = None
    return content if isinstance(content, bytes) else b""


def _instant(written: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
