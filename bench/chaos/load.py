"""What people and shops do meanwhile, and what they were told: the list that the verdict reads."""

import queue
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import requests

from connectors.sandbox.woocommerce import Hook
from connectors.sandbox.woocommerce.composing import Composer
from tests.chaos.outside import Outside
from tests.chaos.persistence import PersistentClient

THREADS = 8
HOT = 10  # customers that are edited again and again
SHOP = "http://shop.example"


@dataclass(slots=True)
class Acknowledged:
    """What Hub said yes to; effects of all of it must be found outside."""

    customers: dict[str, str] = field(default_factory=dict)  # id by name
    cities: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # by id
    reminders: list[str] = field(default_factory=list)  # ids
    orders: list[str] = field(default_factory=list)  # mail addresses
    copies_of_orders: int = 0
    failed: list[str] = field(default_factory=list)


class Load:
    """`count` customers and what goes with them, by eight threads that ask until they are told.

    Args:
        seed: the same seed makes the same operations.
        count: how many customers are made.
        client: asks Hub.
        outside: makes companies known to the registry.
        hook: sends what the shop sends.
    """

    def __init__(
        self, seed: int, count: int, client: PersistentClient, outside: Outside, hook: Hook
    ) -> None:
        self.said = Acknowledged()
        self._client = client
        self._outside = outside
        self._hook = hook
        self._chance = random.Random(seed)
        self._composer = Composer(SHOP, seed)
        self._hot: list[tuple[str, threading.Lock]] = []
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._operations = self._make_operations(count)
        self._let_go = 0

    def warm_up(self) -> None:
        """Make the customers that are edited later."""
        for number in range(HOT):
            made = self._client.post("/customers", {"name": f"Hed {number}", "roles": ["customer"]})
            self.said.customers[made["name"]] = made["id"]
            self._hot.append((made["id"], threading.Lock()))

    def start(self) -> None:
        """Have the threads do what is let go."""
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def let_go(self, share: float) -> None:
        """Let so much of all be begun by now: who kills says how far he is."""
        upto = round(share * len(self._operations))
        for operation in self._operations[self._let_go : upto]:
            self._waiting.put(operation)
        self._let_go = upto

    def finish(self) -> None:
        """Let go what is left, and wait for its end."""
        self.let_go(1)
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (operation := self._waiting.get()) is not None:
            try:
                operation()
            except (AssertionError, requests.RequestException) as error:
                self.said.failed.append(f"{type(error).__name__}: {error}"[:300])

    def _make_operations(self, count: int) -> list[Callable[[], None]]:
        made: list[Callable[[], None]] = []
        made += [partial(self._create, f"Kunde {number}") for number in range(count)]
        made += [self._create_by_number] * (count // 30)
        made += [partial(self._edit, self._chance.randrange(HOT)) for _ in range(count // 2)]
        made += [partial(self._remind, self._chance.randrange(HOT)) for _ in range(count // 2)]
        made += [partial(self._order, n, self._chance.randint(1, 3)) for n in range(count // 6)]
        self._chance.shuffle(made)
        return made

    def _create(self, name: str) -> None:
        made = self._client.post("/customers", {"name": name, "roles": ["customer"]})
        self.said.customers[name] = made["id"]

    def _create_by_number(self) -> None:
        number = self._outside.new_company()
        made = self._client.post("/customers", {"cvr": number, "roles": ["customer"]})
        self.said.customers[f"Firma {number} ApS"] = made["id"]

    def _edit(self, which: int) -> None:
        identifier, lock = self._hot[which]
        with lock:
            cities = self.said.cities[identifier]
            self._client.patch(f"/customers/{identifier}", {"city": f"By {len(cities) + 1:03}"})
            cities.append(f"By {len(cities) + 1:03}")

    def _remind(self, which: int) -> None:
        due = datetime.now(UTC) + timedelta(seconds=30)
        reminder = {
            "title": "Ring", "on": due.date().isoformat(), "zone": "UTC",
            "at": due.time().isoformat("seconds"),
        }  # fmt: skip
        body = {"body": "Vil have prisen", "reminder": reminder}
        note = self._client.post(f"/customers/{self._hot[which][0]}/notes", body)
        self.said.reminders.append(note["reminder"]["id"])

    def _order(self, number: int, copies: int) -> None:
        address = f"gaest{number}@ukendt.example"
        order: Any = self._composer.order(
            billing={"email": address, "company": f"Ukendt {number} ApS"}, paid=False
        )  # or else who ordered would be a customer, and in the accounting system
        delivery = self._hook.delivery("order.created", order)
        for _ in range(copies):
            while self._hook.send(delivery).status != 200:
                time.sleep(0.3)
            self.said.copies_of_orders += 1
        self.said.orders.append(address)
