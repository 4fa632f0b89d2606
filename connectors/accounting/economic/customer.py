"""A customer between e-conomic's JSON and `hub.ports`: pure translation, no calls."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from connectors.accounting.economic.declaration import SYSTEM
from hub.errors import MalformedReplyError, RejectedError, RemoteFieldError
from hub.ports import RemoteCustomer, Scalar

TEXTS: Mapping[str, str] = {
    "name": "name",
    "address": "address",
    "zip": "zip",
    "city": "city",
    "country": "country",
    "corporate_identification_number": "corporateIdentificationNumber",
    "vat_number": "vatNumber",
    "p_number": "pNumber",
    "ean": "ean",
    "email": "email",
    "phone": "telephoneAndFaxNumber",
    "mobile_phone": "mobilePhone",
    "website": "website",
    "currency": "currency",
}
REFERENCES: Mapping[str, tuple[str, str]] = {
    "customer_group": ("customerGroup", "customerGroupNumber"),
    "payment_terms": ("paymentTerms", "paymentTermsNumber"),
    "vat_zone": ("vatZone", "vatZoneNumber"),
}
FIELD_NAMES: Mapping[str, str] = {
    **{wire.lower(): name for name, wire in TEXTS.items()},
    **{wire.lower(): name for name, wires in REFERENCES.items() for wire in wires},
    "barred": "barred",
    "creditlimit": "credit_limit",
    "customernumber": "customer_number",
}
"""Our name of each of the vendor's, in lower case: error replies capitalise as they please."""

_READ_ONLY = (
    "balance",
    "dueAmount",
    "lastUpdated",
    "self",
    "contacts",
    "deliveryLocations",
    "templates",
    "totals",
    "invoices",
    "metaData",
)  # fmt: skip - a plain list of words


def remote_customer(body: Any) -> RemoteCustomer:
    """Return a customer as the port has it.

    Raises:
        MalformedReplyError: a property is missing or of another kind; the message names it.
    """
    fields: dict[str, Scalar] = {"barred": _member(body, "barred", bool) or False}
    for name, wire in TEXTS.items():
        text = _member(body, wire, str)
        if text:
            fields[name] = text
    for name, (wire, number_name) in REFERENCES.items():
        reference = _member(body, wire, dict)
        if reference is not None:
            fields[name] = str(_required(reference, number_name, int))
    limit = _member(body, "creditLimit", (int, Decimal))
    if limit is not None:
        fields["credit_limit"] = Decimal(limit)
    number = _required(body, "customerNumber", int)
    return RemoteCustomer(str(number), fields, updated_at(body))


def updated_at(body: Any) -> datetime | None:
    """Return the time of last change, whole seconds in UTC; None where it is not said.

    Raises:
        MalformedReplyError: it is no time with an offset.
    """
    text = _member(body, "lastUpdated", str)
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise _malformed("lastUpdated") from error
    if instant.tzinfo is None:
        raise _malformed("lastUpdated")
    return instant


def laid_over(body: Mapping[str, Any], fields: Mapping[str, Scalar]) -> dict[str, Any]:
    """Return the body of a write: `body` with the named fields changed and the rest as it is.

    What we do not know is kept as read; what the vendor alone writes is left out; None empties.

    Raises:
        RejectedError: a value cannot be written; the error names the field.
    """
    written = {
        name: value for name, value in body.items() if name not in _READ_ONLY and value is not None
    }
    for name, value in fields.items():
        wire, wanted = _on_the_wire(name, normal(name, value))
        if wanted is None:
            written.pop(wire, None)
        else:
            written[wire] = wanted
    return written


def normal(name: str, value: Scalar) -> Scalar:
    """Return a value as `remote_customer` would give it back, None for empty: to compare by.

    Raises:
        RejectedError: the field is unknown, or the value is not one of its kind.
    """
    if name == "barred":
        if not isinstance(value, bool | None):
            _reject(name, "must be true or false")
        return bool(value)
    if value is None or value == "":
        return None
    if name in TEXTS:
        if isinstance(value, bool):
            _reject(name, "must be a text")
        return str(value)
    if name in REFERENCES:
        text = str(value).strip()
        if not (text.isascii() and text.isdigit()):
            _reject(name, "must be a number")
        return str(int(text))
    if name == "credit_limit":
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            _reject(name, "must be an amount")
        return amount if amount.is_finite() else _reject(name, "must be an amount")
    return _reject(name, "is not a field of this system")


def _on_the_wire(name: str, value: Scalar) -> tuple[str, Any]:
    if name in REFERENCES:
        wire, number_name = REFERENCES[name]
        return wire, None if value is None else {number_name: int(str(value))}
    if name == "barred":
        return name, value
    return TEXTS.get(name, "creditLimit"), value


def _member(body: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    """Return a property, None where it is absent or null."""
    if not isinstance(body, dict):
        raise _malformed("customer")
    value = body.get(name)
    if value is None or (isinstance(value, kind) and (kind is bool or value is not True)):
        return value
    raise _malformed(name)


def _required(body: Any, name: str, kind: type) -> Any:
    value = _member(body, name, kind)
    if value is None or isinstance(value, bool):
        raise _malformed(name)
    return value


def _malformed(name: str) -> MalformedReplyError:
    return MalformedReplyError(SYSTEM, "A reply has an unknown shape at {name}.", name=name)


def _reject(name: str, rule: str) -> NoReturn:
    raise RejectedError(
        SYSTEM,
        "A value cannot be written: {field} {rule}.",
        [RemoteFieldError(name, "invalid", rule)],
        field=name,
        rule=rule,
    )
