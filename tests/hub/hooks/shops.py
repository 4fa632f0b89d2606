"""A shop that is connected, and its deliveries as if they had come in over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

import workers.tasks  # noqa: F401 - registers the bodies
from connectors import declarations as installed
from connectors.sandbox.woocommerce import Composer, Delivery, Hook
from hub import reactions
from hub.clock import utcnow
from hub.connections import credentials, declarations, health
from hub.connections import services as connections
from hub.customers.models import Customer
from hub.db import transaction
from hub.history.models import Event
from hub.hooks import receiving
from hub.hooks.models import DeliveryState, HookDelivery
from hub.hooks.receiving import Received
from hub.ledger.tasks import TaskName
from workers.chain import drain

SECRET = "the shop's secret"


@dataclass
class ConnectedShop:
    connection_id: UUID
    path_secret: str
    hook: Hook
    composer: Composer

    def deliver(self, delivery: Delivery) -> Received:
        headers = {name.lower(): value for name, value in delivery.headers.items()}
        with transaction() as session:
            return receiving.receive(
                session, self.connection_id, self.path_secret, headers, delivery.body, now=utcnow()
            )

    def tell(self, topic: str, content: Mapping[str, Any]) -> DeliveryState:
        """Deliver and import; returns what became of it."""
        received = self.deliver(self.hook.delivery(topic, dict(content)))
        assert received.is_new
        drain(TaskName.IMPORT_HOOK)
        return delivery(received.delivery_id).state

    def guest_order(self, *, paid: bool = True, **billing: str) -> dict[str, Any]:
        return self.composer.order(billing=billing, paid=paid)


def make_shop(*, name: str = "Webshop", active: bool = True, **secrets: str) -> ConnectedShop:
    reactions.install()
    with transaction() as session:
        declarations.publish(session, installed())
        connection = connections.create(
            session,
            name=name,
            connector="woocommerce",
            settings={"webhook_secret": SECRET, **secrets},
        )
        secret = credentials.new_hook_secret(connection)
        if active:
            health.record_test(session, connection, account=None, choices=None, now=utcnow())
            health.activate(session, connection, now=utcnow())
        return ConnectedShop(
            connection.id, secret, Hook("http://unused", SECRET), Composer("http://shop.example")
        )


def delivery(identifier: UUID | None) -> HookDelivery:
    with transaction() as session:
        return session.get_one(HookDelivery, identifier)


def deliveries() -> list[HookDelivery]:
    with transaction() as session:
        return list(session.scalars(select(HookDelivery).order_by(HookDelivery.id)))


def customers() -> list[Customer]:
    with transaction() as session:
        return list(session.scalars(select(Customer).order_by(Customer.id)))


def events(kind: str) -> list[Event]:
    with transaction() as session:
        return list(session.scalars(select(Event).where(Event.type == kind).order_by(Event.id)))
