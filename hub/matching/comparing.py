"""A party as it is compared: every fact brought to one form, once, when it is written."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import phonenumbers

from hub.matching import addresses, names
from hub.matching.folding import fold
from hub.matching.parties import Party
from hub.matching.words import WEB_MAIL
from hub.settings import get_settings

RULES = 3
"""The version of normalisation, keys and weights; raised with every change of any of them."""

_DIGITS = re.compile(r"\D+")
_NO_LETTERS = re.compile(r"[^0-9A-Z]+")
_HOST = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^/@]*@)?(?:www\d?\.)?([^/:?#\s]+)")
_SECOND_LEVELS = frozenset({"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne"})
_FEWEST_PHONE_DIGITS = 5
_COUNTRY_LETTERS = 2
_DANISH_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Comparable:
    """A party's facts in one form; what is not known is empty."""

    words: tuple[str, ...] = ()
    sisters: tuple[str, ...] = ()
    qualifiers: tuple[str, ...] = ()
    numbered: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    number: str = ""  # the registration number, digits only
    vat: str = ""
    ean: str = ""
    p_number: str = ""
    phone: str = ""
    email: str = ""
    domains: tuple[str, ...] = ()
    house: str = ""
    street: tuple[str, ...] = ()
    postcode: str = ""
    city: str = ""
    country: str = ""

    def stored(self) -> dict[str, Any]:
        """Return what is known, as JSON carries it."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    @classmethod
    def of_stored(cls, stored: dict[str, Any]) -> "Comparable":
        """Return it again from what `stored` gave."""
        facts: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        return cls(**facts)


def comparable(party: Party) -> Comparable:
    """Bring a party's facts to one form; what cannot be read is left out, never refused."""
    country = (party.country or "").strip().upper()
    name = names.parts_of(party.name or "")
    address = addresses.parts_of(party.address or "")
    vat = _vat(party.vat_no, country)
    number = _DIGITS.sub("", party.cvr or "")
    if not number and vat.startswith("DK"):
        number = vat.removeprefix("DK")  # a Danish VAT number is the CVR number with a prefix
    email = (party.email or "").strip().casefold()
    return Comparable(
        words=name.words,
        sisters=name.sisters,
        qualifiers=name.qualifiers,
        numbered=name.numbered,
        forms=name.forms,
        number=number,
        vat=vat,
        ean=_DIGITS.sub("", party.ean or ""),
        p_number=_DIGITS.sub("", party.p_number or ""),
        phone=_phone(party.phone or "", country or get_settings().country),
        email=email if "@" in email else "",
        domains=_domains(email, party.website or ""),
        house=address.house,
        street=address.street,
        postcode=fold(party.postcode or "").replace(" ", ""),
        city=fold(party.city or ""),
        country=country,
    )


def _vat(given: str | None, country: str) -> str:
    vat = _NO_LETTERS.sub("", (given or "").upper())
    if vat.isdigit() and len(vat) == _DANISH_DIGITS and country in {"", "DK"}:
        return "DK" + vat
    return vat


@lru_cache(maxsize=4096)
def _phone(given: str, country: str) -> str:
    digits = _DIGITS.sub("", given)
    if len(digits) < _FEWEST_PHONE_DIGITS:
        return ""
    try:
        parsed = phonenumbers.parse(given, country if len(country) == _COUNTRY_LETTERS else None)
    except phonenumbers.NumberParseException:
        return digits
    if not phonenumbers.is_possible_number(parsed):
        return digits
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _domains(email: str, website: str) -> tuple[str, ...]:
    found = {_domain(email.rpartition("@")[2]), _domain(website)} - WEB_MAIL - {""}
    return tuple(sorted(found))


def _domain(host: str) -> str:
    """Return the part of a host name that somebody registered: ``nordlys.dk``."""
    match = _HOST.match(host.strip().casefold())
    labels = match[1].rstrip(".").split(".") if match else []
    if len(labels) < 2:  # noqa: PLR2004 - a name and its country
        return ""
    kept = 3 if labels[-2] in _SECOND_LEVELS and len(labels[-1]) == _COUNTRY_LETTERS else 2
    return ".".join(labels[-kept:])
