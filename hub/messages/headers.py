"""The headers of a message: whom it is from, of which thread it is, and who or what wrote it."""

import re
from collections.abc import Iterable
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from hub.messages.texts import decoded, one_line

MOST_ADDRESSES = 50
MOST_IDS = 50
LONGEST_HEADER = 20_000  # characters of one header that are looked at …
LONGEST_WORDS = 2_000  # … and of its words: what is never closed in them takes its square
_LONGEST_ADDRESS = 254  # RFC 5321 4.5.3.1.3
_LONGEST_ID = 400  # RFC 5322 2.1.1 lets no line be longer than 998; what is longer is no id
_ADDRESS = re.compile(r"[^\s<>(),;:\\\"@\[\]]{1,64}@[^\s<>(),;:\\\"@\[\]]{1,253}")
_ID = re.compile(r"<[^<>\s]{1,400}>")

_BULK = frozenset({"bulk", "junk", "list", "auto_reply"})
_DAEMONS = frozenset({"mailer-daemon", "postmaster"})
_REPLIERS = ("X-Autoreply", "X-Autorespond", "X-Autoresponder")


def text_of(message: Message, name: str) -> str | None:
    """Return a header as people read it, on one line; None where there is none or it is empty."""
    return readable(_raw(message, name))


def readable(value: str) -> str | None:
    """Return a header's words, on one line; what is broken in them stays as it was written."""
    value = value[:LONGEST_WORDS]
    try:
        parts = decode_header(value)
    except (HeaderParseError, ValueError):
        return one_line(value)
    words = (decoded(part, charset) if isinstance(part, bytes) else part for part, charset in parts)
    return one_line("".join(words))


def addresses_of(message: Message, *names: str) -> list[tuple[str | None, str]]:
    """Return the people that headers name, each as (name, address in lower case), in order."""
    found: list[tuple[str | None, str]] = []
    for name in names:
        # Taken apart before it is decoded: an encoded name may hold commas and brackets.
        for given, address in _people(_raw(message, name)[:LONGEST_WORDS]):
            # Some programs encode what is not ASCII in an address, too, which RFC 2047 forbids.
            cleaned = (readable(address) or "").casefold()
            if _is_address(cleaned) and cleaned not in {known for _, known in found}:
                found.append((readable(given), cleaned))
    return found[:MOST_ADDRESSES]


def ids_of(message: Message, name: str) -> list[str]:
    """Return the Message-IDs that a header names, in order, each once."""
    found = _ID.findall(one_line(_raw(message, name)) or "")
    return list(dict.fromkeys(found))[-MOST_IDS:]


def message_id_of(message: Message) -> str | None:
    """Return the Message-ID, with its brackets where it has them; None where there is none."""
    raw = one_line(_raw(message, "Message-ID"))
    if raw is None:
        return None
    found = _ID.search(raw)
    return found.group() if found else raw[:_LONGEST_ID]


def thread_of(message: Message) -> tuple[str, ...]:
    """Return the Message-IDs of what a message answers, the nearest first (RFC 5322 3.6.4)."""
    nearest = [*ids_of(message, "In-Reply-To"), *reversed(ids_of(message, "References"))]
    return tuple(dict.fromkeys(nearest))[:MOST_IDS]


def automatic(message: Message) -> str | None:
    """Return why no person wrote a message (RFC 3834), None where one may have."""
    sender = addresses_of(message, "From")[:1]
    signs = {
        "auto_submitted": _first_word(message, "Auto-Submitted") not in {"", "no"}
        or any(name in message for name in _REPLIERS),
        "report": message.get_content_type() == "multipart/report",  # RFC 6522: bounces, receipts
        "null_sender": _raw(message, "Return-Path").strip() == "<>",
        "daemon": any(address.partition("@")[0] in _DAEMONS for _, address in sender),
        "precedence": _first_word(message, "Precedence") in _BULK,
        "list": "List-Id" in message,
        "spam": _first_word(message, "X-Spam-Flag") == "yes",
    }
    return next((why for why, is_so in signs.items() if is_so), None)


def essence(message: Message) -> Iterable[bytes]:
    """Return the headers that copies of one message share, whatever way each has come."""
    for name in ("Message-ID", "From", "Date", "Subject"):
        yield _raw(message, name).encode("utf-8", "replace")


def is_one_of(address: str, wanted: Iterable[str]) -> bool:
    """Say whether an address is one of some, or of a domain among them written ``@example.com``."""
    domain = f"@{address.rpartition('@')[2]}"
    return any(each in {address, domain} for each in wanted)


def listed(value: object) -> list[str]:
    """Return the addresses and domains that a setting lists, parted by commas or spaces."""
    return re.split(r"[\s,;]+", value.casefold().strip(" ,;")) if isinstance(value, str) else []


def _is_address(text: str) -> bool:
    return len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def _first_word(message: Message, name: str) -> str:
    return re.split(r"[\s;(]", _raw(message, name).strip(), maxsplit=1)[0].casefold()


def _people(value: str) -> list[tuple[str, str]]:
    try:
        return getaddresses([value])
    except (RecursionError, ValueError, IndexError):  # brackets within brackets
        return []


def _raw(message: Message, name: str) -> str:
    """Return a header as it was sent, of the first of its name: what is not ASCII as text."""
    wanted = name.casefold()
    for known, value in message.raw_items():
        if known.casefold() == wanted:
            written = str(value)[:LONGEST_HEADER]
            if written.isascii():
                return written
            return decoded(written.encode("utf-8", "surrogateescape"), None)
    return ""
