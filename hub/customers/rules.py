"""What a customer's fields must be, whoever gives them: a person, a script, a file, a shop."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import bic as iso_bic
from stdnum import ean as gs1
from stdnum import iban as iso_iban
from stdnum.dk import cvr as danish_cvr
from stdnum.exceptions import ValidationError as NumberError

from hub.countries import COUNTRIES
from hub.customers import keyed, numbers
from hub.customers.models import CustomerKind, CustomerRole
from hub.customers.routing import DocumentKind, is_source
from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.money import CURRENCIES
from hub.settings import get_settings
from hub.texts import composed, is_blank

LENGTHS = {
    "name": 255,
    "legal_name": 255,
    "ref_no": 50,
    "p_number": 20,  # as it is typed; what is kept has ten digits
    "vat_no": 20,
    "phone": 255,
    "mobile": 255,
    "email": 255,
    "website": 255,
    "address": 510,
    "postcode": 30,
    "city": 50,
    "region": 100,
    "industry": 255,
    "terms_code": 50,
    "iban": 50,  # as it is typed; at most 34 are kept
    "bic": 20,  # likewise; eight or eleven
    "bank_account": 50,
    "customer_group": 50,
    "note": 10_000,
    "external_ref": 255,
}
"""The longest text of each field; the lengths of e-conomic, so that nothing is cut on its way."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_MANY_LINES = frozenset({"address", "note"})
_KEYED_LENGTH = 100
MIXES = frozenset({"registrations", "handles", "mail_routes", "classifications"})
"""The fields that hold several words; empty, and never None."""


class _BrokenRuleError(Exception):
    def __init__(self, code: str, message: str, *, within: str = "", **params: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.within = within  # the key of the text that breaks it
        self.params = params


def clean(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields in their stored form: trimmed, numbers compact, phones in E.164.

    An empty text becomes None. Only the fields given are looked at.

    Raises:
        ValidationError: names every broken rule.
    """
    cleaned: dict[str, Any] = {}
    errors = []
    for name, value in fields.items():
        try:
            cleaned[name] = _clean_one(name, value, fields)
        except _BrokenRuleError as broken:
            pointer = f"/{name}/{broken.within}" if broken.within else f"/{name}"
            errors.append(FieldError(pointer, broken.code, broken.message, broken.params))
    if errors:
        raise ValidationError(*errors)
    return cleaned


def kept_as(name: str) -> Callable[[str], str]:
    """Return what gives a value of a field its stored form, so that it is found as it is written.

    What is no such value stays as it is: nothing that is kept is like it.
    """

    def stored(text: str) -> str:
        try:
            return clean({name: text})[name] or text
        except ValidationError:
            return text

    return stored


def writable(fields: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the fields, all of which must be among those that may be written.

    Raises:
        ValidationError: ``unknown_field``: one is not.
    """
    unknown = fields.keys() - known
    if unknown:
        raise ValidationError.of(f"/{min(unknown)}", "unknown_field", N_("There is no such field."))
    return dict(fields)


def clean_cvr(text: str) -> str:
    """Return a Danish CVR number as eight digits.

    Raises:
        ValidationError: its form or its check digit is wrong (modulus 11, weights 2 7 6 5 4 3 2 1).
    """
    cleaned: str = clean({"cvr": text})["cvr"]
    return cleaned


def _clean_one(name: str, value: Any, fields: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        value = _text(name, value)
    if value is None:
        if name == "name":
            raise _BrokenRuleError("required", N_("A name is needed."))
        return [] if name in MIXES else None
    rule = _RULES.get(name)
    return rule(value, fields) if rule else value


def _text(name: str, value: str) -> str | None:
    if name in _MANY_LINES:
        value = "\n".join(line.strip() for line in value.replace("\r\n", "\n").split("\n"))
        looked_at = value.replace("\n", "").replace("\t", "")
    else:
        looked_at = value
    if _CONTROL.search(looked_at) or (name not in _MANY_LINES and ("\n" in value or "\t" in value)):
        raise _BrokenRuleError("control_character", N_("It holds control characters."))
    value = composed(value.strip())
    longest = LENGTHS.get(name)
    if longest is not None and len(value) > longest:
        raise _BrokenRuleError(
            "too_long", N_("At most {longest} characters are allowed."), longest=longest
        )
    return None if is_blank(value) else value


def _cvr(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    try:
        return str(danish_cvr.validate(re.sub(r"[\s\-.,/:]", "", value)))
    except NumberError as error:
        raise _BrokenRuleError(
            "check_digit", N_("This is not a CVR number: its length or check digit is wrong.")
        ) from error


def _ean(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    try:
        compact = str(gs1.validate(value))
    except NumberError as error:
        raise _BrokenRuleError(
            "check_digit",
            N_("This is not an EAN (GLN) number: its length or check digit is wrong."),
        ) from error
    if len(compact) != 13:  # noqa: PLR2004 - a GLN has thirteen digits (GS1)
        raise _BrokenRuleError("length", N_("An EAN (GLN) number has thirteen digits."))
    return compact


def _iban(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    try:
        return str(iso_iban.validate(value, check_country=False))  # ISO 13616
    except NumberError as error:
        raise _BrokenRuleError(
            "check_digit", N_("This is not an IBAN: its length or check digits are wrong.")
        ) from error


def _bic(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    try:
        return str(iso_bic.validate(value))  # ISO 9362
    except NumberError as error:
        raise _BrokenRuleError(
            "format", N_("This is not a BIC: it has eight or eleven letters and digits.")
        ) from error


def _bank_account(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z .\-/]*", value):
        raise _BrokenRuleError(
            "format", N_("A bank account has letters, digits, blanks and hyphens only.")
        )
    return " ".join(value.split())


def _vat_no(value: str, fields: Mapping[str, Any]) -> str:
    country = str(fields.get("country") or get_settings().country)
    try:
        return numbers.valid_vat(value, country)
    except ValueError as error:
        raise _BrokenRuleError(
            "check_digit", N_("This is not a VAT number: its form or its check digits are wrong.")
        ) from error


def _registrations(value: Any, fields: Mapping[str, Any]) -> list[str]:
    del fields
    found = {}
    for scheme, number in keyed.given(value).items():
        if scheme not in numbers.SCHEMES:
            raise _BrokenRuleError(
                "unknown", N_("There is no such scheme; there are {allowed}."), within=scheme,
                allowed=", ".join(numbers.SCHEMES),
            )  # fmt: skip
        try:
            found[scheme] = numbers.valid(scheme, number)
        except ValueError as error:
            raise _BrokenRuleError(
                "check_digit",
                N_("This is not a number of {scheme}: its form or its check digits are wrong."),
                within=scheme,
                scheme=scheme,
            ) from error
    return keyed.tags(found)


def _handles(value: Any, fields: Mapping[str, Any]) -> list[str]:
    del fields
    found = {}
    for kind, handle in keyed.given(value).items():
        trimmed = handle.strip()
        if not trimmed or len(trimmed) > _KEYED_LENGTH or _CONTROL.search(trimmed):
            raise _BrokenRuleError(
                "format", N_("A name of one line, of {longest} characters at most."), within=kind,
                longest=_KEYED_LENGTH,
            )  # fmt: skip
        found[kind] = trimmed
    return keyed.tags(found)


def _mail_routes(value: Any, fields: Mapping[str, Any]) -> list[str]:
    del fields
    found = keyed.given(value)
    for kind, source in found.items():
        if kind not in set(DocumentKind):
            raise _BrokenRuleError(
                "unknown", N_("There are no such documents; there are {allowed}."), within=kind,
                allowed=", ".join(DocumentKind),
            )  # fmt: skip
        if not is_source(source):
            raise _BrokenRuleError(
                "unknown",
                N_("Mail goes to customer, main_contact, billing, shipping, contact:… or address:…"
                   " with an id."),
                within=kind,
            )  # fmt: skip
    return keyed.tags(found)


def _mix(value: Any, fields: Mapping[str, Any]) -> list[str]:
    del fields
    return sorted({str(word) for word in value})


def _truth(value: Any, fields: Mapping[str, Any]) -> bool:
    del fields
    return bool(value)


def _p_number(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    compact = re.sub(r"\s", "", value)
    if not re.fullmatch(r"\d{10}", compact):
        raise _BrokenRuleError("format", N_("A P-number has ten digits."))
    return compact


def _phone(value: str, fields: Mapping[str, Any]) -> str:
    country = str(fields.get("country") or get_settings().country).upper()
    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException as error:
        raise _BrokenRuleError("format", N_("This is not a phone number.")) from error
    if not phonenumbers.is_possible_number(number):
        raise _BrokenRuleError("format", N_("This is not a phone number."))
    if number.extension:  # E.164 has none, and dropping it would lose it
        raise _BrokenRuleError(
            "extension",
            N_("The extension {extension} is not kept with a number: write it into a note."),
            extension=number.extension,
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _email(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise _BrokenRuleError("format", N_("This is not a mail address.")) from error


def _website(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    address = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise _BrokenRuleError("format", N_("This is not a web address.")) from error
    if parts.scheme not in {"http", "https"} or "." not in (parts.hostname or ""):
        raise _BrokenRuleError("format", N_("This is not a web address."))
    return address


def _currency(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    code = value.upper()
    if code not in CURRENCIES:
        raise _BrokenRuleError("unknown", N_("This is not a currency of ISO 4217."))
    return code


def _country(value: str, fields: Mapping[str, Any]) -> str:
    del fields
    code = value.upper()
    if code not in COUNTRIES:
        raise _BrokenRuleError("unknown", N_("This is not a country code of ISO 3166-1."))
    return code


def _roles(value: Any, fields: Mapping[str, Any]) -> list[str]:
    del fields
    wrong = set(value) - {role.value for role in CustomerRole}
    if wrong:
        raise _BrokenRuleError(
            "unknown",
            N_("Roles are prospect, customer and supplier; not {wrong}."),
            wrong=", ".join(sorted(map(str, wrong))),
        )
    return sorted({str(role) for role in value})


def _kind(value: Any, fields: Mapping[str, Any]) -> CustomerKind:
    del fields
    try:
        return CustomerKind(value)
    except ValueError as error:
        raise _BrokenRuleError(
            "unknown", N_("A customer is an organisation or a person.")
        ) from error


def _credit_limit(value: Any, fields: Mapping[str, Any]) -> Decimal:
    del fields
    limit = Decimal(value)
    if not limit.is_finite() or limit < 0 or limit >= Decimal(10) ** 14:
        raise _BrokenRuleError("range", N_("A credit limit is zero or more."))
    return limit


_RULES: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "cvr": _cvr,
    "ean": _ean,
    "iban": _iban,
    "bic": _bic,
    "bank_account": _bank_account,
    "vat_no": _vat_no,
    "registrations": _registrations,
    "handles": _handles,
    "mail_routes": _mail_routes,
    "classifications": _mix,
    "refuses_calls": _truth,
    "refuses_email": _truth,
    "portal_login": _truth,
    "p_number": _p_number,
    "phone": _phone,
    "mobile": _phone,
    "email": _email,
    "website": _website,
    "currency": _currency,
    "country": _country,
    "roles": _roles,
    "kind": _kind,
    "credit_limit": _credit_limit,
}
