"""How long what nobody has to keep is kept: technical logs, answers, previews; not records."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.autofill.models import RegistryLookup
from hub.connections.models import CallLog
from hub.db import Base
from hub.hooks.models import DeliveryState, HookDelivery
from hub.idempotency import services as idempotency
from hub.mail import keeping
from hub.plans import services as plans
from hub.pools.models import SeenCard
from hub.sharing.models import BlindMatch
from hub.signing_in import attempts, sessions, tickets
from hub.sync import runs

BATCH = 1000
RUNS_KEPT = timedelta(days=90)
DELIVERIES_KEPT = timedelta(days=90)
CALLS_KEPT = timedelta(days=30)
BLIND_MATCHES_KEPT = timedelta(days=30)  # no shorter than any policy lets a reference last
CARDS_KEPT = timedelta(days=2)  # counted by the day, in any zone
LOOKUPS_KEPT = timedelta(days=1)  # candidates are chosen from at once, and name people

Prune = Callable[[Session, datetime, int], int]
"""Removes, or closes, what is over at an instant, so many at most, and returns how many."""


def _prune_calls(session: Session, now: datetime, limit: int) -> int:
    # In the order of ids, which rise with time: the oldest stand at the beginning of the key.
    return _remove_oldest(session, CallLog, CallLog.at, now - CALLS_KEPT, limit)


def _prune_lookups(session: Session, now: datetime, limit: int) -> int:
    created_at = RegistryLookup.created_at
    return _remove_oldest(session, RegistryLookup, created_at, now - LOOKUPS_KEPT, limit)


def _prune_runs(session: Session, now: datetime, limit: int) -> int:
    return runs.prune(session, now - RUNS_KEPT, limit)


def _prune_deliveries(session: Session, now: datetime, limit: int) -> int:
    # What is not imported yet may still be tried again. Of what is, the customer's history tells.
    over = HookDelivery.state.not_in((DeliveryState.STORED, DeliveryState.FAILED))
    received_at = HookDelivery.received_at
    return _remove_oldest(session, HookDelivery, received_at, now - DELIVERIES_KEPT, limit, over)


def _prune_seen_cards(session: Session, now: datetime, limit: int) -> int:
    due = select(SeenCard.id).where(SeenCard.seen_on < (now - CARDS_KEPT).date()).limit(limit)
    gone: Any = session.execute(
        delete(SeenCard)
        .where(SeenCard.id.in_(due.with_for_update(skip_locked=True)))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)


def _prune_blind_matches(session: Session, now: datetime, limit: int) -> int:
    return _remove_oldest(session, BlindMatch, BlindMatch.at, now - BLIND_MATCHES_KEPT, limit)


def _remove_oldest(
    session: Session,
    model: type[Base],
    column: InstrumentedAttribute[datetime],
    before: datetime,
    limit: int,
    *narrowed: ColumnElement[bool],
) -> int:
    due = select(model.id).where(column < before, *narrowed).order_by(model.id).limit(limit)
    gone: Any = session.execute(
        delete(model)
        .where(model.id.in_(due.with_for_update(skip_locked=True)))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)


PRUNED: Mapping[str, Prune] = {
    "calls": _prune_calls,
    "lookups": _prune_lookups,
    "runs": _prune_runs,
    "hook_deliveries": _prune_deliveries,
    "idempotency_keys": idempotency.purge_expired,
    "sessions": sessions.prune,
    "tickets": tickets.prune,
    "attempts": attempts.prune,
    "confidential_mails": keeping.let_old_go,
    "plans": plans.expire,
    "seen_cards": _prune_seen_cards,
    "blind_matches": _prune_blind_matches,
}
"""What is pruned, by the name under which it is counted."""
