"""Reads a stored message for people and for the ledger; never fails on what it cannot read."""

import email
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from icalendar import Calendar, Component

_SHOWN = (
    *("METHOD", "UID", "SEQUENCE", "STATUS", "SUMMARY", "DTSTART", "DTEND", "DURATION", "DUE"),
    *("RRULE", "TRANSP", "ORGANIZER", "ATTENDEE", "LOCATION", "DESCRIPTION", "URL", "DTSTAMP"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message; `index` counts them from 0."""

    index: int
    content_type: str
    filename: str | None
    content: bytes
    charset: str
    is_attachment: bool

    @property
    def text(self) -> str:
        """The content as text, with replacement characters where it is none."""
        try:
            return self.content.decode(self.charset, "replace")
        except LookupError:  # a charset that nobody knows
            return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class CalendarPart:
    """What the calendar in a message says; `properties` in a fixed order, for people."""

    method: str | None
    uid: str | None
    sequence: int | None
    properties: tuple[tuple[str, str], ...]
    problem: str | None = None


def headers_of(raw: bytes) -> list[tuple[str, str]]:
    """Return the headers in their order, encoded words read."""
    return [(name, _decoded(value)) for name, value in email.message_from_bytes(raw).items()]


def header_of(raw: bytes, name: str) -> str | None:
    """Return the first header of a name, None where there is none."""
    return next((value for key, value in headers_of(raw) if key.lower() == name.lower()), None)


def parts_of(raw: bytes) -> list[Part]:
    """Return the leaves of a message in their order."""
    return [
        Part(
            index=index,
            content_type=leaf.get_content_type(),
            filename=leaf.get_filename(),
            content=_content(leaf),
            charset=leaf.get_content_charset() or "utf-8",
            is_attachment=leaf.get_content_disposition() == "attachment",
        )
        for index, leaf in enumerate(_leaves(email.message_from_bytes(raw)))
    ]


def calendar_of(raw: bytes) -> CalendarPart | None:
    """Return what the first ``text/calendar`` part says, None where there is no such part."""
    part = next((part for part in parts_of(raw) if part.content_type == "text/calendar"), None)
    if part is None:
        return None
    try:
        calendar = Calendar.from_ical(part.content)
    except ValueError as error:
        return CalendarPart(None, None, None, (), f"it cannot be read: {error}")
    items = [item for item in calendar.walk() if item.name in {"VEVENT", "VTODO", "VJOURNAL"}]
    item = items[0] if items else Component()
    sequence = _written(item, "SEQUENCE")
    found = [(name, _written(calendar, name) or _written(item, name)) for name in _SHOWN]
    return CalendarPart(
        method=_written(calendar, "METHOD"),
        uid=_written(item, "UID"),
        sequence=int(sequence) if sequence is not None and sequence.isdigit() else None,
        properties=tuple((name, value) for name, value in found if value is not None),
        problem=None if items else "it has no event",
    )


def _leaves(message: Message) -> Iterator[Message]:
    for part in message.walk():
        if not part.is_multipart():
            yield part


def _content(leaf: Message) -> bytes:
    content = leaf.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(value: Any) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):  # encoded words that are none
        return str(value)


def _written(component: Component, name: str) -> str | None:
    value = component.get(name)
    if value is None:
        return None
    values = value if isinstance(value, list) else [value]
    return ", ".join(item.to_ical().decode("utf-8", "replace") for item in values)
