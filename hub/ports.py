"""What Hub needs of the outside, and the values that cross.

A connector implements one of these protocols; `connectors/` may import nothing of the hub but this
module, `hub.errors` and `hub.money`. Every call may raise a `hub.errors.ConnectorError`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

Scalar = str | int | Decimal | bool | None
"""A value of one remote field; dates and references cross as text or number."""


# --- company registries -----------------------------------------------------------------------


class CompanyStatus(StrEnum):
    """How a company stands in its registry."""

    ACTIVE = "active"
    INSOLVENT = "insolvent"
    DISSOLVED = "dissolved"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CompanyRecord:
    """A company as a registry knows it; None and empty mean that the registry does not say."""

    registration_number: str
    country: str  # ISO 3166-1 alpha-2
    name: str
    status: CompanyStatus = CompanyStatus.UNKNOWN
    status_text: str | None = None
    address_lines: tuple[str, ...] = ()
    postcode: str | None = None
    city: str | None = None
    phone: str | None = None
    email: str | None = None
    website: str | None = None
    industry_code: str | None = None
    industry: str | None = None
    legal_form: str | None = None
    started_on: date | None = None
    ended_on: date | None = None
    marketing_protected: bool = False
    p_numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompanyChanges:
    """Registration numbers changed since a cursor, and the cursor to go on from."""

    numbers: tuple[str, ...]
    cursor: Mapping[str, Any]
    complete: bool


class CompanyRegistry(Protocol):
    """A public register of companies."""

    def find(self, number: str) -> CompanyRecord | None:
        """Return the company of a registration number (digits only), None where there is none."""
        ...

    def search(self, name: str, limit: int) -> Sequence[CompanyRecord]:
        """Return candidates for a name, best first; a person chooses, nothing is filled from it."""
        ...

    def changes(self, cursor: Mapping[str, Any] | None, limit: int) -> CompanyChanges:
        """Return what changed since `cursor`.

        Raises:
            NotImplementedError: the registry has no change feed (capability `changes`).
        """
        ...


# --- accounting systems -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a remote field may take, for example a customer group."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class AccountingAccount:
    """Whose books these are: what a successful test of the connection shows."""

    account_id: str
    name: str
    base_currency: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class AccountingSchema:
    """What the account offers now: the choices of each field that has them."""

    choices: Mapping[str, Sequence[Choice]]


@dataclass(frozen=True, slots=True)
class RemoteCustomer:
    """A customer as the accounting system holds it.

    `fields` is keyed by the connector's mappable field names; a field the system left empty is
    absent. `updated_at` is the other side's time of last change, `version` its lock token, where it
    has them.
    """

    remote_id: str
    fields: Mapping[str, Scalar]
    updated_at: datetime | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """One page of a pull; `cursor` is stored only once the page is.

    `more` says that another page follows at once. `complete_sweep` is true on the last page of a
    pull that has shown every customer there is: only then may absence mean deletion.
    """

    customers: Sequence[RemoteCustomer]
    cursor: Mapping[str, Any]
    more: bool
    complete_sweep: bool = False


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """An invoice, credit note or payment mirrored read-only."""

    kind: str
    number: str
    customer_remote_id: str
    issued_on: date
    due_on: date | None
    currency: str
    gross: Decimal
    remainder: Decimal


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of documents; see `CustomerPage`."""

    documents: Sequence[RemoteDocument]
    cursor: Mapping[str, Any]
    more: bool


class AccountingSystem(Protocol):
    """A ledger with customers of its own."""

    def test(self) -> AccountingAccount:
        """Prove the credentials and say whose books they open."""
        ...

    def schema(self) -> AccountingSchema:
        """Return the choices for customer group, payment terms, VAT zone and the like."""
        ...

    def customers(self, cursor: Mapping[str, Any] | None, limit: int) -> CustomerPage:
        """Return a page of customers changed since `cursor`; from None, of all customers."""
        ...

    def get(self, remote_id: str) -> RemoteCustomer | None:
        """Return one customer, None where it is gone."""
        ...

    def find(self, registration_number: str) -> Sequence[RemoteCustomer]:
        """Return all customers that carry a registration number: several may share one."""
        ...

    def free_number(self) -> str | None:
        """Propose a number for a new customer, None where the other side alone numbers.

        The proposal is no promise: a collision at `create` is answered by reading and comparing.
        """
        ...

    def create(
        self, remote_id: str | None, fields: Mapping[str, Scalar], *, idempotency_key: str
    ) -> RemoteCustomer:
        """Create a customer, under `remote_id` where we chose it.

        Raises:
            RejectedError: a value is refused.
            RemoteConflictError: the number is taken.
            UnknownOutcomeError: no answer came; read before trying again.
        """
        ...

    def update(
        self,
        remote_id: str,
        fields: Mapping[str, Scalar],
        *,
        base: RemoteCustomer,
        idempotency_key: str,
    ) -> RemoteCustomer:
        """Change the named fields only (None empties one); the rest stays as it is there.

        Args:
            remote_id: which customer.
            fields: the changes, by mappable field name.
            base: the customer as last read; a system with a lock token is given its version.
            idempotency_key: equal for a repeat of the same change, different for another.

        Raises:
            MissingError: it is gone.
            RemoteConflictError: it was changed since `base` was read.
        """
        ...

    def archive(self, remote_id: str, *, idempotency_key: str) -> None:
        """Close the customer for new business (barred); nothing is deleted."""
        ...

    def documents(self, cursor: Mapping[str, Any] | None, limit: int) -> DocumentPage:
        """Return a page of documents changed since `cursor`."""
        ...


# --- mail -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A message ready to go: the same bytes at every try (reliability.md R-20)."""

    sender: str
    recipient: str
    message_id: str
    raw: bytes


class Mailer(Protocol):
    """Something that takes mail."""

    def send(self, mail: OutgoingMail) -> str:
        """Hand the message over and return the server's answer.

        Raises:
            TransientError: it was not taken and may be later.
            RejectedError: the recipient or the message is refused for good.
            UnknownOutcomeError: the connection broke after the final dot.
        """
        ...

    def test(self) -> str:
        """Connect, greet and authenticate, send nothing; return the server's greeting."""
        ...


# --- shops (incoming webhooks) ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShopParty:
    """The person or company behind a shop event."""

    external_id: str | None  # None for a guest
    email: str | None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    phone: str | None = None
    address_lines: tuple[str, ...] = ()
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    registration_number: str | None = None


@dataclass(frozen=True, slots=True)
class ShopInquiry:
    """What somebody wants who is interested; `source` and `program` in whoever's words."""

    message: str | None = None
    source: str | None = None
    program: str | None = None
    referrer: str | None = None


@dataclass(frozen=True, slots=True)
class ShopEvent:
    """One delivered event, understood.

    `kind` is ping, customer, order, lead or other; `resource_id` and `occurred_at` let a late copy
    be recognised; `total` is an order's, or what a lead may be worth; `summary` is one line for the
    timeline. Of an order: `is_confirmed` says that both sides stand by it, `is_over` that nothing
    of it is to be done any more, `starts_on` and `delivers_on` when work on it begins and when it
    is delivered.
    """

    kind: str
    topic: str
    resource_id: str | None = None
    occurred_at: datetime | None = None
    party: ShopParty | None = None
    order_number: str | None = None
    total: str | None = None
    currency: str | None = None
    summary: str = ""
    is_over: bool = False
    is_confirmed: bool = False
    starts_on: date | None = None
    delivers_on: date | None = None
    inquiry: ShopInquiry | None = None


class ShopWebhook(Protocol):
    """Understands what a shop sends; signatures are checked before, by the declared scheme."""

    def parse(self, headers: Mapping[str, str], body: bytes) -> ShopEvent:
        """Return what a delivery says; `headers` have lower-case names.

        Raises:
            MalformedReplyError: the body is not what the vendor's specification says.
        """
        ...


# --- mailboxes --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MailboxAccount:
    """Which mailbox it is: what a successful test of the connection shows."""

    user: str
    folder: str
    messages: int


@dataclass(frozen=True, slots=True)
class ReceivedMessage:
    """A message as it lies in a mailbox, under a name of the mailbox's own.

    `raw` is its beginning where it is not whole, and empty where the mailbox cannot give it out:
    `problem` then says why.
    """

    name: str
    raw: bytes
    received_at: datetime | None = None
    size_bytes: int = 0
    is_whole: bool = True
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of a reading; `cursor` is stored in the commit that stores the messages."""

    messages: Sequence[ReceivedMessage]
    cursor: Mapping[str, Any]
    more: bool


class Mailbox(Protocol):
    """A folder of somebody's mail, which is read and never emptied."""

    def test(self) -> MailboxAccount:
        """Prove the credentials and that the folder can be read; nothing in it changes."""
        ...

    def messages(self, cursor: Mapping[str, Any] | None, limit: int) -> MessagePage:
        """Return the messages that came since `cursor`; None begins, as the settings say."""
        ...

    def mark(self, cursor: Mapping[str, Any]) -> Mapping[str, Any]:
        """Mark or move, as the settings say, what a stored page of that cursor took.

        Returns the cursor to store then. Done twice it changes nothing more.
        """
        ...

    def close(self) -> None:
        """End the conversation, politely where the other side still listens."""
        ...


# --- what a connector declares of itself ------------------------------------------------------


class FieldType(StrEnum):
    """What a setting or a mappable field holds."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    URL = "url"
    HOST = "host"


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a connection: shown, asked for and validated by the API from this.

    `stand_in` names a setting of the installation that holds where a connection has none of its
    own: ``contact`` for HUB_CONTACT.
    """

    name: str
    label: str
    type: FieldType = FieldType.TEXT
    required: bool = False
    secret: bool = False
    default: Scalar = None
    help: str = ""
    choices: tuple[Choice, ...] = ()
    stand_in: str | None = None


@dataclass(frozen=True, slots=True)
class MappableField:
    """A remote customer field that a mapping may name."""

    name: str
    label: str
    type: FieldType = FieldType.TEXT
    max_length: int | None = None
    required: bool = False
    writable: bool = True


class WriteStyle(StrEnum):
    """What an update does to the fields it does not name."""

    REPLACE = "replace"
    PARTIAL = "partial"
    VERSION_GUARDED = "version_guarded"


@dataclass(frozen=True, slots=True)
class Declaration:
    """All that the rest of Hub knows of a connector without importing it.

    `kind` is registry, accounting, mail, shop or mailbox. `signature_scheme` names one of
    `hub.signatures` for a connector that receives webhooks. `rate` is the budget shared by all
    workers.
    """

    name: str
    kind: str
    title: str
    settings: tuple[SettingField, ...] = ()
    fields: tuple[MappableField, ...] = ()
    capabilities: frozenset[str] = frozenset()
    write_style: WriteStyle | None = None
    deletes_visible: bool = False
    chooses_numbers: bool = False
    signature_scheme: str | None = None
    calls_per_period: int = 60
    period: timedelta = field(default=timedelta(minutes=1))
    documentation: str = ""


# --- what a connector's HTTP client is handed -------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One outbound call as the run log keeps it: redacted, bounded."""

    method: str
    url: str  # without query values that are secret
    status: int | None  # None where no reply came
    duration: timedelta
    outcome: str  # ok, refused, transient, unknown
    request_body: str | None = None
    response_body: str | None = None
    request_headers: Mapping[str, str] = field(default_factory=dict)
    response_headers: Mapping[str, str] = field(default_factory=dict)


class CallControl(Protocol):
    """Rate budget, circuit breaker and call log of one connection, shared by all workers."""

    def admit(self) -> None:
        """Take one call from the budget.

        Raises:
            PostponedError: the budget is spent, the breaker is open or the connection is paused.
        """
        ...

    def observe(
        self,
        record: CallRecord,
        *,
        retry_after: timedelta | None = None,
        reason: Mapping[str, object] | None = None,
    ) -> None:
        """Note how a call went: the breaker learns from it, a Retry-After stops all calls.

        `reason` is why it failed, {text, params}: whoever waits meanwhile is told.
        """
        ...


class AddressPolicy(Protocol):
    """Decides which addresses may be called (reliability.md R-54)."""

    def resolve(self, host: str, port: int, scheme: str) -> str:
        """Return the one IP address to connect to.

        Raises:
            PermanentError: the address is not allowed, or the name has none.
        """
        ...
