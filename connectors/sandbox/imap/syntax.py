"""IMAP's words: commands taken apart, and names, times and numbers as they are written."""

import base64
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|([()])|([^\s()"\[]*(?:\[[^\]]*\][^\s()]*)?)')
_SHIFTED = re.compile(r"&([^-]*)-")


class UnreadableError(ValueError):
    """A command is none."""


def tokens(line: bytes) -> list[str]:
    """Return the words of a line; quoted strings without their quotes, brackets as words.

    Raises:
        UnreadableError: they cannot be told apart.
    """
    found, place = [], 0
    while place < len(line):
        if line[place : place + 1].isspace():
            place += 1
            continue
        match = _TOKEN.match(line, place)
        if match is None or match.end() == place:
            raise UnreadableError("unreadable words")
        quoted, bracket, atom = match.groups()
        if quoted is not None:
            found.append(re.sub(rb"\\(.)", rb"\1", quoted).decode("ascii", "replace"))
        else:
            found.append((bracket or atom).decode("ascii", "replace"))
        place = match.end()
    return found


def numbers(text: str, last: int) -> Iterator[range]:
    """Return the ranges of a sequence set, such as ``1:3,7,9:*``; a star is the `last`.

    Raises:
        UnreadableError: it is none.
    """
    for part in text.split(","):
        first, _, end = part.partition(":")
        try:
            bounds = [last if each == "*" else int(each) for each in (first, end or first)]
        except ValueError as error:
            raise UnreadableError("no sequence set") from error
        yield range(min(bounds), max(bounds) + 1)


def mailbox_name(sent: str) -> str:
    """Return a folder's name out of modified UTF-7 (RFC 3501 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        coded = match.group(1)
        if not coded:
            return "&"
        padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
        return base64.b64decode(padded).decode("utf-16-be")

    return _SHIFTED.sub(shifted, sent)


def sent_name(name: str) -> str:
    """Return a folder's name in modified UTF-7."""
    sent = []
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if run.isascii():
            sent.append(run.replace("&", "&-"))
        else:
            coded = base64.b64encode(run.encode("utf-16-be")).decode().rstrip("=")
            sent.append(f"&{coded.replace('/', ',')}-")
    return "".join(sent)


def sent_instant(moment: datetime) -> str:
    """Return an instant as INTERNALDATE has it."""
    local = moment.astimezone(timezone(timedelta(hours=1)))
    return f"{local.day:2}-{_MONTHS[local.month - 1]}-{local:%Y %H:%M:%S %z}"


def day_of(text: str) -> date:
    """Return a day as SEARCH has it, such as ``4-May-2026``.

    Raises:
        UnreadableError: it is none.
    """
    try:
        day, month, year = text.split("-")
        return date(int(year), _MONTHS.index(month) + 1, int(day))
    except ValueError as error:
        raise UnreadableError("no date") from error


def server_day(moment: datetime) -> date:
    """Return on which day something came, by the server's own zone."""
    return moment.astimezone(UTC).date()
