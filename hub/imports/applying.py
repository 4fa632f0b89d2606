"""Applying an import's plan, and taking it back: new customers in sets, all else one by one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub import matching
from hub.copying import copy_in
from hub.customers import bulk, facts
from hub.customers import services as customers
from hub.customers.models import Customer, FieldFact
from hub.customers.references import refers_to
from hub.db import new_id, savepoint
from hub.errors import ConflictError, DomainError, NotFoundError, StaleVersionError
from hub.history.recording import plain
from hub.i18n import N_
from hub.imports import meanwhile
from hub.imports.models import ImportIdentity
from hub.origin import CauseKind
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem
from hub.plans.services import Applied

CHANNEL = "import"
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
_RENEW = text("""
    update import_identity i set customer_id = given.customer_id
    from unnest(cast(:digests as bytea[]), cast(:customers as uuid[]))
        as given (digest, customer_id)
    where i.digest = given.digest
    returning i.digest
""")
_NOTE_SKIPPED = text("update plan_item set outcome = 'skipped' where id = any(:items)")
_FAIL_FOLLOWERS = text("""
    update plan_item f
    set outcome = 'failed', errors = cast(:errors as jsonb)
    from plan_item l
    where f.plan_id = :plan_id and l.plan_id = f.plan_id
      and l.position = cast(f.source ->> 'leader' as int)
      and f.outcome = 'skipped' and l.outcome in ('failed', 'skipped') and l.action = 'create'
""")
LEADER_FAILED = N_("It is the same customer as a row that could not be imported.")


class CustomerImport:
    """Applies and undoes single items; a `hub.plans.services.Handler`."""

    def __init__(self, plan_id: UUID) -> None:
        self._source = str(plan_id)

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        """See `hub.plans.services.Handler.apply`."""
        values = typed(item.after or {})
        if item.action == "create":
            customer = customers.create(
                session, values, now=now, check_duplicates=False, channel=CHANNEL
            )
            self._keep(session, customer, values, now)
            return Applied(customer.id, customer.version)
        customer = _unmoved(session, item, item.record_version)
        before = {name: plain(getattr(customer, name)) for name in values}
        item.source = {
            **(item.source or {}),
            "facts": _facts_of(session, customer.id, values),
            "name_was_provisional": customer.name_provisional,
        }
        customers.update(session, customer, values, now=now)
        self._keep(session, customer, values, now)
        return Applied(customer.id, customer.version, before)

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """See `hub.plans.services.Handler.undo`."""
        customer = _unmoved(session, item, item.applied_version)
        session.execute(
            delete(ImportIdentity).where(
                ImportIdentity.customer_id == customer.id,
                ImportIdentity.digest.in_(_digests(item.source)),
            )
        )
        if item.action == "create":
            _take_away(session, customer, now)
        else:
            _restore(session, customer, item)

    def _keep(
        self, session: Session, customer: Customer, values: Mapping[str, Any], now: datetime
    ) -> None:
        facts.keep_written(session, customer, CauseKind.IMPORT, self._source, values, at=now)


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
    if new and came:
        new = _without_those_here(session, new, came)
    still = [row for row in rows if row.action not in plans.EFFECTIVE]
    one_by_one = [row.id for row in rows if row.action in plans.EFFECTIVE - {"create"}]
    known_again = {
        digest: row.record_id
        for row in still
        if row.record_id is not None
        for digest in _digests(row.source)
    }
    if still:
        session.execute(_NOTE_SKIPPED, {"items": [row.id for row in still]})
    made = _create_all(session, plan, new, now) if new else []
    if made is None:
        one_by_one += [row.id for row in new]
    else:
        for row, record_id in zip(new, made, strict=True):
            known_again |= dict.fromkeys(_digests(row.source), record_id)
    if one_by_one:
        known_again |= _apply_singly(session, plan, one_by_one, now)
    _remember(session, known_again)
    return len(rows)


def fail_followers(session: Session, plan: Plan, errors: str) -> None:
    """Note of rows that joined another row's new customer that this one was not made."""
    session.execute(_FAIL_FOLLOWERS, {"plan_id": plan.id, "errors": errors})


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the customer's columns hold them, from what JSON carried."""
    found = dict(values)
    if found.get("owner_user_id") is not None:
        found["owner_user_id"] = UUID(found["owner_user_id"])
    if found.get("credit_limit") is not None:
        found["credit_limit"] = Decimal(found["credit_limit"])
    return found


def _without_those_here(session: Session, rows: Sequence[Any], came: Collection[UUID]) -> list[Any]:
    """Skip the items whose customer came since the preview; returns the others."""
    here = meanwhile.already_here(session, rows, came)
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
    except (DomainError, IntegrityError):
        return None
    session.execute(_NOTE_CREATED, {"items": [row.id for row in rows], "records": made})
    return made


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
        for digest in _digests(item.source)
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


def _digests(source: Mapping[str, Any] | None) -> list[bytes]:
    return [bytes.fromhex(text) for text in (source or {}).get("identities", [])]


def _unmoved(session: Session, item: PlanItem, version: int | None) -> Customer:
    """Return an item's customer, locked, if it is at a version.

    Raises:
        NotFoundError: it was deleted.
        StaleVersionError: it was changed or merged since.
    """
    customer = session.get(Customer, item.record_id, with_for_update={"key_share": True})
    if customer is None or customer.deleted_at is not None:
        raise NotFoundError(customers.ENTITY, item.record_id)
    if customer.merged_into_id is not None or customer.version != version:
        raise StaleVersionError(customers.ENTITY, customer.id, customer.version)
    return customer


def _facts_of(session: Session, customer_id: UUID, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return what imports said before of some fields, None where they said nothing."""
    found: dict[str, Any] = dict.fromkeys(names)
    kept = session.scalars(
        select(FieldFact).where(
            FieldFact.customer_id == customer_id,
            FieldFact.origin == CauseKind.IMPORT.value,
            FieldFact.field.in_(list(names)),
        )
    )
    for fact in kept:
        found[fact.field] = {
            "value": fact.value,
            "origin_ref": fact.origin_ref,
            "observed_at": fact.observed_at.isoformat(),
        }
    return found


def _take_away(session: Session, customer: Customer, now: datetime) -> None:
    """Delete a customer that an import made.

    Raises:
        ConflictError: something was attached to it since.
    """
    holder = refers_to(session, customer.id)
    if holder is not None:
        raise ConflictError(
            "in_use", N_("It is kept: it has {what} by now."), what=holder, details={"by": holder}
        )
    session.execute(delete(FieldFact).where(FieldFact.customer_id == customer.id))
    session.execute(delete(ImportIdentity).where(ImportIdentity.customer_id == customer.id))
    customer.external_ref = None  # so that the mended file may bring it again
    customers.delete(session, customer, now=now)
    session.flush()


def _restore(session: Session, customer: Customer, item: PlanItem) -> None:
    former = typed(item.before or {})
    for name, value in former.items():
        setattr(customer, name, value)
    source = item.source or {}
    customer.name_provisional = source.get("name_was_provisional", customer.name_provisional)
    customers.refresh_derived(session, customer, set(former))
    for name, fact in source.get("facts", {}).items():
        where = (
            FieldFact.customer_id == customer.id,
            FieldFact.origin == CauseKind.IMPORT.value,
            FieldFact.field == name,
        )
        if fact is None:
            session.execute(delete(FieldFact).where(*where))
        else:
            session.execute(
                update(FieldFact)
                .where(*where)
                .values({**fact, "observed_at": datetime.fromisoformat(fact["observed_at"])})
            )
