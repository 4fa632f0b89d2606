"""Shops: what their webhooks share.

A delivery comes from outside and is believed only as far as its signature: each value is read with
its type, control characters never reach a record, and whatever departs from the vendor's
specification is a `hub.errors.MalformedReplyError` that names the part.
"""

import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from hub.errors import MalformedReplyError
from hub.ports import FieldType, SettingField, ShopParty

SECRET_SETTINGS = (
    SettingField(
        "webhook_secret",
        "Webhook secret",
        required=True,
        secret=True,
        help="The secret that the shop signs with.",
    ),
    SettingField(
        "previous_webhook_secret",
        "Previous webhook secret",
        secret=True,
        help="Still believed while the secret is being replaced; empty it afterwards.",
    ),
)
"""The settings that hold the secrets of a connector which receives webhooks, the newest first."""

SHOP_URL = SettingField(
    "shop_url", "Address of the shop", FieldType.URL, help="For links to its records."
)

_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


class Reader:
    """Reads one JSON object of a delivery; `path` says where in the delivery it stands."""

    def __init__(self, system: str, content: Mapping[str, Any], path: str = "") -> None:
        self._system = system
        self._content = content
        self._path = path

    @classmethod
    def of(cls, system: str, body: bytes) -> "Reader":
        """Read a body that must be a JSON object in UTF-8.

        Raises:
            MalformedReplyError: it is not.
        """
        try:
            content = json.loads(body.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise MalformedReplyError(system, "The body is not JSON in UTF-8.") from error
        if not isinstance(content, dict):
            raise MalformedReplyError(system, "The body is not a JSON object.")
        return cls(system, content)

    def __contains__(self, field: str) -> bool:
        return self._content.get(field) is not None

    def text(self, field: str) -> str | None:
        """Return a text on one line, or a whole number as text; None where there is none."""
        value = self._content.get(field)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise self.unknown(field, "{field} is not a text.")
        return one_line(value) if value else None

    def paragraphs(self, field: str) -> str | None:
        """Return a text of several lines, each as `text` has one; None where there is none."""
        value = self._content.get(field)
        if value is not None and not isinstance(value, str):
            raise self.unknown(field, "{field} is not a text.")
        lines = (one_line(line) or "" for line in (value or "").splitlines())
        return "\n".join(lines).strip("\n") or None

    def required_text(self, field: str) -> str:
        """Return a text that the specification promises."""
        value = self.text(field)
        if value is None:
            raise self.unknown(field, "{field} is missing.")
        return value

    def lenient_text(self, field: str) -> str | None:
        """Return a text that no specification promises: anything else is as good as none."""
        value = self._content.get(field)
        readable = isinstance(value, str | int) and not isinstance(value, bool)
        return self.text(field) if readable else None

    def instant(self, field: str, *, naive_is_utc: bool = False) -> datetime | None:
        """Return a time in UTC; one that names no zone is refused unless it is known to be UTC."""
        written = self.text(field)
        if written is None:
            return None
        try:
            instant = datetime.fromisoformat(written)
            if instant.tzinfo is None and naive_is_utc:
                instant = instant.replace(tzinfo=UTC)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError) as error:  # no time, or before the year 1 in UTC
            raise self.unknown(field, "{field} is not a time.") from error
        raise self.unknown(field, "{field} names no time zone.")

    def day(self, field: str) -> date | None:
        """Return a day, such as ``2026-05-04``."""
        written = self.text(field)
        try:
            return None if written is None else date.fromisoformat(written)
        except ValueError as error:
            raise self.unknown(field, "{field} is not a day.") from error

    def truth(self, field: str) -> bool:
        """Return a yes or no; no where there is none."""
        value = self._content.get(field, False)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.unknown(field, "{field} is not a yes or no.")

    def amount(self, field: str) -> str | None:
        """Return a decimal number written as text, as it was written."""
        value = self.text(field)
        if value is not None and not _AMOUNT.fullmatch(value):
            raise self.unknown(field, "{field} is not an amount.")
        return value

    def part(self, field: str) -> "Reader":
        """Return an object within; an absent one is empty, as is PHP's ``[]``."""
        value = self._content.get(field)
        if value is None or value == []:
            value = {}
        if not isinstance(value, dict):
            raise self.unknown(field, "{field} is not an object.")
        return Reader(self._system, value, f"{self._path}/{field}")

    def parts(self, field: str) -> list["Reader"]:
        """Return the objects of a list; an absent one is empty."""
        value = self._content.get(field)
        if not isinstance(value, list | None):
            raise self.unknown(field, "{field} is not a list.")
        items = enumerate(value or [])
        return [
            Reader(self._system, item, f"{self._path}/{field}/{place}")
            for place, item in items
            if isinstance(item, dict)
        ]

    def lines(self, field: str) -> tuple[str, ...]:
        """Return the texts of a list that say anything; an absent one is empty."""
        value = self._content.get(field)
        if not isinstance(value, list | None) or not all(isinstance(v, str) for v in value or []):
            raise self.unknown(field, "{field} is not a list of texts.")
        return tuple(line for line in map(one_line, value or []) if line)

    def unknown(self, field: str, message: str) -> MalformedReplyError:
        """Return the error of a field that is not as specified; `message` says ``{field}``."""
        return MalformedReplyError(self._system, message, field=f"{self._path}/{field}")


def one_line(value: str) -> str | None:
    """Return a text without line breaks, control characters and outer spaces; None if empty."""
    printable = "".join(
        " " if unicodedata.category(character) in _UNPRINTABLE else character for character in value
    )
    return " ".join(printable.split()) or None


def name_of(party: ShopParty | None) -> str:
    """Return how to call a party in a line for people, as far as is known."""
    if party is None:
        return ""
    person = " ".join(part for part in (party.first_name, party.last_name) if part)
    return party.company or person or party.email or ""


def order_line(number: str, total: str | None, currency: str | None, status: str | None) -> str:
    """Return an order in a line for people, as far as is known."""
    sum_total = f"{total} {currency}" if total and currency else total
    facts = ", ".join(fact for fact in (sum_total, status) if fact)
    return f"Order {number}: {facts}" if facts else f"Order {number}"


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
