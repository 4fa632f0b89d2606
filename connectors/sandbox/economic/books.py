"""The agreement that the sandbox keeps: customers and what they refer to, in memory.

Every record is held as the vendor would return it less the links: references as
``{"customerGroupNumber": 1}``, absent properties absent. `Books.lock` is held by whoever reads or
writes; the application takes it for the length of a request.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.economic.refusals import RefusedError, Voice
from connectors.sandbox.economic.rules import (
    CONTACT_POST,
    CONTACT_PUT,
    CUSTOMER_GROUP_POST,
    CUSTOMER_GROUP_PUT,
    CUSTOMER_POST,
    CUSTOMER_PUT,
    READ_ONLY,
    Broken,
    Kind,
    Rule,
    broken_rules,
)

Record = dict[str, Any]

DEMO_TOKEN = "demo"  # noqa: S105 - the vendor's public demo agreement
CALL_COST = 3
RATE_PERIOD = timedelta(minutes=1)
HIGHEST_NUMBER = 999_999_999


@dataclass(frozen=True, slots=True)
class WriteRequest:
    """One write as it arrived, whatever became of it: the tests' ledger.

    `from_cache` is true where the reply was a replay, `status` None until one is made.
    """

    method: str
    path: str
    body: Any
    idempotency_key: str | None
    received_at: datetime
    status: int | None = None
    from_cache: bool = False


@dataclass(frozen=True, slots=True)
class CachedReply:
    """A reply kept for an idempotency key."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    kept_at: datetime


@dataclass(slots=True)
class Options:
    """What a developer may switch.

    `idempotency` off makes every repeat a new request; `cache_refusals` decides whether a 4xx is
    replayed too, which the vendor does not document; `rate_limit` is in cost tokens a minute.
    """

    voice: Voice = field(default_factory=Voice)
    idempotency: bool = True
    cache_refusals: bool = True
    rate_limit: int = 10_000


@dataclass(slots=True)
class Tokens:
    """The one pair of tokens that opens the agreement; None: revoked."""

    app_secret_token: str | None = "sandbox-app"  # noqa: S105 - opens nothing but this sandbox
    agreement_grant_token: str | None = "sandbox-grant"  # noqa: S105 - likewise


@dataclass
class Books:
    """One agreement, with everything a test may want to look at or to change."""

    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    offset: timedelta = timedelta()
    agreement_number: int = 990_001
    company: str = "Prøvehandel A/S"
    base_currency: str = "DKK"
    customers: dict[int, Record] = field(default_factory=dict)
    contacts: dict[int, dict[int, Record]] = field(default_factory=dict)
    delivery_locations: dict[int, dict[int, Record]] = field(default_factory=dict)
    customer_groups: dict[int, Record] = field(default_factory=dict)
    payment_terms: dict[int, Record] = field(default_factory=dict)
    vat_zones: dict[int, Record] = field(default_factory=dict)
    layouts: dict[int, Record] = field(default_factory=dict)
    employees: dict[int, Record] = field(default_factory=dict)
    currencies: dict[str, Record] = field(default_factory=dict)
    booked: dict[int, Record] = field(default_factory=dict)
    drafts: dict[int, Record] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens)
    options: Options = field(default_factory=Options)
    requests: list[WriteRequest] = field(default_factory=list)
    replies: dict[tuple[str, str, str], CachedReply] = field(default_factory=dict)
    spent: list[datetime] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """Return the agreement's present instant, which a test may have moved."""
        return self.clock() + self.offset

    # --- customers ----------------------------------------------------------------------------

    def customer(self, number: int) -> Record:
        """Return a customer.

        Raises:
            RefusedError: 404, there is none.
        """
        if number not in self.customers:
            raise RefusedError(404, "not_found", code="E06000")
        return self.customers[number]

    def create_customer(self, body: Mapping[str, Any]) -> Record:
        """Create a customer under the number of the body, or under the next one.

        Raises:
            RefusedError: 400, a rule is broken, a reference leads nowhere or the number is taken.
        """
        self._check(body, CUSTOMER_POST)
        number = body.get("customerNumber")
        if number is None:
            number = max(self.customers, default=0) + 1
        elif number in self.customers:
            raise RefusedError.invalid([Broken(("customerNumber",), "taken", number, "E06010")])
        return self._store(number, body, CUSTOMER_POST, was=None)

    def replace_customer(self, number: int, body: Mapping[str, Any]) -> Record:
        """Put the body in the place of a customer, of whom nothing else remains; or create it.

        Raises:
            RefusedError: 400, a rule is broken, a reference leads nowhere or the numbers differ.
        """
        given = {"customerNumber": number} | dict(body)
        self._check(given, CUSTOMER_PUT)
        if given["customerNumber"] != number:
            raise RefusedError.invalid(
                [Broken(("customerNumber",), "mismatch", given["customerNumber"], "E07180")]
            )
        self._check_people(number, given)
        return self._store(number, given, CUSTOMER_PUT, was=self.customers.get(number))

    def delete_customer(self, number: int) -> None:
        """Delete a customer; his number may be used again.

        Raises:
            RefusedError: 404, there is none; 400, he has invoices.
        """
        self.customer(number)
        invoices = [*self.booked.values(), *self.drafts.values()]
        if any(invoice["customer"]["customerNumber"] == number for invoice in invoices):
            raise RefusedError(400, "in_use", code="E04300")
        del self.customers[number]
        self.contacts.pop(number, None)
        self.delivery_locations.pop(number, None)

    def _store(
        self, number: int, body: Mapping[str, Any], rules: Mapping[str, Rule], was: Record | None
    ) -> Record:
        kept = {
            name: self._identified(name, body[name], rule)
            if rule.kind is Kind.OBJECT
            else body[name]
            for name, rule in rules.items()
            if name in body
            and name not in READ_ONLY
            and body[name] != ""
            and body[name] is not False
        }
        kept["eInvoicingDisabledByDefault"] = (was or {}).get("eInvoicingDisabledByDefault", False)
        kept["lastUpdated"] = self.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.customers[number] = kept | {"customerNumber": number}
        return self.customers[number]

    # --- contacts and groups ------------------------------------------------------------------

    def store_contact(
        self, customer: int, body: Mapping[str, Any], *, number: int | None = None
    ) -> Record:
        """Create a contact, or replace contact `number`.

        Raises:
            RefusedError: 404, no such customer or contact; 400, a rule is broken.
        """
        self.customer(customer)
        contacts = self.contacts.setdefault(customer, {})
        rules = CONTACT_POST if number is None else CONTACT_PUT
        self._check(body, rules)
        if number is None:
            every = [key for group in self.contacts.values() for key in group]
            number = max(every, default=0) + 1
        elif number not in contacts:
            raise RefusedError(404, "not_found", code="E06000")
        elif body["customerContactNumber"] != number:
            raise RefusedError.invalid(
                [Broken(("customerContactNumber",), "mismatch", number, "E07180")]
            )
        kept = {name: body[name] for name in CONTACT_POST if name in body and name != "customer"}
        contacts[number] = kept | {"customerContactNumber": number}
        return contacts[number]

    def store_customer_group(self, body: Mapping[str, Any], *, number: int | None = None) -> Record:
        """Create a customer group under the number of the body, or replace group `number`.

        Raises:
            RefusedError: 404, no such group; 400, a rule is broken or the number is taken.
        """
        self._check(body, CUSTOMER_GROUP_POST if number is None else CUSTOMER_GROUP_PUT)
        if number is None:
            number = int(body["customerGroupNumber"])
            if number in self.customer_groups:
                raise RefusedError.invalid(
                    [Broken(("customerGroupNumber",), "taken", number, "E06010")]
                )
        elif number not in self.customer_groups:
            raise RefusedError(404, "not_found", code="E06000")
        if "accountNumber" not in body.get("account", {}):
            raise RefusedError.invalid([Broken(("account",), "required", None, "E04042")])
        kept: Record = {
            "customerGroupNumber": number,
            "account": {"accountNumber": body["account"]["accountNumber"]},
        }
        if "name" in body:
            kept["name"] = body["name"]
        if "layout" in body:
            kept["layout"] = self._identified("layout", body["layout"], CUSTOMER_PUT["layout"])
        self.customer_groups[number] = kept
        return kept

    # --- checks -------------------------------------------------------------------------------

    def _check(self, body: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
        broken = broken_rules(body, rules)
        if broken:
            raise RefusedError.invalid(broken)
        broken = [*self._broken_references(body, rules), *self._broken_currency(body, rules)]
        if broken:
            raise RefusedError.invalid(broken)

    def _broken_currency(self, body: Mapping[str, Any], rules: Mapping[str, Rule]) -> list[Broken]:
        if "currency" not in rules or body["currency"] in self.currencies:
            return []
        return [Broken(("currency",), "unknown", body["currency"], "E06000")]

    def _broken_references(
        self, body: Mapping[str, Any], rules: Mapping[str, Rule]
    ) -> list[Broken]:
        shelves: Mapping[str, Mapping[int, Record]] = {
            "customerGroup": self.customer_groups,
            "vatZone": self.vat_zones,
            "layout": self.layouts,
            "paymentTerms": self.payment_terms,
            "salesPerson": self.employees,
        }
        broken = []
        for name, shelf in shelves.items():
            if name not in body or name not in rules:
                continue
            number = _identifier(body[name], rules[name])
            if number is None:
                broken.append(Broken((name,), "unidentified", body[name], "E04500"))
            elif number not in shelf and name == "customerGroup":
                broken.append(Broken((name,), "unknown_group", number, "E07140"))
            elif number not in shelf:
                broken.append(Broken((name,), "unknown", number, "E06000"))
        return broken

    def _check_people(self, customer: int, body: Mapping[str, Any]) -> None:
        """Refuse a reference to a contact or a delivery location that is not this customer's."""
        shelves: Mapping[str, Mapping[int, Record]] = {
            "attention": self.contacts.get(customer, {}),
            "customerContact": self.contacts.get(customer, {}),
            "defaultDeliveryLocation": self.delivery_locations.get(customer, {}),
        }
        broken = []
        for name, shelf in shelves.items():
            number = _identifier(body[name], CUSTOMER_PUT[name]) if name in body else None
            if name in body and number not in shelf:
                broken.append(Broken((name,), "unknown", number, "E06000"))
        if broken:
            raise RefusedError.invalid(broken)

    def _identified(self, name: str, reference: Mapping[str, Any], rule: Rule) -> Record:
        number = _identifier(reference, rule)
        if number is None:
            raise RefusedError.invalid([Broken((name,), "unidentified", dict(reference), "E04500")])
        return {_number_name(rule): number}


def _number_name(rule: Rule) -> str:
    return next(name for name in rule.properties if name != "self")


def _identifier(reference: Mapping[str, Any], rule: Rule) -> int | None:
    """Return the number that a reference names by itself or at the end of its ``self`` link."""
    number = reference.get(_number_name(rule))
    if isinstance(number, int):
        return number
    last = str(reference.get("self", "")).rstrip("/").rpartition("/")[2]
    return int(last) if last.isascii() and last.isdigit() else None
