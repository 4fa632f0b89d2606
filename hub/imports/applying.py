"""Applying the plan of a file of customers: new ones in sets, all else one by one."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import matching
from hub.copying import copy_in
from hub.customers import bulk
from hub.customers.models import Customer
from hub.db import new_id, savepoint
from hub.errors import DomainError
from hub.i18n import N_
from hub.imports import meanwhile, parts
from hub.imports.blind import Blind, uploader
from hub.imports.items import CHANNEL, CustomerImport, digests_of, typed
from hub.imports.models import ImportIdentity
from hub.origin import CauseKind
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem

BATCH = 1000

_NEXT = (
    select(PlanItem.id, PlanItem.action, PlanItem.record_id, PlanItem.after, PlanItem.source)
    .where(PlanItem.outcome.is_(None))
    .order_by(PlanItem.position)
)
_NOTE_CREATED = text("""
    update plan_item i
    set outcome = 'done', record_id = made.record_id, applied_version = 1,
        source = i.source - 'prepared'
    from unnest(cast(:items as uuid[]), cast(:records as uuid[])) as made (item_id, record_id)
    where i.id = made.item_id
""")
_NOTE_PARTS = text("""
    update plan_item i
    set source = i.source || jsonb_build_object('parts', cast(made.parts as jsonb))
    from unnest(cast(:items as uuid[]), cast(:parts as text[])) as made (item_id, parts)
    where i.id = made.item_id
""")
_RENEW = text("""
    update import_identity i set customer_id = given.customer_id
    from unnest(cast(:digests as bytea[]), cast(:customers as uuid[]))
        as given (digest, customer_id)
    where i.digest = given.digest
    returning i.digest
""")
_NOTE_SKIPPED = text("update plan_item set outcome = 'skipped' where id = any(:items)")
_UNMADE = select(PlanItem.position).where(
    PlanItem.action == "create", PlanItem.outcome.in_(("failed", "skipped"))
)
_FOLLOWERS = select(PlanItem.id, PlanItem.source["leader"].as_integer().label("leader")).where(
    PlanItem.outcome == "skipped", PlanItem.source.has_key("leader")
)
_FAIL = text("""
    update plan_item set outcome = 'failed', errors = cast(:errors as jsonb)
    where id = any(:items)
""")
LEADER_FAILED = N_("It is the same customer as a row that could not be imported.")


def apply_batch(
    session: Session,
    plan: Plan,
    *,
    now: datetime,
    came: Collection[UUID] = (),
    limit: int = BATCH,
) -> int:
    """Apply the next items in one transaction; returns how many, 0 when all are done.

    `came` are the customers that were made since the preview; none of them is made again.
    """
    rows = session.execute(_NEXT.where(PlanItem.plan_id == plan.id).limit(limit)).all()
    new = [row for row in rows if row.action == "create"]
    if new:
        new = _without_those_here(session, plan, new, came)
    still = [row for row in rows if row.action not in plans.EFFECTIVE]
    one_by_one = [row.id for row in rows if row.action in plans.EFFECTIVE - {"create"}]
    known_again = {
        digest: row.record_id
        for row in still
        if row.record_id is not None
        for digest in digests_of(row.source)
    }
    if still:
        session.execute(_NOTE_SKIPPED, {"items": [row.id for row in still]})
    made = _create_all(session, plan, new, now) if new else []
    if made is None:
        one_by_one += [row.id for row in new]
    else:
        for row, record_id in zip(new, made, strict=True):
            known_again |= dict.fromkeys(digests_of(row.source), record_id)
    if one_by_one:
        known_again |= _apply_singly(session, plan, one_by_one, now)
    _remember(session, known_again)
    return len(rows)


def fail_followers(session: Session, plan: Plan, errors: str) -> None:
    """Note of rows that joined another row's new customer that this one was not made."""
    # Each reads the plan's items once: joined to itself, a plan is at the mercy of statistics.
    unmade = set(session.scalars(_UNMADE.where(PlanItem.plan_id == plan.id)))
    if not unmade:
        return
    followers = session.execute(_FOLLOWERS.where(PlanItem.plan_id == plan.id))
    items = [follower.id for follower in followers if follower.leader in unmade]
    if items:
        session.execute(_FAIL, {"items": items, "errors": errors})


def _without_those_here(
    session: Session, plan: Plan, rows: Sequence[Any], came: Collection[UUID]
) -> list[Any]:
    """Skip the items whose customer came meanwhile, or may not be seen; returns the others."""
    blind = Blind(uploader(session, plan.created_by, plan.token_id))
    here = meanwhile.already_here(session, rows, came, blind)
    for item_id, reason in here.items():
        session.execute(
            update(PlanItem)
            .where(PlanItem.id == item_id)
            .values(outcome="skipped", errors=[dict(reason)])
        )
    return [row for row in rows if row.id not in here]


def _create_all(
    session: Session, plan: Plan, rows: Sequence[Any], now: datetime
) -> list[UUID] | None:
    """Make the customers of some items as a set; None where one of them stands in the way."""
    try:
        with savepoint(session):
            made = bulk.create_many(
                session,
                [typed(row.after) for row in rows],
                prepared=[matching.Prepared.of_stored(row.source.get("prepared")) for row in rows],
                channel=CHANNEL,
                origin=CauseKind.IMPORT,
                source=str(plan.id),
                now=now,
            )
            beside = {
                row.id: done
                for row, record_id in zip(rows, made, strict=True)
                if (done := _add_parts(session, record_id, row.after))
            }
    except (DomainError, IntegrityError):
        return None
    session.execute(_NOTE_CREATED, {"items": [row.id for row in rows], "records": made})
    if beside:
        session.execute(
            _NOTE_PARTS,
            {"items": list(beside), "parts": [json.dumps(done) for done in beside.values()]},
        )
    return made


def _add_parts(
    session: Session, customer_id: UUID, after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    if not any(name in after for name in parts.LISTS):
        return []
    return parts.apply(session, session.get_one(Customer, customer_id), after)


def _apply_singly(
    session: Session, plan: Plan, item_ids: Sequence[UUID], now: datetime
) -> dict[bytes, UUID]:
    """Apply items one by one; returns by what the rows of those that succeeded are known again."""
    items = session.scalars(
        select(PlanItem).where(PlanItem.id.in_(item_ids)).order_by(PlanItem.position)
    ).all()
    plans.apply_items(session, items, CustomerImport(plan.id), now=now)
    return {
        digest: item.record_id
        for item in items
        if item.outcome == "done" and item.record_id is not None
        for digest in digests_of(item.source)
    }


def _remember(session: Session, rows: Mapping[bytes, UUID]) -> None:
    """Keep by what rows are known again, also where they were known as a customer that is gone."""
    if not rows:
        return
    digests = list(rows)
    known = set(
        session.scalars(
            _RENEW, {"digests": digests, "customers": [rows[digest] for digest in digests]}
        )
    )
    copy_in(
        session,
        ImportIdentity.__tablename__,
        ("id", "digest", "customer_id"),
        ((new_id(), digest, rows[digest]) for digest in digests if digest not in known),
    )
