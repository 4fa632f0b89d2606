"""Receiving a delivery: believed or refused over its raw bytes, stored once, import asked for."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub import signatures
from hub.connections import credentials, declarations
from hub.connections.models import Connection
from hub.db import find_locked, new_id
from hub.errors import ConflictError, NotFoundError
from hub.hooks import threads
from hub.hooks.models import DeliveryState, HookDelivery
from hub.i18n import N_
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.messages import reading as messages
from hub.ports import ReceivedMessage

ENTITY = "hook_delivery"
_SECRETS = ("webhook_secret", "previous_webhook_secret")
_KEPT_PREFIXES = ("x-wc-", "x-shopify-", "shopify-", "webhook-", "x-github-", "x-hub-", "intuit-")
_KEPT = frozenset({"content-type", "user-agent"})
_LONGEST_HEADER = 500


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a call: a greeting has no delivery; a second copy is the first one's."""

    delivery_id: UUID | None
    is_new: bool


def receive(
    session: Session,
    connection_id: UUID,
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: datetime,
) -> Received:
    """Store a delivery and ask for its import; nothing of one that is not believed.

    Args:
        session: the caller's; the answer may go out once it has committed.
        connection_id: whose hook was called.
        secret: the secret part of the address that was called.
        headers: with lower-case names.
        body: the bytes as they came.
        now: the present instant, against which signed times are held.

    Raises:
        NotFoundError: there is no such hook, or not under this secret: the two look alike.
        SignatureRefusedError: the delivery is not to be believed.
    """
    connection, scheme = _hook(session, connection_id, secret)
    if signatures.is_ping(scheme, headers, body):
        return Received(None, is_new=False)
    opened = credentials.open_secrets(connection)
    trusted = [opened[name] for name in _SECRETS if opened.get(name)]
    signatures.verify(scheme, trusted, headers, body, now)
    name = signatures.deduplication_id(scheme, headers, body)
    kept = _kept(headers, signatures.SCHEMES[scheme].header)
    made = _store(session, connection, name, kept, body)
    if made is None:
        known = session.scalars(
            select(HookDelivery.id).where(
                HookDelivery.connection_id == connection.id,
                HookDelivery.deduplication_id == name,
            )
        ).one()
        return Received(known, is_new=False)
    ask_for_import(session, made, connection.id)
    return Received(made, is_new=True)


def receive_message(
    session: Session, connection: Connection, message: ReceivedMessage
) -> UUID | None:
    """Store a message of a mailbox and ask for its import; None for a copy of one stored before."""
    came_at = message.received_at
    told = {
        "name": message.name,
        messages.RECEIVED_AT: came_at.isoformat() if came_at is not None else None,
        messages.SIZE: message.size_bytes,
        messages.IS_WHOLE: message.is_whole,
        messages.PROBLEM: message.problem,
    }
    named = messages.identify(message.raw) if message.raw else message.name
    made = _store(session, connection, named, told, message.raw)
    if made is not None:
        if message.raw:
            threads.expect(session, connection, messages.envelope(message.raw))
        ask_for_import(session, made, connection.id)
    return made


def ask_for_import(session: Session, delivery_id: UUID, connection_id: UUID) -> Enqueued:
    """Ask for a stored delivery to be imported; those of one shop go one after another."""
    return enqueue(
        session,
        TaskName.IMPORT_HOOK,
        key=str(delivery_id),
        serial_key=f"hook:{connection_id}",
        subject=(ENTITY, delivery_id),
        hook_delivery_id=delivery_id,
    )


def get(session: Session, delivery_id: UUID, *, lock: bool = False) -> HookDelivery:
    """Return a delivery.

    Raises:
        NotFoundError: there is none.
    """
    found = (
        find_locked(session, HookDelivery, delivery_id)
        if lock
        else session.get(HookDelivery, delivery_id)
    )
    if found is None:
        raise NotFoundError(ENTITY, delivery_id)
    return found


def replay(session: Session, delivery: HookDelivery) -> Enqueued:
    """Ask for a delivery that was not imported to be tried again.

    Raises:
        ConflictError: it was imported; once is enough.
    """
    if delivery.state is DeliveryState.IMPORTED:
        raise ConflictError("already_imported", N_("The delivery was imported already."))
    delivery.state = DeliveryState.STORED
    delivery.message = None
    return ask_for_import(session, delivery.id, delivery.connection_id)


def _hook(session: Session, connection_id: UUID, secret: str) -> tuple[Connection, str]:
    connection = session.get(Connection, connection_id)
    if (
        connection is None
        or connection.deleted_at is not None
        or not credentials.hook_secret_fits(connection, secret)
    ):
        raise NotFoundError("hook", connection_id)
    scheme = declarations.get(session, connection.connector)["signature_scheme"]
    if scheme is None:
        raise NotFoundError("hook", connection_id)
    return connection, str(scheme)


def _store(
    session: Session,
    connection: Connection,
    deduplication_id: str,
    headers: Mapping[str, Any],
    body: bytes,
) -> UUID | None:
    """Store a delivery and return its id, None where one of that name is stored already."""
    return session.scalar(
        insert(HookDelivery)
        .values(
            id=new_id(),
            connection_id=connection.id,
            deduplication_id=deduplication_id,
            headers=dict(headers),
            body=body,
            body_sha256=hashlib.sha256(body).digest(),
            state=DeliveryState.STORED,
        )
        .on_conflict_do_nothing(index_elements=["connection_id", "deduplication_id"])
        .returning(HookDelivery.id)
    )


def _kept(headers: Mapping[str, str], signature_header: str) -> dict[str, str]:
    """Return the headers that a connector may read: the vendor's own, without the signature."""
    return {
        name: value[:_LONGEST_HEADER].replace("\0", "")
        for name, value in sorted(headers.items())
        if (name in _KEPT or name.startswith(_KEPT_PREFIXES)) and name != signature_header
    }
