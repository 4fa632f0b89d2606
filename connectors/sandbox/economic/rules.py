"""What e-conomic accepts in a request body.

The tables were composed by reading the vendor's draft-03 schemas (``customers.post``,
``customers.customerNo.put``, ``customers.customerNumber.contacts.post`` and ``…put``,
``customer-groups.post`` and ``…put``); a contract test compares them with those schemas, property
by property and body by body. Properties that a table does not name are ignored, as the vendor does.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a property holds, in the words of JSON Schema; ANY is a property without a type."""

    TEXT = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one property must be; `properties` are those of an object, `items` of an array."""

    kind: Kind
    required: bool = False
    shortest: int | None = None
    longest: int | None = None
    least: int | None = None
    greatest: int | None = None
    choices: tuple[str, ...] = ()
    unique: bool = False
    properties: Mapping[str, "Rule"] = field(default_factory=dict)
    items: "Rule | None" = None


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken rule: the path of the property, the key of a message in `refusals`, the value."""

    path: tuple[str | int, ...]
    message: str
    value: Any
    code: str = "E04300"
    limit: object = None


def _text(longest: int, *, shortest: int | None = None, required: bool = False) -> Rule:
    return Rule(Kind.TEXT, required=required, shortest=shortest, longest=longest)


def _reference(number: str, *, required: bool = False) -> Rule:
    rules = {number: Rule(Kind.INTEGER), "self": Rule(Kind.TEXT)}
    return Rule(Kind.OBJECT, required=required, properties=rules)


CUSTOMER_NUMBER = Rule(Kind.INTEGER, least=1, greatest=999_999_999)

CUSTOMER_POST: Mapping[str, Rule] = {
    "barred": Rule(Kind.BOOLEAN),
    "address": _text(510),
    "balance": Rule(Kind.NUMBER),
    "corporateIdentificationNumber": _text(40),
    "pNumber": _text(10, shortest=10),
    "city": _text(50),
    "country": _text(50),
    "creditLimit": Rule(Kind.NUMBER),
    "currency": _text(3, shortest=3, required=True),
    "customerGroup": _reference("customerGroupNumber", required=True),
    "customerNumber": CUSTOMER_NUMBER,
    "ean": _text(13),
    "email": _text(255),
    "vatZone": _reference("vatZoneNumber", required=True),
    "layout": _reference("layoutNumber"),
    "name": _text(255, shortest=1, required=True),
    "paymentTerms": _reference("paymentTermsNumber", required=True),
    "zip": _text(30),
    "publicEntryNumber": _text(50),
    "telephoneAndFaxNumber": _text(255),
    "mobilePhone": _text(50),
    "eInvoicingDisabledByDefault": Rule(Kind.BOOLEAN),
    "vatNumber": _text(20),
    "website": _text(255),
    "salesPerson": _reference("employeeNumber"),
}

CUSTOMER_PUT: Mapping[str, Rule] = {
    **CUSTOMER_POST,
    "defaultDeliveryLocation": _reference("deliveryLocationNumber"),
    "attention": _reference("customerContactNumber"),
    "customerContact": _reference("customerContactNumber"),
}

CONTACT_POST: Mapping[str, Rule] = {
    "email": _text(255),
    "name": _text(255, required=True),
    "phone": _text(50),
    "eInvoiceId": _text(50),
    "notes": _text(2000),
    "emailNotifications": Rule(
        Kind.ARRAY,
        unique=True,
        items=Rule(Kind.ANY, choices=("invoices", "orders", "quotations", "reminders")),
    ),
    "customer": Rule(
        Kind.OBJECT, properties={"customerNumber": CUSTOMER_NUMBER, "self": Rule(Kind.TEXT)}
    ),
}

CONTACT_PUT: Mapping[str, Rule] = {
    **CONTACT_POST,
    "customerContactNumber": Rule(Kind.INTEGER, required=True),
    "self": Rule(Kind.TEXT),
}

CUSTOMER_GROUP_POST: Mapping[str, Rule] = {
    "customerGroupNumber": Rule(Kind.INTEGER, required=True, least=1),
    "name": _text(50),
    "account": Rule(
        Kind.OBJECT,
        properties={
            "accountNumber": Rule(Kind.INTEGER, required=True, least=1),
            "self": Rule(Kind.TEXT),
        },
    ),
    "layout": _reference("layoutNumber"),
}

CUSTOMER_GROUP_PUT: Mapping[str, Rule] = {
    "customerGroupNumber": Rule(Kind.INTEGER),
    "name": _text(50),
    "account": _reference("accountNumber"),
    "layout": _reference("layoutNumber"),
}

READ_ONLY = frozenset({"balance", "dueAmount", "lastUpdated", "eInvoicingDisabledByDefault"})
"""Properties of a customer whose values are checked and then left alone by POST and PUT."""


def broken_rules(body: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[Broken]:
    """Return every rule that `body` breaks, in the order of the table; empty where none."""
    return list(_in_object(body, rules, ()))


def _in_object(
    value: Mapping[str, Any], rules: Mapping[str, Rule], path: tuple[str | int, ...]
) -> Iterator[Broken]:
    for name, rule in rules.items():
        if name in value:
            yield from _in_value(value[name], rule, (*path, name))
        elif rule.required:
            yield Broken((*path, name), "required", None, "E04042")


def _in_value(value: Any, rule: Rule, path: tuple[str | int, ...]) -> Iterator[Broken]:
    if not _is(value, rule.kind):
        yield Broken(path, "type", value, limit=(rule.kind, _kind_of(value)))
        return
    if rule.choices and value not in rule.choices:
        yield Broken(path, "choice", value, limit=", ".join(rule.choices))
    if isinstance(value, str):
        yield from _in_text(value, rule, path)
    elif rule.kind in {Kind.INTEGER, Kind.NUMBER}:
        yield from _in_number(value, rule, path)
    elif rule.kind is Kind.OBJECT:
        yield from _in_object(value, rule.properties, path)
    elif rule.kind is Kind.ARRAY:
        if rule.unique and any(item in value[:place] for place, item in enumerate(value)):
            yield Broken(path, "unique", value)
        for place, item in enumerate(value):
            if rule.items is not None:
                yield from _in_value(item, rule.items, (*path, place))


def _in_text(value: str, rule: Rule, path: tuple[str | int, ...]) -> Iterator[Broken]:
    if rule.longest is not None and len(value) > rule.longest:
        yield Broken(path, "longest", value, limit=rule.longest)
    if rule.shortest is not None and len(value) < rule.shortest:
        yield Broken(path, "shortest", value, limit=rule.shortest)


def _in_number(value: float, rule: Rule, path: tuple[str | int, ...]) -> Iterator[Broken]:
    if rule.least is not None and value < rule.least:
        yield Broken(path, "least", value, limit=rule.least)
    if rule.greatest is not None and value > rule.greatest:
        yield Broken(path, "greatest", value, limit=rule.greatest)


_PYTHON_TYPES: Mapping[Kind, type | tuple[type, ...]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.NUMBER: (int, float),
    Kind.BOOLEAN: bool,
    Kind.OBJECT: dict,
    Kind.ARRAY: list,
}


def _is(value: Any, kind: Kind) -> bool:
    if kind is Kind.ANY:
        return True
    if isinstance(value, bool):  # to Python a kind of int, to JSON Schema not
        return kind is Kind.BOOLEAN
    return isinstance(value, _PYTHON_TYPES[kind])


def _kind_of(value: Any) -> str:
    if value is None:
        return "Null"
    return next((k.value.title() for k in _PYTHON_TYPES if _is(value, k)), "Unknown")
