"""What a customer shows of its way to an accounting system: what it waits for, why it is not there.

Of a linked customer whose change is only late nothing is written: `hub.sync.waiting` reads that off
the jobs.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.connections import declarations, mending
from hub.connections import services as connections
from hub.connections.models import Connection
from hub.customers.models import AccountingState, Customer
from hub.db import find_locked
from hub.errors import (
    ConflictError,
    NotFoundError,
    RejectedError,
    RemoteFieldError,
    TransientError,
)
from hub.i18n import N_
from hub.ledger.setbacks import Setback
from hub.links import record_path
from hub.sync import mapping, pushing, standing
from hub.sync.telling import EXPLAINED, QUOTED, labels

REFUSED = N_("{system} refuses it: {reason}")
FAILED = N_("{system} could not be brought up to date: {reason}")
NO_ANSWER = N_("{system} does not answer: {reason}")
HELD = N_("It is sent to {system} later: {reason}")


def note_push(session: Session, setback: Setback) -> None:
    """Show on a customer why a push has not brought it into the accounting system."""
    customer = find_locked(session, Customer, UUID(setback.args["customer_id"]))
    if customer is None or customer.deleted_at is not None or customer.merged_into_id is not None:
        return
    try:
        connection = connections.get(session, UUID(setback.args["connection_id"]))
    except NotFoundError:  # taken away: nothing is to be mended any more
        return
    if setback.next_try_at is None:
        _note_end(session, connection, customer, setback)
    elif standing.standing_of(customer, connection.id).state is not AccountingState.LINKED:
        text = NO_ANSWER if isinstance(setback.error, TransientError) else HELD
        state = AccountingState.HELD if setback.waits_for else AccountingState.WAITING
        standing.note(customer, connection.id, state, _message(setback, text, connection))


def _note_end(
    session: Session, connection: Connection, customer: Customer, setback: Setback
) -> None:
    error, state = setback.error, AccountingState.FAILED
    if isinstance(error, ConflictError) and error.code == pushing.SAME_NUMBER_CODE:
        state = AccountingState.HELD
        message = {"code": error.code, **error.words, "link": f"{_path_of(customer)}/links"}
    elif isinstance(error, RejectedError):
        fields = labels(session, connection)
        message = _message(
            setback, REFUSED, connection,
            reason=_reasons(error, fields),
            link=_where(session, connection, customer, error),
        )  # fmt: skip
    else:
        message = _message(setback, FAILED, connection)
    standing.note(customer, connection.id, state, message)


def _message(
    setback: Setback,
    text: str,
    connection: Connection,
    *,
    reason: object = None,
    link: str | None = None,
) -> dict[str, Any]:
    return {
        "code": setback.code,
        "text": text,
        "params": {"system": connection.name, "reason": reason or dict(setback.reason)},
        "link": link or mending.link(setback),
    }


def _reasons(error: RejectedError, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return what is wrong with each value: in our words where we know it, and in theirs."""
    return [_reason(each, labels.get(each.field, each.field)) for each in error.errors] or [
        dict(error.words)
    ]


def _reason(refused: RemoteFieldError, label: str) -> dict[str, Any]:
    params: dict[str, Any] = {"field": {"text": label}, "quoted": refused.message}
    if not refused.meaning:
        return {"text": QUOTED, "params": params}
    return {"text": EXPLAINED, "params": {**params, "meaning": {"text": refused.meaning}}}


def _where(
    session: Session, connection: Connection, customer: Customer, error: RejectedError
) -> str:
    """Return where the refused value comes from: the customer, or the connection's default."""
    field = next((each.field for each in error.errors), None)
    pairs = mapping.pairs_of(session, connection)
    pair = next((pair for pair in pairs if pair.remote == field), None)
    if pair is not None and pair.from_here(customer) is not None:
        return f"{_path_of(customer)}#/{pair.local}"
    default = f"default_{field}"
    declared = declarations.get(session, connection.connector)["settings"]
    has_default = any(setting["name"] == default for setting in declared)
    return mending.setting_path(connection.id, default if has_default else None)


def _path_of(customer: Customer) -> str:
    return record_path("customers", customer.id)
