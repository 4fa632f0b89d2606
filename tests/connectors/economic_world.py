"""The e-conomic connector against its sandbox, on a socket of this machine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.accounting.economic import EconomicSystem
from connectors.addresses import loopback_allowed
from connectors.opening import open_connector
from connectors.sandbox import Faults, RunningSandbox, serve
from connectors.sandbox.economic import Books, create_app, new_books
from connectors.sandbox.economic.books import WriteRequest
from hub.ports import CallRecord

START = datetime(2026, 11, 1, 8, tzinfo=UTC)


@dataclass
class Allowing:
    """Call control that lets everything through and remembers it."""

    records: list[CallRecord] = field(default_factory=list)
    waits: list[timedelta] = field(default_factory=list)
    reasons: list[Mapping[str, object] | None] = field(default_factory=list)

    def admit(self) -> None:
        """Say yes."""

    def observe(
        self,
        record: CallRecord,
        *,
        retry_after: timedelta | None = None,
        reason: Mapping[str, object] | None = None,
    ) -> None:
        """Remember the call."""
        self.records.append(record)
        self.reasons.append(reason)
        if retry_after is not None:
            self.waits.append(retry_after)


@dataclass
class EconomicWorld:
    """A connected system, the books behind it, and the faults that can be planned."""

    system: EconomicSystem
    books: Books
    faults: Faults
    control: Allowing
    url: str

    def connected(self, **settings: Any) -> EconomicSystem:
        """Return another connection to the same agreement, with other settings."""
        return _connect(self.url, self.control, settings)

    def wait(self, seconds: float = 5) -> None:
        """Let time pass over there."""
        self.books.offset += timedelta(seconds=seconds)

    def enter(self, number: int, **properties: Any) -> None:
        """Create a customer as a person over there would, by the vendor's property names."""
        self.wait()
        required = {
            "currency": "DKK",
            "customerGroup": {"customerGroupNumber": 1},
            "paymentTerms": {"paymentTermsNumber": 1},
            "vatZone": {"vatZoneNumber": 1},
        }
        self.books.create_customer({"customerNumber": number, **required, **properties})

    def edit(self, number: int, **properties: Any) -> None:
        """Edit a customer as a person over there would."""
        self.wait()
        self.books.replace_customer(number, self.books.customer(number) | properties)

    @property
    def writes(self) -> list[WriteRequest]:
        """Every write that arrived."""
        return self.books.requests


@contextmanager
def economic_world() -> Iterator[EconomicWorld]:
    """Run a sandbox with a new agreement and connect to it; its clock stands still until moved."""
    books = new_books(lambda: START)
    app = create_app(books)
    sandbox: RunningSandbox = serve(app)
    control = Allowing()
    try:
        system = _connect(sandbox.url, control, {})
        yield EconomicWorld(system, books, app.extensions["faults"], control, sandbox.url)
    finally:
        sandbox.stop()


def _connect(url: str, control: Allowing, settings: dict[str, Any]) -> EconomicSystem:
    given = {
        "base_url": url,
        "default_customer_group": 1,
        "default_payment_terms": 1,
        "default_vat_zone": 1,
    } | settings
    secrets = {"app_secret_token": "sandbox-app", "agreement_grant_token": "sandbox-grant"}
    system = open_connector("economic", given, secrets, control, loopback_allowed())
    assert isinstance(system, EconomicSystem)
    return system
