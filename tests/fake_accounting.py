"""An accounting system in memory that keeps `hub.ports.AccountingSystem`.

The contract suite runs over it as over the real connectors, so that tests of the hub and of the
workers may trust it. What a person does over there is `edit` and `remove`; what goes wrong is
`fail_next`, `lose_next_reply`, `revoke` and `refuse`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MissingError,
    RejectedError,
    RemoteConflictError,
    RemoteFieldError,
    UnknownOutcomeError,
)
from hub.ports import (
    AccountingAccount,
    AccountingSchema,
    Choice,
    CustomerPage,
    Declaration,
    DocumentPage,
    FieldType,
    MappableField,
    RemoteCustomer,
    RemoteDocument,
    Scalar,
    SettingField,
    WriteStyle,
)

SYSTEM = "fake_accounting"

DECLARATION = Declaration(
    name=SYSTEM,
    kind="accounting",
    title="Fake accounting",
    settings=(SettingField("token", "Token", required=True, secret=True),),
    fields=(
        MappableField("name", "Name", max_length=255, required=True),
        MappableField("corporate_identification_number", "Registration number", max_length=40),
        MappableField("address", "Address", max_length=510),
        MappableField("zip", "Postcode", max_length=30),
        MappableField("city", "City", max_length=50),
        MappableField("country", "Country", max_length=50),
        MappableField("ean", "EAN", max_length=13),
        MappableField("email", "Email", max_length=255),
        MappableField("phone", "Telephone", max_length=255),
        MappableField("currency", "Currency", max_length=3),
        MappableField("customer_group", "Customer group", FieldType.CHOICE, required=True),
        MappableField("payment_terms", "Payment terms", FieldType.CHOICE),
        MappableField("vat_zone", "VAT zone", FieldType.CHOICE),
        MappableField("barred", "Barred", FieldType.BOOLEAN),
    ),
    capabilities=frozenset({"changes", "find", "documents"}),
    write_style=WriteStyle.REPLACE,
    chooses_numbers=True,
)

_FIRST_MOMENT = datetime(2026, 11, 1, 8, tzinfo=UTC)
_LIMITS = {f.name: f.max_length for f in DECLARATION.fields}


@dataclass(frozen=True, slots=True)
class Write:
    """One write that was carried out."""

    verb: str
    remote_id: str
    fields: Mapping[str, Scalar]
    idempotency_key: str


@dataclass
class FakeAccounting:
    """A ledger with customers of its own; every write moves its clock on by one second.

    `kept` are the customers by id, `writes` what was carried out in order, `calls` the names of the
    methods called; `groups` are the customer groups there are; `replies` is who was written under
    which idempotency key.
    """

    kept: dict[str, RemoteCustomer] = field(default_factory=dict)
    booked: dict[int, RemoteDocument] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=lambda: {"1": "Domestic", "2": "Abroad"})
    writes: list[Write] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    fail_next: list[ConnectorError] = field(default_factory=list)
    now: datetime = _FIRST_MOMENT
    idempotent: bool = True
    revoked: bool = False
    replies: dict[str, str] = field(default_factory=dict)
    _lose: bool = False
    _paid_at: dict[int, datetime] = field(default_factory=dict)

    # --- what a person or a fault does --------------------------------------------------------

    def edit(self, remote_id: str, **fields: Scalar) -> None:
        """Change fields as somebody at the other side would; None empties."""
        self._store(remote_id, {**self.kept[remote_id].fields, **fields})

    def enter(self, remote_id: str, **fields: Scalar) -> None:
        """Create a customer as somebody at the other side would."""
        self._store(remote_id, {"customer_group": "1", **fields})

    def remove(self, remote_id: str) -> None:
        """Delete a customer."""
        del self.kept[remote_id]

    def book(self, document: RemoteDocument) -> None:
        """Book an invoice, or note a payment of one."""
        self._tick()
        self.booked[int(document.number)] = document
        self._paid_at[int(document.number)] = self.now

    def lose_next_reply(self) -> None:
        """Carry the next write out, and then answer nothing."""
        self._lose = True

    # --- the port -----------------------------------------------------------------------------

    def test(self) -> AccountingAccount:
        """See `hub.ports.AccountingSystem.test`."""
        self._called("test")
        return AccountingAccount("1", "Fake books", "DKK", "fake")

    def schema(self) -> AccountingSchema:
        """See `hub.ports.AccountingSystem.schema`."""
        self._called("schema")
        groups = [Choice(number, name) for number, name in self.groups.items()]
        return AccountingSchema(
            {
                "customer_group": groups,
                "payment_terms": [Choice("1", "8 days")],
                "vat_zone": [Choice("1", "Domestic"), Choice("2", "EU"), Choice("3", "Abroad")],
                "currency": [Choice("DKK", "Danish kroner"), Choice("EUR", "Euro")],
            }
        )

    def customers(self, cursor: Mapping[str, Any] | None, limit: int) -> CustomerPage:
        """See `hub.ports.AccountingSystem.customers`."""
        self._called("customers")
        state = dict(cursor or {"sweep": True, "since": self.now.isoformat(), "after": ["", 0]})
        rows = sorted(
            (c for c in self.kept.values() if state["sweep"] or _moment(c) >= state["since"]),
            key=lambda c: _place(c, sweep=state["sweep"]),
        )
        left = [c for c in rows if _place(c, sweep=state["sweep"]) > tuple(state["after"])]
        page, more = left[:limit], len(left) > limit
        if more:
            state["after"] = list(_place(page[-1], sweep=state["sweep"]))
            return CustomerPage(page, state, more=True)
        newest = max([state["since"], *(_moment(c) for c in page if not state["sweep"])])
        following = {"sweep": False, "since": newest, "after": ["", 0]}
        return CustomerPage(page, following, more=False, complete_sweep=state["sweep"])

    def get(self, remote_id: str) -> RemoteCustomer | None:
        """See `hub.ports.AccountingSystem.get`."""
        self._called("get")
        return self.kept.get(remote_id)

    def find(self, registration_number: str) -> Sequence[RemoteCustomer]:
        """See `hub.ports.AccountingSystem.find`."""
        self._called("find")
        return [
            customer
            for _, customer in sorted(self.kept.items(), key=lambda item: int(item[0]))
            if customer.fields.get("corporate_identification_number") == registration_number
        ]

    def free_number(self) -> str | None:
        """See `hub.ports.AccountingSystem.free_number`."""
        self._called("free_number")
        return str(max((int(number) for number in self.kept), default=0) + 1)

    def create(
        self, remote_id: str | None, fields: Mapping[str, Scalar], *, idempotency_key: str
    ) -> RemoteCustomer:
        """See `hub.ports.AccountingSystem.create`."""
        self._called("create")
        if self.idempotent and idempotency_key in self.replies:
            return self.kept[self.replies[idempotency_key]]
        number = remote_id or str(max((int(n) for n in self.kept), default=0) + 1)
        given = {"customer_group": "1", **fields}
        self._check(given)
        if number in self.kept:
            raise RemoteConflictError(SYSTEM, "Number {number} is taken.", number=number)
        return self._write("create", number, given, idempotency_key)

    def update(
        self,
        remote_id: str,
        fields: Mapping[str, Scalar],
        *,
        base: RemoteCustomer,
        idempotency_key: str,
    ) -> RemoteCustomer:
        """See `hub.ports.AccountingSystem.update`."""
        self._called("update")
        current = self._existing(remote_id)
        pending = {n: v for n, v in fields.items() if current.fields.get(n) != v}
        moved = [n for n in pending if current.fields.get(n) != base.fields.get(n)]
        if moved:
            raise RemoteConflictError(SYSTEM, "It was changed meanwhile.")
        if not pending:
            return current
        whole = {**current.fields, **pending}
        self._check(whole)
        return self._write("update", remote_id, whole, idempotency_key)

    def archive(self, remote_id: str, *, idempotency_key: str) -> None:
        """See `hub.ports.AccountingSystem.archive`."""
        self._called("archive")
        current = self._existing(remote_id)
        if not current.fields.get("barred"):
            self._write("archive", remote_id, {**current.fields, "barred": True}, idempotency_key)

    def documents(self, cursor: Mapping[str, Any] | None, limit: int) -> DocumentPage:
        """See `hub.ports.AccountingSystem.documents`."""
        self._called("documents")
        since = (cursor or {}).get("since", "")
        changed = sorted((at.isoformat(), n) for n, at in self._paid_at.items())
        left = [(at, number) for at, number in changed if at > since]
        page = left[:limit]
        following = {"since": page[-1][0] if page else since}
        return DocumentPage([self.booked[n] for _, n in page], following, len(left) > limit)

    # --- the works ----------------------------------------------------------------------------

    def _called(self, method: str) -> None:
        self.calls.append(method)
        if self.fail_next:
            raise self.fail_next.pop(0)
        if self.revoked:
            raise AuthenticationError(SYSTEM, "The token is not valid.")

    def _existing(self, remote_id: str) -> RemoteCustomer:
        if remote_id not in self.kept:
            raise MissingError(SYSTEM, "There is no such customer.")
        return self.kept[remote_id]

    def _check(self, fields: Mapping[str, Scalar]) -> None:
        errors = []
        for name, value in fields.items():
            longest = _LIMITS.get(name)
            if name not in _LIMITS:
                errors.append(RemoteFieldError(name, "unknown", "is no field"))
            elif isinstance(value, str) and longest is not None and len(value) > longest:
                errors.append(RemoteFieldError(name, "too_long", f"at most {longest}"))
        if not fields.get("name"):
            errors.append(RemoteFieldError("name", "required", "is missing"))
        if fields.get("customer_group") not in self.groups:
            errors.append(RemoteFieldError("customer_group", "unknown", "there is no such group"))
        if errors:
            raise RejectedError(SYSTEM, "It refuses the values.", errors)

    def _write(
        self, verb: str, remote_id: str, fields: Mapping[str, Scalar], key: str
    ) -> RemoteCustomer:
        self._store(remote_id, fields)
        self.writes.append(Write(verb, remote_id, dict(fields), key))
        self.replies[key] = remote_id
        if self._lose:
            self._lose = False
            raise UnknownOutcomeError(SYSTEM, "The request was sent and no answer came.")
        return self.kept[remote_id]

    def _store(self, remote_id: str, fields: Mapping[str, Scalar]) -> None:
        self._tick()
        kept = {name: value for name, value in fields.items() if value not in (None, "")}
        customer = RemoteCustomer(remote_id, {"barred": False, **kept}, self.now)
        self.kept[remote_id] = replace(customer, fields=dict(customer.fields))

    def _tick(self) -> None:
        self.now += timedelta(seconds=1)


def _moment(customer: RemoteCustomer) -> str:
    return customer.updated_at.isoformat() if customer.updated_at else ""


def _place(customer: RemoteCustomer, *, sweep: bool) -> tuple[str, int]:
    """Return where a customer stands in the order of a pull."""
    return ("", int(customer.remote_id)) if sweep else (_moment(customer), int(customer.remote_id))
