"""Importing a stored delivery: once for each state of a shop's record, and never an older one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import business_date
from hub.connections.models import Connection
from hub.customers import becoming
from hub.customers.models import Customer, ShopIdentity
from hub.db import find_locked
from hub.documents import services as documents
from hub.history.recording import record
from hub.hooks import inquiries, mails, resources
from hub.hooks.attaching import attach
from hub.hooks.models import DeliveryState, HookDelivery, HookResource
from hub.i18n import N_
from hub.intake import knowing
from hub.leads.models import Lead
from hub.ledger.setbacks import GivenUp, Setback
from hub.messages import Mail
from hub.ports import ShopEvent, ShopParty
from hub.settings import get_settings

ORDER_RECEIVED = "customer.order_received"
ORDER_UPDATED = "customer.order_updated"
ORDER_DELETED = "customer.order_deleted"
SHOP_CUSTOMER_DELETED = "customer.shop_customer_deleted"
GIVEN_UP = N_("Somebody gave it up. It had failed: {reason}")
_DELETED = ".deleted"
_LEAD = "lead"
_TAKEN = frozenset({"customer", "order", _LEAD})


@dataclass(frozen=True, slots=True)
class _News:
    """One event on its way in."""

    session: Session
    connection: Connection
    delivery: HookDelivery
    event: ShopEvent
    resource: HookResource
    is_first: bool
    at: datetime


def import_delivery(
    session: Session,
    connection: Connection,
    delivery: HookDelivery,
    said: ShopEvent | Mail,
    *,
    now: datetime,
) -> DeliveryState:
    """Take in what a delivery says, in the caller's transaction; returns what became of it.

    The caller holds the delivery locked and imports those of one shop one after another.
    """
    if delivery.state is DeliveryState.IMPORTED:
        return delivery.state
    delivery.summary = said.summary
    delivery.message = None
    if isinstance(said, Mail):
        delivery.topic = mails.TOPIC
        delivery.state = mails.take(session, connection, delivery, said, now=now)
    else:
        delivery.topic = said.topic
        delivery.state = _outcome(session, connection, delivery, said, now)
    delivery.imported_at = now
    session.flush()
    return delivery.state


def note_setback(session: Session, setback: Setback) -> None:
    """Keep why a delivery could not be imported; it stays to be tried again."""
    if setback.next_try_at is not None:
        return
    delivery = find_locked(session, HookDelivery, UUID(setback.args["hook_delivery_id"]))
    if delivery is None or delivery.state not in {DeliveryState.STORED, DeliveryState.FAILED}:
        return
    delivery.state = DeliveryState.FAILED
    delivery.message = setback.message


def note_given_up(session: Session, given_up: GivenUp) -> None:
    """Leave a delivery that failed aside, as nobody is to import it; a replay tries all the same.

    It goes on to say why it failed.
    """
    delivery = find_locked(session, HookDelivery, UUID(given_up.args["hook_delivery_id"]))
    if delivery is None or delivery.state is not DeliveryState.FAILED:
        return
    failed = delivery.message or {"text": "", "params": {}}
    delivery.state = DeliveryState.IGNORED
    delivery.message = {
        "code": "given_up",
        "text": GIVEN_UP,
        "params": {"reason": {"text": failed["text"], "params": failed.get("params") or {}}},
    }


def _outcome(
    session: Session,
    connection: Connection,
    delivery: HookDelivery,
    event: ShopEvent,
    now: datetime,
) -> DeliveryState:
    if event.kind not in _TAKEN or event.resource_id is None:
        return DeliveryState.IGNORED
    if _was_imported(session, delivery):
        return DeliveryState.REPEATED
    is_first, resource = resources.get_locked(session, connection, event.kind, event.resource_id)
    if _is_late(resource, event):
        return DeliveryState.LATE
    news = _News(session, connection, delivery, event, resource, is_first, event.occurred_at or now)
    if event.topic.endswith(_DELETED):
        _take_deletion(news)
    elif event.party is not None and event.kind == _LEAD:
        _take_inquiry(news, event.party, now)
    elif event.party is not None:
        _take_party(news, event.party)
    if event.occurred_at is not None:
        resource.occurred_at = event.occurred_at
    return DeliveryState.IMPORTED


def _take_party(news: _News, party: ShopParty) -> None:
    attached = attach(
        news.session,
        news.connection,
        party,
        at=news.at,
        is_newest=_is_newest_of_party(news, party),
    )
    if attached is None:
        return
    news.delivery.customer_id = attached.customer.id
    news.resource.customer_id = attached.customer.id
    news.resource.deleted = False
    if news.event.kind == "order":
        _record(news, attached.customer, ORDER_RECEIVED if news.is_first else ORDER_UPDATED)
        documents.mirror_order(
            news.session, news.connection.id, attached.customer.id, news.event,
            day=business_date(news.at, get_settings().zone),
        )  # fmt: skip
        if news.event.is_confirmed:
            becoming.by_order(news.session, attached.customer, _facts(news), now=news.at)


def _take_inquiry(news: _News, party: ShopParty, now: datetime) -> None:
    resource = news.resource
    known = find_locked(news.session, Lead, resource.lead_id)
    living = known if known is not None and known.deleted_at is None else None
    lead = inquiries.take(news.session, news.connection, living, news.event, party, now=now)
    if lead is not None:
        news.delivery.lead_id = resource.lead_id = lead.id
    resource.deleted = False


def _take_deletion(news: _News) -> None:
    """Note that the shop deleted something; nothing of ours is deleted for it."""
    if news.event.kind == "customer":
        identity = news.session.scalar(
            select(ShopIdentity).where(
                ShopIdentity.connection_id == news.connection.id,
                ShopIdentity.shop_customer_id == news.event.resource_id,
            )
        )
        customer_id = identity.customer_id if identity else None
        if identity is not None:
            news.session.delete(identity)
    else:
        customer_id = news.resource.customer_id
        documents.settle_order(news.session, news.connection.id, news.resource.resource_id)
    news.resource.deleted = True
    customer = knowing.living(news.session, customer_id)
    if customer is not None:
        news.delivery.customer_id = customer.id
        kind = SHOP_CUSTOMER_DELETED if news.event.kind == "customer" else ORDER_DELETED
        _record(news, customer, kind)


def _record(news: _News, customer: Customer, kind: str) -> None:
    record(
        news.session,
        kind,
        subject_type=Customer.entity(),
        subject_id=customer.id,
        data=_facts(news),
    )


def _facts(news: _News) -> dict[str, str]:
    """Return what the history tells of what a shop says."""
    event = news.event
    facts = {
        "connection_id": str(news.connection.id),
        "hook_delivery_id": str(news.delivery.id),
        "resource_id": event.resource_id,
        "topic": event.topic,
        "number": event.order_number,
        "total": event.total,
        "currency": event.currency,
        "occurred_at": event.occurred_at.isoformat() if event.occurred_at else None,
        "summary": event.summary,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _was_imported(session: Session, delivery: HookDelivery) -> bool:
    """Say whether the same body came in before under another name: a new name proves nothing."""
    known = session.scalar(
        select(HookDelivery.id)
        .where(
            HookDelivery.connection_id == delivery.connection_id,
            HookDelivery.body_sha256 == delivery.body_sha256,
            HookDelivery.id != delivery.id,
            HookDelivery.state == DeliveryState.IMPORTED,
        )
        .limit(1)
    )
    return known is not None


def _is_late(resource: HookResource, event: ShopEvent) -> bool:
    """Say whether newer news came before; a deletion, which names no time, is the last word."""
    if event.occurred_at is None:
        return False
    if resource.deleted and not event.topic.endswith(".restored"):
        return True
    return resource.occurred_at is not None and event.occurred_at < resource.occurred_at


def _is_newest_of_party(news: _News, party: ShopParty) -> bool:
    """Say whether the party's values are newer than what the shop told of that customer itself."""
    if news.event.kind == "customer" or party.external_id is None:
        return True
    told_at = news.session.scalar(
        select(HookResource.occurred_at).where(
            HookResource.connection_id == news.connection.id,
            HookResource.kind == "customer",
            HookResource.resource_id == party.external_id,
        )
    )
    return told_at is None or news.at >= told_at
