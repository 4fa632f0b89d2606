"""A business whose systems are all connected to one Hub, and people who ask until they are told."""

import itertools
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from sqlalchemy import create_engine, text

from connectors.sandbox.economic import create_app
from connectors.sandbox.mailbox import Entry
from connectors.sandbox.woocommerce import Hook
from connectors.sandbox.woocommerce.composing import Composer
from tests.chaos.outside import Books, Outside
from tests.chaos.persistence import PersistentClient
from tests.journeys.world import SHOP, Sandbox, World
from tests.patience import ask_in_time

FOLLOWS_WITHIN_S = 300.0  # a minute by R-1, on a machine that has nothing else to do
DUE_IN_S = 3.0  # what falls due by itself does so a moment after all is prepared
DISTANT = datetime(2090, 12, 1, 9, tzinfo=UTC)


class Business:
    """What the steps of the journeys need; a context manager.

    `books` is the accounting of customers, `suppliers` a second one, which may be shut out
    without the first one's noticing.

    Args:
        environment: more settings of Hub.
    """

    client: PersistentClient
    hook: Hook

    def __init__(self, **environment: str) -> None:
        self.world = World(durable=True, **environment)
        self.outside = Outside(self.world)
        self.books = Books(self.world.economic)
        self._of_suppliers = Sandbox(create_app)
        self.suppliers = Books(self._of_suppliers)
        self.composer = Composer(SHOP)
        self._groups = itertools.count(1000)
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.callback(self._of_suppliers.running.stop)
            opening.enter_context(self.world)
            token = str(self.world.client.headers["Authorization"]).removeprefix("Bearer ")
            self.client = PersistentClient(self.world.stack.base_url, token)
            self.hook = self.world.connect_shop()
            self._connect_suppliers()
            self.user_id = self.client.get("/me")["id"]
            self._open = opening.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open.close()

    @property
    def suppliers_path(self) -> str:
        """The connection with the accounting of suppliers."""
        return f"/connections/{self.world.connections['suppliers']['id']}"

    def name(self) -> str:
        """Return a name that is like no other, so that nobody takes two for one."""
        return f"{uuid4().hex} Prøve"

    def group(self) -> int:
        """Return the number of a customer group that nobody has named yet."""
        return next(self._groups)

    def customer(self, **fields: Any) -> Any:
        """Make a customer."""
        return self.client.post(
            "/customers", {"name": self.name(), "roles": ["customer"], **fields}
        )

    def known(self, **fields: Any) -> Any:
        """Make a customer and wait until e-conomic has it; returns it."""
        return self.linked(self.customer(**fields))

    def supplier(self, **fields: Any) -> Any:
        """Make a supplier and wait until its own accounting has it; `number` is that there."""
        made = self.customer(roles=["supplier"], **fields)
        found = self.eventually(lambda: self.suppliers.named(made["name"]), bool)
        self.linked(made)
        return {**made, "number": found[0]["customerNumber"]}

    def linked(self, made: Any) -> Any:
        """Wait until the accounting of a customer has it; returns the customer then."""
        return self.eventually(
            lambda: self.client.get(f"/customers/{made['id']}"),
            lambda customer: customer["accounting"]["state"] == "linked",
        )

    def remind(self, customer: Any) -> Any:
        """Write a note with a reminder of the distant future."""
        return self._remind(customer, DISTANT)

    def remind_soon(self, customer: Any, in_s: float = DUE_IN_S) -> tuple[Any, datetime]:
        """Write a note with a reminder that falls due in a moment; returns it, and when."""

        def ask(due: datetime) -> tuple[Any, datetime] | None:
            made = self._remind(customer, due)
            return None if made is None else (made, due)

        return ask_in_time(ask, in_s=in_s)

    def _remind(self, customer: Any, due: datetime) -> Any | None:
        day, at = due.date().isoformat(), due.time().isoformat()
        reminder = {"title": "Ring", "on": day, "at": at, "zone": "UTC"}
        body = {"body": "Vil have prisen", "reminder": reminder}
        made = self.client.post_in_time(f"/customers/{customer['id']}/notes", body)
        return None if made is None else made["reminder"]

    def require_one_mail(self, kind: str, source_id: str, sequence: int = 0) -> Entry:
        """Wait for a mail and return it; fails where copies of it differ or were kept quiet."""
        copies: list[Entry] = self.eventually(
            lambda: self.outside.mails(kind, source_id, sequence), bool
        )
        assert len({(copy.message_id, copy.sha256) for copy in copies}) == 1
        assert len(copies) - 1 <= self.outside.possible_repeats(source_id)
        return copies[0]

    def eventually(self, read: Callable[[], Any], wanted: Callable[[Any], object]) -> Any:
        """Read until what was read is as wanted; returns it."""
        return self.world.eventually(read, wanted, within_s=FOLLOWS_WITHIN_S)

    def events(self, kind: str, subject_id: str) -> list[dict[str, Any]]:
        """Return what the history says of a record."""
        found = self.sql(
            "select id, changes from event where type = :kind and subject_id = :id order by id",
            kind=kind,
            id=subject_id,
        )
        return [{"id": row[0], "changes": row[1]} for row in found]

    def renew_budgets(self) -> None:
        """Let the other sides be asked as often as they allow, as if a minute had gone by."""
        engine = create_engine(self.world.stack.database_url)
        with engine.begin() as connection:
            connection.execute(text("update connection_gate set tokens = 1000"))  # capped when read
        engine.dispose()

    def sql(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Look into Hub's own database, for what no other system keeps a ledger of."""
        engine = create_engine(self.world.stack.database_url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(statement), parameters)]
        engine.dispose()
        return found

    def _connect_suppliers(self) -> None:
        settings = {
            "base_url": self._of_suppliers.url,
            "app_secret_token": "sandbox-app",
            "agreement_grant_token": "sandbox-grant",
            "default_customer_group": 1,
            "default_payment_terms": 1,
        }
        self.world.connect(
            "suppliers",
            {
                "name": "Suppliers",
                "connector": "economic",
                "outgoing_held": False,
                "settings": settings,
                "filter": {"roles": ["supplier"]},
            },
        )
