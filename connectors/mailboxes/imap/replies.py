"""What an IMAP server's replies mean to us (RFC 3501, RFC 5530)."""

import imaplib
import re
import ssl
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from connectors.replies import readable
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    TransientError,
)

SYSTEM = "imap"
_LONGEST_WORDS = 300
_NOT_NOW = (b"[UNAVAILABLE]", b"[INUSE]", b"[SERVERBUG]", b"[LIMIT]", b"[OVERQUOTA]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INTERNAL_DATE = re.compile(
    r'INTERNALDATE "([ 0-9][0-9])-([A-Za-z]{3})-([0-9]{4}) '
    r'([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)


def words(data: object) -> str:
    """Return what a server says, on one line and bounded."""
    first: Any = data[0] if isinstance(data, list | tuple) and data else data
    said = first if isinstance(first, bytes) else str(first or "")
    return readable(said, _LONGEST_WORDS) or "no reason given"


def refusal(step: str, data: object) -> ConnectorError:
    """Return the error of a NO: `step` is what was asked for, in words for people."""
    said = words(data)
    if isinstance(data, list) and data and isinstance(data[0], bytes) and is_passing(data[0]):
        return TransientError(SYSTEM, "Not now, says the mail server: {text}", text=said)
    return PermanentError(SYSTEM, "The mail server refuses to {step}: {text}", step=step, text=said)


def login_refusal(data: bytes) -> ConnectorError:
    """Return the error of a log-in that failed."""
    if is_passing(data):
        return TransientError(SYSTEM, "Not now, says the mail server: {text}", text=words([data]))
    return AuthenticationError(
        SYSTEM, "The mail server refuses user and password: {text}", text=words([data])
    )


def is_passing(data: bytes) -> bool:
    """Say whether a refusal may pass by itself."""
    return data.upper().startswith(_NOT_NOW)


def broken(error: Exception) -> ConnectorError:
    """Return the error of a conversation that broke: on the way, or by words that are no IMAP."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return PermanentError(
            SYSTEM,
            "The certificate of the mail server is not trusted: {reason}.",
            reason=error.verify_message,
        )
    is_odd = isinstance(error, imaplib.IMAP4.error) and not isinstance(error, imaplib.IMAP4.abort)
    if is_odd and "* BYE" not in str(error):
        return MalformedReplyError(
            SYSTEM, "The mail server answers something unexpected: {text}", text=words([str(error)])
        )
    return TransientError(
        SYSTEM,
        "The conversation with the mail server broke off: {reason}",
        reason=words([str(error)]) if str(error) else type(error).__name__,
    )


def number(data: object, name: str) -> int:
    """Return a number that the standard promises.

    Raises:
        MalformedReplyError: it is not there.
    """
    first: Any = data[-1] if isinstance(data, list) and data else None
    if not isinstance(first, bytes) or not first.strip().isdigit():
        raise MalformedReplyError(SYSTEM, "The mail server does not say {field}.", field=name)
    return int(first)


def internal_date(head: str) -> datetime | None:
    """Return when a message came into the mailbox; None where the server does not say."""
    found = _INTERNAL_DATE.search(head)
    if found is None or found.group(2).lower() not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    east = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    try:
        local = datetime(
            int(year), _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute),
            int(second), tzinfo=timezone(east),
        )  # fmt: skip
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def search_date(moment: datetime) -> str:
    """Return a day as SEARCH takes it, in English whatever the machine's language."""
    return f"{moment.day}-{_MONTHS[moment.month - 1].capitalize()}-{moment.year:04}"
