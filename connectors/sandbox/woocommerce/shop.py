"""A shop: what happens in it, and the deliveries that follow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox import Json
from connectors.sandbox.woocommerce.composing import COMPANIES, Composer
from connectors.sandbox.woocommerce.sending import Delivery, Hook, Sent, forged, repeated


@dataclass(slots=True)
class Shop:
    """Keeps its customers and orders, and tells its hook; `sent` has how each sending went."""

    hook: Hook
    composer: Composer = field(init=False)
    customers: list[Json] = field(default_factory=list)
    orders: list[Json] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.composer = Composer(self.hook.shop_url)

    def send(self, delivery: Delivery, times: int = 1) -> list[Sent]:
        """Send one and the same delivery a number of times."""
        results = [self.hook.send(delivery) for _ in range(times)]
        self.sent.extend(results)
        return results

    def ping(self) -> list[Sent]:
        """Send the unsigned greeting of a webhook being saved."""
        return self.send(self.hook.ping())

    def register(self, billing: Mapping[str, Any] | None = None, times: int = 1) -> list[Sent]:
        """Let a new customer register."""
        self.customers.append(self.composer.customer(billing))
        return self._tell("customer.created", self.customers[-1], times)

    def change(self, billing: Mapping[str, Any] | None = None, times: int = 1) -> list[Sent]:
        """Change the newest customer, his phone number unless `billing` says otherwise."""
        values = billing or {"phone": f"+45 70 00 02 {len(self.sent) % 90 + 10}"}
        self.customers.append(self.composer.changed(self._customer(), billing=values))
        return self._tell("customer.updated", self.customers[-1], times)

    def delete(self, times: int = 1) -> list[Sent]:
        """Delete the newest customer: nothing but his number is sent."""
        deleted = self._customer()["id"]
        self.customers = [known for known in self.customers if known["id"] != deleted]
        return self._tell("customer.deleted", {"id": deleted}, times)

    def order(self, times: int = 1) -> list[Sent]:
        """Let the newest customer order."""
        self.orders.append(self.composer.order(self._customer()))
        return self._tell("order.created", self.orders[-1], times)

    def guest_order(
        self, billing: Mapping[str, Any] | None = None, times: int = 1, *, paid: bool = True
    ) -> list[Sent]:
        """Let somebody order without registering."""
        self.orders.append(self.composer.order(billing=billing, paid=paid))
        return self._tell("order.created", self.orders[-1], times)

    def pay(self, times: int = 1) -> list[Sent]:
        """Let what the newest order waited for come in."""
        if not self.orders:
            self.orders.append(self.composer.order(paid=False))
        self.orders[-1] = self.composer.changed(self.orders[-1], status="processing")
        return self._tell("order.updated", self.orders[-1], times)

    def company_order(self, times: int = 1) -> list[Sent]:
        """Let one of the invented companies order without registering, each in its turn."""
        companies = list(COMPANIES.values())
        return self.guest_order(companies[len(self.orders) % len(companies)], times)

    def fire_twice(self) -> list[Sent]:
        """Send a guest's order in two deliveries of their own."""
        self.orders.append(self.composer.order())
        first = self.hook.delivery("order.created", self.orders[-1])
        return self.send(first) + self.send(repeated(first))

    def reordered(self) -> list[Sent]:
        """Register a customer and change him, and let the change arrive first."""
        created = self.composer.customer()
        changed = self.composer.changed(created, billing={"phone": "+45 70 00 03 99"})
        self.customers.append(changed)
        return self._tell("customer.updated", changed) + self._tell("customer.created", created)

    def wrong_signature(self, billing: Mapping[str, Any] | None = None) -> list[Sent]:
        """Send a guest's order that somebody else has signed."""
        order = self.composer.order(billing=billing)
        return self.send(forged(self.hook.delivery("order.created", order)))

    def _customer(self) -> Json:
        if not self.customers:
            self.customers.append(self.composer.customer())
        return self.customers[-1]

    def _tell(self, topic: str, content: Json, times: int = 1) -> list[Sent]:
        return self.send(self.hook.delivery(topic, content), times)


SCENARIOS: Mapping[str, tuple[str, Callable[..., list[Sent]], frozenset[str]]] = {
    "ping": ("Save the webhook (ping)", Shop.ping, frozenset()),
    "register": ("A customer registers", Shop.register, frozenset({"billing", "times"})),
    "change": ("He changes his phone", Shop.change, frozenset({"billing", "times"})),
    "order": ("He orders", Shop.order, frozenset({"times"})),
    "delete": ("He is deleted", Shop.delete, frozenset({"times"})),
    "guest_order": ("A guest orders", Shop.guest_order, frozenset({"billing", "times", "paid"})),
    "pay": ("The newest order is paid", Shop.pay, frozenset({"times"})),
    "company_order": ("A company orders as a guest", Shop.company_order, frozenset({"times"})),
    "fire_twice": ("The same order in two deliveries", Shop.fire_twice, frozenset()),
    "reordered": ("A change before its creation", Shop.reordered, frozenset()),
    "wrong_signature": (
        "An order with a wrong signature",
        Shop.wrong_signature,
        frozenset({"billing"}),
    ),
}
"""What a person may let happen: its title, its method, and the options that a script may give."""
