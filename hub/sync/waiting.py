"""Changes that have not reached an accounting system: why, since when, and what to do.

Read off the jobs that are to send them, so that nothing has to be written where a connection stops
or goes on.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from hub import outside
from hub.connections import services as connections
from hub.connections.models import Connection
from hub.connections.troubles import Trouble, holding_back
from hub.customers.models import AccountingState, Customer
from hub.history.recording import is_made_here
from hub.i18n import N_
from hub.ledger.enqueueing import asked_for
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName
from hub.links import record_path
from hub.sync.standing import standing_of

WAITS = N_("What is to be sent to {system} waits: {reason}")
TRIED_AGAIN = N_(
    "Nothing yet: it is tried again by itself, and at once when the connection is tested."
)
PUT_OFF = "put_off"
_ALL_HELD = Trouble("outside_held", outside.HELD, outside.RELEASE)

_QUEUED = (
    select(
        Job.subject_id, Job.created_at, Job.run_at, Job.waits_for,
        Job.error["words"].label("words"), Connection,
    )
    .join(Connection, cast(Connection.id, Text) == Job.args["connection_id"].astext)
    .where(
        Job.subject_type == Customer.entity(),
        Job.task == TaskName.PUSH_CUSTOMER.value,
        Job.state == JobState.QUEUED,
        Connection.deleted_at.is_(None),
    )
    .order_by(Job.id)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A change of a customer that waits for one connection, since it was made.

    `message` is {code, text, params, link}, `remedy` an English source. `next_try_at` is None where
    it is held until somebody does something.
    """

    connection_id: UUID
    since: datetime
    next_try_at: datetime | None
    message: Mapping[str, Any]
    remedy: str


def waiting_changes(
    session: Session, customers: Collection[Customer], *, now: datetime
) -> dict[UUID, list[WaitingChange]]:
    """Return what waits, by the customers' ids, the oldest first; one statement for all of them.

    What is held by its connection waits, and what was put off or has failed and is tried again; a
    change that is on its way for the first time does not. What this transaction changes counts, as
    of `now`.
    """
    if not customers or not connections.has_kind(session, "accounting"):
        return {}
    known = [each.id for each in customers if not is_made_here(session, each.entity(), each.id)]
    rows = session.execute(_QUEUED.where(Job.subject_id.in_(known))) if known else ()
    found: dict[UUID, list[WaitingChange]] = {}
    queued: set[tuple[UUID, UUID]] = set()
    is_held = outside.is_held(session)
    for row in rows:
        queued.add((row.subject_id, row.Connection.id))
        waiting = _waiting(row, is_held=is_held)
        if waiting is not None:
            found.setdefault(row.subject_id, []).append(waiting)
    for customer, connection in _asked_for(session, customers):
        held = _held_up(connection, since=now, is_held=is_held)
        if held is not None and (customer.id, connection.id) not in queued:
            found.setdefault(customer.id, []).append(held)
    return found


def _asked_for(
    session: Session, customers: Collection[Customer]
) -> Iterator[tuple[Customer, Connection]]:
    """Give out what this transaction asks to be sent, but for what nothing holds up."""
    by_id = {str(each.id): each for each in customers}
    for args in asked_for(session, TaskName.PUSH_CUSTOMER):
        customer, connection_id = by_id.get(args["customer_id"]), UUID(args["connection_id"])
        if customer is None:
            continue
        if standing_of(customer, connection_id).state is not AccountingState.WAITING:
            yield customer, session.get_one(Connection, connection_id)


def _waiting(row: Any, *, is_held: bool) -> WaitingChange | None:
    held = _held_up(row.Connection, since=row.created_at, is_held=is_held)
    if held is not None:
        return held
    if row.waits_for is None or row.words is None:
        return None
    message = _message(row.Connection, PUT_OFF, row.words)
    return WaitingChange(row.Connection.id, row.created_at, row.run_at, message, TRIED_AGAIN)


def _held_up(connection: Connection, *, since: datetime, is_held: bool) -> WaitingChange | None:
    """Return what waits until somebody does something; None where nothing holds it up."""
    trouble, link = holding_back(connection), record_path("connections", connection.id)
    if trouble is None and is_held:
        trouble, link = _ALL_HELD, outside.PATH
    if trouble is None:
        return None
    reason = {"text": trouble.text, "params": dict(trouble.params)}
    message = {**_message(connection, trouble.code, reason), "link": link}
    return WaitingChange(connection.id, since, None, message, trouble.remedy)


def _message(connection: Connection, code: str, reason: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "code": code,
        "text": WAITS,
        "params": {"system": connection.name, "reason": dict(reason)},
        "link": record_path("connections", connection.id),
    }
