"""A mailbox that is connected, and mail that comes into it."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import select

import workers.tasks  # noqa: F401 - registers the bodies
from connectors import declarations as declared
from connectors.sandbox.imap import PASSWORD, USER, RunningImap, serve
from hub import reactions
from hub.clock import utcnow
from hub.connections import declarations, health
from hub.connections import services as connections
from hub.connections.models import Connection
from hub.customers import services as customer_services
from hub.customers.models import Customer
from hub.db import transaction
from hub.hooks.models import HookDelivery
from hub.leads.models import Lead
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from hub.notes.models import Note
from workers.chain import drain


@dataclass
class Postroom:
    """Mailboxes, read by the worker's own code in the test's process."""

    servers: list[RunningImap] = field(default_factory=list)
    connection_ids: list[UUID] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def open(self, **settings: Any) -> RunningImap:
        """Connect another mailbox, and read it for the first time."""
        server = serve()
        given = {
            "host": "127.0.0.1", "port": server.port, "security": "none", "user": USER,
            "password": PASSWORD,
        }  # fmt: skip
        reactions.install()
        with transaction() as session:
            declarations.publish(session, declared())
            connection = connections.create(
                session, name=f"Mail {len(self.servers)}", connector="imap",
                settings=given | {"lead_source": "website"} | settings,
            )  # fmt: skip
            health.record_test(session, connection, account=None, choices=None, now=utcnow())
            health.activate(session, connection, now=utcnow())
            identifier = connection.id
        self.servers.append(server)
        self.connection_ids.append(identifier)
        return server

    def close(self) -> None:
        for server in self.servers:
            server.stop()

    def change(self, **settings: Any) -> None:
        """Change settings of the first mailbox."""
        with transaction() as session:
            connection = connections.get(session, self.connection_ids[0], lock=True)
            connections.update(session, connection, {"settings": settings})

    def ask(self) -> None:
        """Ask for all mailboxes to be read."""
        for identifier in self.connection_ids:
            with transaction() as session:
                health.request_pull(session, connections.get(session, identifier))

    def read(self) -> None:
        """Have all mailboxes read and what came imported."""
        self.ask()
        self.work()

    def work(self) -> None:
        """Do all that is due of it."""
        for task in (TaskName.READ_MAILBOX, TaskName.IMPORT_HOOK):
            while drain(task):  # which ends by itself after half a second
                pass

    def send(self, *headers: str, body: str = "Hej", server: int = 0, **named: str) -> str:
        """Put a message into a mailbox; returns its Message-ID."""
        number = next(self.numbers)
        given = {
            "Message-ID": f"<m{number}@viben.example>", "From": "Ida Prøve <ida@viben.example>",
            "To": USER, "Subject": "Kraner",
        } | {name.replace("_", "-"): value for name, value in named.items()}  # fmt: skip
        lines = [*headers, *(f"{name}: {value}" for name, value in given.items()), "", body, ""]
        self.servers[server].deliver("\r\n".join(lines).encode())
        return given["Message-ID"]

    def cursor(self) -> dict[str, Any]:
        with transaction() as session:
            found = session.get_one(Connection, self.connection_ids[0]).cursor
        assert found is not None
        return found


def deliveries() -> list[HookDelivery]:
    with transaction() as session:
        return list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))


def leads() -> list[Lead]:
    with transaction() as session:
        return list(session.scalars(select(Lead).order_by(Lead.sort_number)))


def notes() -> list[Note]:
    with transaction() as session:
        return list(session.scalars(select(Note).order_by(Note.id)))


def jobs(task: TaskName) -> list[Job]:
    with transaction() as session:
        return list(session.scalars(select(Job).where(Job.task == task).order_by(Job.id)))


def make_customer(**fields: Any) -> Customer:
    with transaction() as session:
        return customer_services.create(session, fields, now=utcnow(), check_duplicates=False)
