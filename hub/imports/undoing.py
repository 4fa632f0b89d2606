"""Taking back the import of a file of customers: in sets what is like another, all else one by one.

What comes of it is what `hub.imports.items.CustomerImport.undo` does to each.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.customers import bulk
from hub.customers import services as customers
from hub.customers.models import Address, Contact, Customer, FieldFact
from hub.db import among, savepoint
from hub.errors import DomainError
from hub.imports import parts
from hub.imports.items import CustomerImport, digests_of, give_back, moved, restore_facts
from hub.imports.models import ImportIdentity
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem

BATCH = 1000
SINGLY = 200
"""So many of those that go one by one in one transaction: it keeps their customers locked."""

_NEXT = (
    select(
        PlanItem.id, PlanItem.position, PlanItem.action, PlanItem.record_id,
        PlanItem.applied_version, PlanItem.before, PlanItem.source,
    )
    .where(PlanItem.outcome == "done")
    .order_by(PlanItem.position.desc())
)  # fmt: skip
_NOTE_UNDONE = text("update plan_item set outcome = 'undone' where id = any(:items)")
_NOTE_KEPT = text("""
    update plan_item i
    set outcome = 'kept', errors = cast(kept.errors as jsonb)
    from unnest(cast(:items as uuid[]), cast(:errors as text[])) as kept (item_id, errors)
    where i.id = kept.item_id
""")
_FORGET = text("""
    delete from import_identity i
    using unnest(cast(:digests as bytea[]), cast(:customers as uuid[]))
        as gone (digest, customer_id)
    where i.digest = gone.digest and i.customer_id = gone.customer_id
""")

Refused = dict[UUID, DomainError]
"""Why items are kept, by their ids."""


def undo_batch(session: Session, plan: Plan, *, now: datetime, limit: int = BATCH) -> int:
    """Take back the next items in one transaction, the last ones first; returns how many.

    It is 0 when all are done, and may be less than `limit` before.
    """
    rows = session.execute(_NEXT.where(PlanItem.plan_id == plan.id).limit(limit)).all()
    made = [row for row in rows if row.action == "create"]
    changed = [row for row in rows if row.action != "create" and not _parts_of(row)]
    own = _own_parts(session, made)
    singly = [row for row in rows if _parts_of(row) and row.record_id not in own]
    made = [row for row in made if row.record_id in own or not _parts_of(row)]
    settled = 0
    # What was made goes first: it may hold what another had before, and is to get again.
    for take_back, some in ((partial(_take_away, own=own), made), (_restore, changed)):
        if _settle(session, take_back, some, now):
            settled += len(some)
        else:
            singly += some
    if singly:
        singly.sort(key=lambda row: -row.position)
        settled += _undo_singly(session, plan, [row.id for row in singly[:SINGLY]], now)
    return settled


def _parts_of(row: Any) -> list[dict[str, Any]]:
    """Return what an item did to contacts and addresses of its customer."""
    found: list[dict[str, Any]] = (row.source or {}).get("parts", [])
    return found


def _own_parts(session: Session, rows: Sequence[Any]) -> dict[UUID, list[Contact | Address]]:
    """Return the parts that items made with their customers, where they go with them as a set."""
    made = {row.record_id: _parts_of(row) for row in rows if _parts_of(row)}
    if not made:
        return {}
    _lock(session, list(made))
    return parts.removable(session, made)


def _lock(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Return what of customers tells whether they were changed, locked against references too."""
    rows = session.execute(
        select(Customer.id, Customer.version, Customer.deleted_at, Customer.merged_into_id)
        .where(among(Customer.id, customer_ids))
        .order_by(Customer.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


def _settle(
    session: Session,
    take_back: Callable[[Session, Sequence[Any], datetime], Refused],
    rows: Sequence[Any],
    now: datetime,
) -> bool:
    """Take some items back as a set, and note what became of each; False where none could be."""
    if not rows:
        return True
    try:
        with savepoint(session):
            refused = take_back(session, rows, now)
    except (DomainError, IntegrityError):
        return False
    session.execute(_NOTE_UNDONE, {"items": [row.id for row in rows if row.id not in refused]})
    if refused:
        told = [json.dumps(plans.all_shown(error)) for error in refused.values()]
        session.execute(_NOTE_KEPT, {"items": list(refused), "errors": told})
    return True


def _take_away(
    session: Session,
    rows: Sequence[Any],
    now: datetime,
    *,
    own: Mapping[UUID, Sequence[Contact | Address]],
) -> Refused:
    """Delete customers that an import made, but for those that are not as it left them."""
    refused, standing = _sift(rows, _lock(session, [row.record_id for row in rows]))
    going = [part for row in standing for part in own.get(row.record_id, ())]
    parts.take_away(session, going, now=now)
    held = bulk.take_back_many(session, [row.record_id for row in standing], now=now)
    gone = [row.record_id for row in standing if row.record_id not in held]
    for trace in (FieldFact, ImportIdentity):
        session.execute(
            delete(trace).where(among(trace.customer_id, gone)),
            execution_options={"synchronize_session": False},
        )
    refused |= {row.id: held[row.record_id] for row in standing if row.record_id in held}
    return refused


def _restore(session: Session, rows: Sequence[Any], now: datetime) -> Refused:
    """Give customers back what an import wrote over, but for those that were changed since."""
    del now
    found = session.scalars(
        select(Customer)
        .where(among(Customer.id, [row.record_id for row in rows]))
        .order_by(Customer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    here = {customer.id: customer for customer in found}
    refused, standing = _sift(rows, here)
    changed = [
        (here[row.record_id], give_back(here[row.record_id], row.before, row.source))
        for row in standing
    ]
    customers.refresh_derived_many(session, changed)
    restore_facts(session, ((row.record_id, row.source) for row in standing))
    digests = [(digest, row.record_id) for row in standing for digest in digests_of(row.source)]
    session.execute(
        _FORGET,
        {"digests": [digest for digest, _ in digests], "customers": [each for _, each in digests]},
    )
    return refused


def _sift(rows: Iterable[Any], here: Mapping[UUID, Any]) -> tuple[Refused, list[Any]]:
    """Return why some items are kept, and those whose customers are as the import left them."""
    refused, standing = {}, []
    for row in rows:
        error = moved(here.get(row.record_id), row.record_id, row.applied_version)
        if error is None:
            standing.append(row)
        else:
            refused[row.id] = error
    return refused, standing


def _undo_singly(session: Session, plan: Plan, item_ids: Sequence[UUID], now: datetime) -> int:
    items = session.scalars(
        select(PlanItem).where(among(PlanItem.id, item_ids)).order_by(PlanItem.position.desc())
    ).all()
    plans.undo_items(session, items, CustomerImport(plan.id), now=now)
    return len(items)
