"""Company registries, and what the Danish ones share: numbers, states, careful reading."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from stdnum.dk import cvr
from stdnum.no import orgnr

from hub.errors import MalformedReplyError, RejectedError, RemoteFieldError
from hub.ports import CompanyStatus

COPENHAGEN = ZoneInfo("Europe/Copenhagen")

# What the Danish Business Authority writes, folded to lower case: its own spelling varies.
_STATUSES: Mapping[str, CompanyStatus] = {
    "normal": CompanyStatus.ACTIVE,
    "aktiv": CompanyStatus.ACTIVE,
    "under konkurs": CompanyStatus.INSOLVENT,
    "under tvangsopløsning": CompanyStatus.INSOLVENT,
    "under frivillig likvidation": CompanyStatus.INSOLVENT,
    "under rekonstruktion": CompanyStatus.INSOLVENT,
    "under reassumering": CompanyStatus.INSOLVENT,
    "opløst efter konkurs": CompanyStatus.DISSOLVED,
    "opløst efter frivillig likvidation": CompanyStatus.DISSOLVED,
    "opløst efter erklæring": CompanyStatus.DISSOLVED,
    "opløst efter fusion": CompanyStatus.DISSOLVED,
    "opløst efter spaltning": CompanyStatus.DISSOLVED,
    "tvangsopløst": CompanyStatus.DISSOLVED,
    "ophørt": CompanyStatus.DISSOLVED,
    "slettet": CompanyStatus.DISSOLVED,
    "uden retsvirkning": CompanyStatus.DISSOLVED,
}


def status_of(text: str | None) -> CompanyStatus:
    """Return the state that a registry's word for it means, UNKNOWN for one we do not know."""
    return _STATUSES.get((text or "").strip().casefold(), CompanyStatus.UNKNOWN)


def check_number(system: str, number: str, country: str) -> None:
    """Refuse a registration number with a wrong check digit, before it costs a call.

    Args:
        system: whom the error names.
        number: digits only.
        country: DK or NO.

    Raises:
        RejectedError: the number cannot exist.
    """
    plain = number.isascii() and number.isdigit()
    if country == "NO":
        valid = plain and number[:1] in ("8", "9") and orgnr.is_valid(number)
    else:
        valid = plain and cvr.is_valid(number)
    if not valid:
        message = "The check digit is wrong."
        raise RejectedError(
            system,
            "There is no registration number {number}: the check digit is wrong.",
            [RemoteFieldError("number", "check_digit", message)],
            number=number[:20],
        )


class Part:
    """An object of a reply, read member by member; what is not as documented is named by its path.

    A member that is absent, null or an empty text reads as None.
    """

    def __init__(self, system: str, value: object, path: str = "") -> None:
        self.path = path
        self._system = system
        if not isinstance(value, dict):
            raise self.unknown("", "an object")
        self._members: dict[str, Any] = value

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def text(self, name: str) -> str | None:
        """Return a text; a whole number is taken as its digits, since both are sent."""
        value = self._members.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            raise self.unknown(name, "a text")
        return (value or "").strip() or None

    def required(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if value is None:
            raise self.unknown(name, "a text")
        return value

    def flag(self, name: str, *, absent: bool | None = None) -> bool:
        """Return a truth value; one not there is `absent`, or refused where that is None."""
        value = self._members.get(name)
        if value is None and absent is not None:
            return absent
        if not isinstance(value, bool):
            raise self.unknown(name, "true or false")
        return value

    def day(self, name: str) -> date | None:
        """Return an ISO date."""
        value = self.text(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError as error:
            raise self.unknown(name, "a date") from error

    def part(self, name: str) -> "Part | None":
        """Return an object within."""
        value = self._members.get(name)
        return None if value is None else Part(self._system, value, self._at(name))

    def parts(self, name: str) -> list["Part"]:
        """Return the objects of a list; none where it is absent."""
        value = self._members.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.unknown(name, "a list")
        return [
            Part(self._system, item, f"{self._at(name)}[{index}]")
            for index, item in enumerate(value)
        ]

    def unknown(self, name: str, expected: str) -> MalformedReplyError:
        """Return the error that a member is not what the documentation says."""
        return MalformedReplyError(
            self._system,
            "The field {field} of its reply is not {expected}.",
            field=self._at(name) or "body",
            expected=expected,
        )

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path and name else self.path or name
