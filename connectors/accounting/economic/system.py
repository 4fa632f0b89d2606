"""The port of `hub.ports.AccountingSystem` over e-conomic."""

import hashlib
import json
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.accounting.economic import documents, pulling
from connectors.accounting.economic.calling import Caller
from connectors.accounting.economic.customer import laid_over, normal, remote_customer
from connectors.accounting.economic.declaration import SYSTEM
from hub.errors import (
    MalformedReplyError,
    MissingError,
    RejectedError,
    RemoteConflictError,
)
from hub.ports import (
    AccountingAccount,
    AccountingSchema,
    Choice,
    CustomerPage,
    DocumentPage,
    RemoteCustomer,
    Scalar,
)

logger = logging.getLogger(__name__)

HIGHEST_NUMBER = 999_999_999
LARGEST_PAGE = 1000

_CHOICES: Mapping[str, tuple[str, str]] = {
    "customer_group": ("/customer-groups", "customerGroupNumber"),
    "payment_terms": ("/payment-terms", "paymentTermsNumber"),
    "vat_zone": ("/vat-zones", "vatZoneNumber"),
    "currency": ("/currencies", "code"),
}

_COUNTRY = re.compile(
    "^(?:AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|GB|HR|HU|IE|IT|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK)"
)
"""What may stand before a number that is written as a VAT number."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a new customer gets where the mapping gives nothing; None: nothing here either."""

    customer_group: str | None = None
    payment_terms: str | None = None
    vat_zone: str | None = None
    currency: str | None = None

    def under(self, fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Return `fields` with the defaults for those that are absent or empty."""
        return {
            "customer_group": fields.get("customer_group") or self.customer_group,
            "payment_terms": fields.get("payment_terms") or self.payment_terms,
            "vat_zone": fields.get("vat_zone") or self.vat_zone,
            "currency": fields.get("currency") or self.currency,
        }


class EconomicSystem:
    """One agreement's customers and booked invoices; see `hub.ports.AccountingSystem`."""

    def __init__(self, caller: Caller, defaults: Defaults, *, page_size: int) -> None:
        self._caller = caller
        self._defaults = defaults
        self._page_size = min(page_size, LARGEST_PAGE)

    def test(self) -> AccountingAccount:
        """See `hub.ports.AccountingSystem.test`."""
        body = self._caller.read("/self")
        number, company = body.get("agreementNumber"), body.get("company")
        settings = body.get("settings") or {}
        if not isinstance(number, int) or not isinstance(company, dict):
            raise MalformedReplyError(SYSTEM, "The reply about the agreement has an unknown shape.")
        name = str(company.get("name") or number)
        return AccountingAccount(
            str(number), name, settings.get("baseCurrency"), body.get("userName")
        )

    def schema(self) -> AccountingSchema:
        """See `hub.ports.AccountingSystem.schema`; VAT zones are those meant for customers."""
        choices = {}
        for field, (path, key) in _CHOICES.items():
            choices[field] = [
                Choice(str(item[key]), str(item.get("name") or item[key]))
                for item in self._all(path, key)
                if item.get("enabledForCustomer", True)
            ]
        return AccountingSchema(choices)

    def customers(self, cursor: Mapping[str, Any] | None, limit: int) -> CustomerPage:
        """See `hub.ports.AccountingSystem.customers`; `pulling` tells how."""
        pull = pulling.from_cursor(cursor) if cursor else pulling.beginning(self._newest())
        bodies, more = self._page("/customers", pull.query(), limit)
        page = [remote_customer(body) for body in bodies]
        following = pull.following(page, more=more)
        return CustomerPage(
            page, following.as_cursor(), more, complete_sweep=pull.sweeping and not more
        )

    def get(self, remote_id: str) -> RemoteCustomer | None:
        """See `hub.ports.AccountingSystem.get`."""
        try:
            return remote_customer(self._caller.read(_path(remote_id)))
        except MissingError:
            return None

    def find(self, registration_number: str) -> Sequence[RemoteCustomer]:
        """See `hub.ports.AccountingSystem.find`; finds it in any spelling, by customer number."""
        wanted = _bare(registration_number)
        if not wanted:
            return []
        anywhere = "*".join(["", *wanted, ""])  # 99 00 00 07 as well as DK-99000007
        spelled = (
            f"(corporateIdentificationNumber$eq:{wanted}"
            f"$or:corporateIdentificationNumber$like:{anywhere})"
        )
        found: list[RemoteCustomer] = []
        after = 0
        while True:
            query = {
                "filter": f"customerNumber$gt:{after}$and:{spelled}",
                "sort": "customerNumber",
            }
            bodies, more = self._page("/customers", query, LARGEST_PAGE)
            page = [remote_customer(body) for body in bodies]
            found += [
                customer
                for customer in page
                if _bare(str(customer.fields.get("corporate_identification_number", ""))) == wanted
            ]
            if not more:
                return found
            after = int(page[-1].remote_id)

    def free_number(self) -> str | None:
        """See `hub.ports.AccountingSystem.free_number`: the highest and one, None at the end."""
        bodies, _ = self._page("/customers", {"sort": "-customerNumber"}, 1)
        highest = int(remote_customer(bodies[0]).remote_id) if bodies else 0
        return str(highest + 1) if highest < HIGHEST_NUMBER else None

    def create(
        self, remote_id: str | None, fields: Mapping[str, Scalar], *, idempotency_key: str
    ) -> RemoteCustomer:
        """See `hub.ports.AccountingSystem.create`.

        A repeat under the same key returns the customer that the first try made.
        """
        given: dict[str, Scalar] = {**fields, **self._defaults.under(fields)}
        if not given["currency"]:
            given["currency"] = self.test().base_currency
        body = laid_over({}, given)
        if remote_id is not None:
            body["customerNumber"] = _number(remote_id)
        try:
            written = self._caller.write(
                "POST", "/customers", body, idempotency_key, repeatable=remote_id is not None
            )
        except RejectedError as error:
            if any(leaf.field == "customer_number" for leaf in error.errors):
                text = "Number {number} is taken."
                raise RemoteConflictError(SYSTEM, text, number=remote_id) from error
            raise
        customer = remote_customer(written.body)
        return self._now(customer, remote_id) if written.replayed else customer

    def update(
        self,
        remote_id: str,
        fields: Mapping[str, Scalar],
        *,
        base: RemoteCustomer,
        idempotency_key: str,
    ) -> RemoteCustomer:
        """See `hub.ports.AccountingSystem.update`.

        What counts as changed since `base` is the value of a field we are about to write, not
        ``lastUpdated``: that moves with every other field, and does not within one second. Writes
        nothing where all is already as wanted.
        """
        wanted = {name: normal(name, value) for name, value in fields.items()}
        body = self._caller.read(_path(remote_id))
        current = remote_customer(body)
        pending = {n: v for n, v in wanted.items() if current.fields.get(n) != v}
        moved = [n for n in pending if current.fields.get(n) != _of_base(base, n)]
        if moved:
            text = "It was changed over there since it was read: {fields}."
            raise RemoteConflictError(SYSTEM, text, fields=", ".join(sorted(moved)))
        if not pending:
            return current
        return self._replace(remote_id, laid_over(body, pending), pending, idempotency_key)

    def archive(self, remote_id: str, *, idempotency_key: str) -> None:
        """See `hub.ports.AccountingSystem.archive`."""
        body = self._caller.read(_path(remote_id))
        if remote_customer(body).fields["barred"] is not True:
            barred = {"barred": True}
            self._replace(remote_id, laid_over(body, barred), barred, idempotency_key)

    def documents(self, cursor: Mapping[str, Any] | None, limit: int) -> DocumentPage:
        """See `hub.ports.AccountingSystem.documents`; `documents` tells how."""
        size = max(1, min(limit, documents.LIST_LIMIT))
        reading = documents.from_cursor(cursor)
        bodies, more = self._page("/invoices/booked", reading.query(size), size)
        page = [documents.remote_document(body) for body in bodies]
        following = reading.following(page, limit=size, more=more)
        more = more or following.again is not None
        return DocumentPage(page, following.as_cursor(), more)

    def _replace(
        self,
        remote_id: str,
        body: Mapping[str, Any],
        wanted: Mapping[str, Scalar],
        idempotency_key: str,
    ) -> RemoteCustomer:
        """PUT the whole customer, under a key that follows from the body too."""
        written = self._caller.write(
            "PUT", _path(remote_id), body, _key(idempotency_key, body), repeatable=True
        )
        customer = remote_customer(written.body)
        if written.created:
            logger.warning("economic.customer_came_back", extra={"remote_id": remote_id})
        if not written.replayed:
            return customer
        current = self._now(customer, remote_id)
        if any(current.fields.get(name) != value for name, value in wanted.items()):
            raise RemoteConflictError(SYSTEM, "It was changed over there after our own change.")
        return current

    def _now(self, replayed: RemoteCustomer, remote_id: str | None) -> RemoteCustomer:
        """Return how a customer stands whom an earlier try has written."""
        if remote_id is not None and int(remote_id) != int(replayed.remote_id):
            raise RemoteConflictError(SYSTEM, "The idempotency key was used for another customer.")
        current = self.get(replayed.remote_id)
        if current is None:
            raise RemoteConflictError(SYSTEM, "It was written before and has been deleted since.")
        return current

    def _newest(self) -> RemoteCustomer | None:
        bodies, _ = self._page("/customers", {"sort": "-lastUpdated"}, 1)
        return remote_customer(bodies[0]) if bodies else None

    def _page(self, path: str, query: Mapping[str, str], limit: int) -> tuple[list[Any], bool]:
        """Return the first page of a query, and whether there is more behind it."""
        size = max(1, min(limit, self._page_size))
        body = self._caller.read(path, {**query, "pagesize": size})
        bodies, pagination = body.get("collection"), body.get("pagination")
        if not isinstance(bodies, list) or not isinstance(pagination, dict):
            raise MalformedReplyError(SYSTEM, "A page has an unknown shape.")
        more = "nextPage" in pagination
        if more and not bodies:
            raise MalformedReplyError(SYSTEM, "An empty page says that more follows.")
        return bodies, more

    def _all(self, path: str, key: str) -> Iterator[Mapping[str, Any]]:
        """Return a short list whole: the choices of a field, whose key is `key`."""
        skip = 0
        while True:
            body = self._caller.read(path, {"pagesize": LARGEST_PAGE, "skippages": skip})
            bodies, pagination = body.get("collection"), body.get("pagination") or {}
            if not isinstance(bodies, list) or not all(
                isinstance(item, dict) and key in item for item in bodies
            ):
                raise MalformedReplyError(SYSTEM, "The list at {path} is unknown.", path=path)
            yield from bodies
            if "nextPage" not in pagination or not bodies:
                return
            skip += 1


def _number(remote_id: str) -> int:
    """Return a customer number.

    Raises:
        MissingError: it is none, so that nobody can have it.
    """
    if not (remote_id.isascii() and remote_id.isdigit() and 1 <= int(remote_id) <= HIGHEST_NUMBER):
        raise MissingError(SYSTEM, "{number} is no customer number.", number=repr(remote_id))
    return int(remote_id)


def _path(remote_id: str) -> str:
    """Return the path of one customer: never that of all of them, whatever the id."""
    return f"/customers/{_number(remote_id)}"


def _of_base(base: RemoteCustomer, name: str) -> Scalar:
    """Return a base value as it would be read today: a stored base has lost its Decimals."""
    return normal(name, base.fields.get(name))


def _bare(registration_number: str) -> str:
    """Return a registration number without country letters in front, blanks and punctuation."""
    return _COUNTRY.sub("", re.sub(r"[^0-9A-Z]", "", registration_number.upper()))


def _key(idempotency_key: str, body: Mapping[str, Any]) -> str:
    written = json.dumps(body, sort_keys=True, default=str)
    return hashlib.sha256(f"{idempotency_key}\n{written}".encode()).hexdigest()
