"""A connection to a sandbox of e-conomic, and what people do on both sides of it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from connectors.sandbox import RunningSandbox
from connectors.sandbox.economic import Books
from hub.clock import utcnow
from hub.connections import health, services
from hub.connections.models import ExternalLink
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import transaction
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from workers import tasks as _registers_the_bodies  # noqa: F401 - imported for that
from workers.chain import drain


@dataclass
class Office:
    """A connection to a sandbox of e-conomic, and the books behind it."""

    connection_id: UUID
    books: Books
    sandbox: RunningSandbox

    def create(self, **fields: Any) -> UUID:
        """Create a customer here, and let what follows happen."""
        with transaction() as session:
            customer = customers.create(
                session, {"roles": ["customer"], "country": "DK", **fields}, now=utcnow(),
                check_duplicates=False,
            )  # fmt: skip
        drain(TaskName.PUSH_CUSTOMER)
        return customer.id

    def edit(self, customer_id: UUID, **fields: Any) -> None:
        """Edit a customer here, and let what follows happen."""
        with transaction() as session:
            customer = customers.get(session, customer_id, lock=True)
            customers.update(session, customer, fields, now=utcnow())
        push()

    def enter(self, number: int, **properties: Any) -> None:
        """Enter a customer over there, as a person would."""
        self.books.offset += timedelta(seconds=5)
        self.books.create_customer(
            {
                "customerNumber": number,
                "currency": "DKK",
                "customerGroup": {"customerGroupNumber": 1},
                "paymentTerms": {"paymentTermsNumber": 1},
                "vatZone": {"vatZoneNumber": 1},
                **properties,
            }
        )

    def change(self, number: int, **properties: Any) -> None:
        """Edit a customer over there."""
        self.books.offset += timedelta(seconds=5)
        self.books.replace_customer(number, self.books.customer(number) | properties)

    def pull(self) -> None:
        """Take in what changed over there."""
        with transaction() as session:
            health.request_pull(session, services.get(session, self.connection_id))
        drain(TaskName.PULL_CUSTOMERS)

    def there(self, number: str | int | None) -> dict[str, Any]:
        """Return a customer as it is over there."""
        return dict(self.books.customer(int(number or 0)))

    def writes(self, method: str) -> list[dict[str, Any]]:
        """Return the bodies written over there by a method, those refused too."""
        return [w.body for w in self.books.requests if w.method == method and w.body is not None]


def push() -> None:
    """Let the edits settle, and push."""
    with transaction() as session:
        session.execute(update(Job).where(Job.state == JobState.QUEUED).values(run_at=func.now()))
    drain(TaskName.PUSH_CUSTOMER)


def customer(identifier: UUID) -> Customer:
    with transaction() as session:
        return session.get_one(Customer, identifier)


def link_of(customer_id: UUID) -> ExternalLink:
    with transaction() as session:
        return session.scalars(
            select(ExternalLink).where(ExternalLink.customer_id == customer_id)
        ).one()


def dead_jobs() -> list[Job]:
    with transaction() as session:
        return list(session.scalars(select(Job).where(Job.state == JobState.DEAD)))
