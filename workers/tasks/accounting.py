"""Customers to and from accounting systems."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.connections import health
from hub.connections import services as connections
from hub.connections.models import USABLE, Connection
from hub.errors import (
    ConflictError,
    PermanentError,
    PostponedError,
    RejectedError,
    RemoteConflictError,
)
from hub.i18n import N_
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.plans import services as plans
from hub.ports import AccountingSystem, CustomerPage, RemoteCustomer
from hub.sync import changes, links, loading, mapping, pulling, pushing, runs
from workers import connecting
from workers.chain import RunningJob, checkpoint, task

PAGE = 200
COLLISIONS = 5  # numbers taken by somebody else in a row, before a person should look


@task(TaskName.PUSH_CUSTOMER)
def push_customer(job: RunningJob, connection_id: UUID, customer_id: UUID) -> None:
    """Bring one customer in an accounting system up to date, creating it there first if need be."""
    job.caused_by(CauseKind.ACCOUNTING, connection_id)
    with job.transaction() as session:
        opening = connecting.opening(session, connection_id)
        _require_open(opening.connection)
        prepared = pushing.prepare(session, opening.connection, customer_id)
    if prepared is None:
        return
    with connecting.opened(opening, job.id) as accounting:
        _push(job, accounting, opening.connection, customer_id, prepared)


@task(TaskName.PULL_CUSTOMERS, longest=timedelta(hours=1))
def pull_customers(job: RunningJob, connection_id: UUID) -> None:
    """Take in what changed in an accounting system since the last pull, page by page."""
    job.caused_by(CauseKind.ACCOUNTING, connection_id)
    with job.transaction() as session:
        connection = connections.get(session, connection_id)
        _require_open(connection)
    pull = runs.Pull(connection, job.id, connection.cursor, utcnow())
    with connecting.opened(connection_id, job.id) as accounting:
        _pull(job, accounting, pull)
    with job.finish() as session:
        runs.end(session, pull, error=None, now=utcnow())


@task(TaskName.CALL_ROLL, longest=timedelta(hours=1))
def call_roll(
    job: RunningJob,
    connection_id: UUID | None = None,
    *,
    schedule_id: UUID | None = None,
    planned_at: datetime | None = None,
) -> None:
    """Look who is gone from an accounting system; changes alone do not tell. Without one: from all.

    Nothing is taken in, and who is not here is not made. A connection that may not be called now is
    left alone until the next time.
    """
    del schedule_id, planned_at  # it looks at what is there now
    if connection_id is None:
        with job.finish() as session:
            health.request_rolls(session)
        return
    job.caused_by(CauseKind.ACCOUNTING, connection_id)
    with job.transaction() as session:
        connection = connections.get(session, connection_id)
    if connection.state not in USABLE or connection.outgoing_held:
        return
    began_at, is_complete = utcnow(), False

    def see(session: Session, page: CustomerPage, seen: int) -> int:
        nonlocal is_complete
        del seen
        ids = [each.remote_id for each in page.customers]
        pulling.note_seen(session, connection.id, ids, now=utcnow())
        is_complete = page.complete_sweep
        return len(ids)

    with connecting.opened(connection_id, job.id) as accounting:
        job.each(_pages(accounting, None), see, "customers")
    with job.finish() as session:
        if is_complete:
            loading.note_orphans(session, connection, before=began_at)


@task(TaskName.PLAN_FIRST_LOAD, longest=timedelta(hours=1))
def plan_first_load(job: RunningJob, connection_id: UUID, plan_id: UUID) -> None:
    """Read all customers of an accounting system and say what would be done with each."""
    job.caused_by(CauseKind.ACCOUNTING, connection_id)
    with job.transaction() as session:
        connection = connections.get(session, connection_id)
        loading.empty(session, plan_id)
    cursor: Mapping[str, Any] | None = None

    def add(session: Session, page: CustomerPage, position: int) -> int:
        nonlocal cursor
        loading.add_page(session, plan_id, connection, page.customers, position)
        cursor = page.cursor
        return len(page.customers)

    with connecting.opened(connection_id, job.id) as accounting:
        items = job.each(_pages(accounting, None), add, "customers")
    with job.finish({"plan_id": str(plan_id), "items": items}) as session:
        loading.complete_plan(session, plan_id, cursor)


@task(TaskName.APPLY_FIRST_LOAD, longest=timedelta(hours=1))
def apply_first_load(job: RunningJob, plan_id: UUID, undo: bool = False) -> None:  # noqa: FBT001, FBT002 - a job's argument, given by name
    """Apply a first load exactly as it was previewed, or take it back."""
    with job.transaction() as session:
        plan = plans.get(session, plan_id)
        connection = connections.get(session, UUID(plan.scope["connection_id"]))
        handler = pulling.CustomerSync(connection, mapping.pairs_of(session, connection))
    job.caused_by(CauseKind.ACCOUNTING, connection.id)
    step = plans.undo_batch if undo else plans.apply_batch
    job.batches(
        lambda session: (
            step(session, plans.get(session, plan_id, lock=True), handler, now=utcnow()) or None
        ),
        "customers",
    )
    with job.finish({"plan_id": str(plan_id)}) as session:
        plan = plans.get(session, plan_id, lock=True)
        if undo:
            plans.finish_undo(session, plan, now=utcnow())
        else:
            plans.finish(session, plan, now=utcnow())
            loading.start_from(session, connection.id, plan)


def _push(
    job: RunningJob,
    accounting: AccountingSystem,
    connection: Connection,
    customer_id: UUID,
    prepared: pushing.Prepared,
) -> None:
    is_new = False  # nobody can have tried it before
    for _ in range(COLLISIONS):
        if isinstance(prepared, pushing.NumberWanted):
            prepared, is_new = _under_a_number(job, accounting, connection, customer_id, prepared)
        match prepared:
            case changes.Change():
                _change(job, accounting, connection, prepared)
                return
            case pushing.Intent():
                remote = _find_or_create(job, accounting, connection, prepared, is_new=is_new)
            case _:
                return
        if remote is not None:
            with job.finish() as session:
                pushing.record_linked(
                    session, connection.id, prepared.link_id, remote, now=utcnow()
                )
            return
        prepared = pushing.NumberWanted(instead_of=prepared.link_id)
    raise PermanentError(connection.connector, N_("Every number tried was taken there meanwhile."))


def _under_a_number(
    job: RunningJob,
    accounting: AccountingSystem,
    connection: Connection,
    customer_id: UUID,
    wanted: pushing.NumberWanted,
) -> tuple[pushing.Prepared, bool]:
    """Reserve a number; returns what to do then, and whether it is new."""
    highest = accounting.free_number()
    with job.transaction() as session:
        intent = pushing.reserve(session, connection.id, customer_id, highest, wanted)
        if intent is not None:
            return intent, True
        return pushing.prepare(session, connection, customer_id), False


def _find_or_create(
    job: RunningJob,
    accounting: AccountingSystem,
    connection: Connection,
    intent: pushing.Intent,
    *,
    is_new: bool,
) -> RemoteCustomer | None:
    """Return the remote customer, made now or found; None where its number is somebody else's."""
    standing = None if is_new else accounting.get(intent.remote_id)
    if standing is not None:  # a reply was lost, or the number is taken
        return standing if pushing.is_same(intent, standing) else None
    if intent.registration_number and not intent.as_new:
        found = accounting.find(intent.registration_number)
        units = pushing.same_unit(intent, found)
        with job.transaction() as session:
            alike = pushing.unlinked(session, connection.id, intent, units)
            same = [candidate for candidate in alike if pushing.is_same(intent, candidate)]
            if len(same) == len(alike) == 1:
                pushing.adopt(session, intent.link_id, same[0].remote_id)
                return same[0]
        if alike:  # held for a person
            raise ConflictError(
                pushing.SAME_NUMBER_CODE,
                pushing.SAME_NUMBER_THERE,
                system=connection.name,
                number=alike[0].remote_id,
            )
    if not intent.is_kept:
        with job.transaction() as session:
            pushing.store_intent(session, intent)
    checkpoint("before_create")
    try:
        remote = accounting.create(intent.remote_id, intent.fields, idempotency_key=intent.key)
    except RemoteConflictError:
        standing = accounting.get(intent.remote_id)
        return standing if standing and pushing.is_same(intent, standing) else None
    except RejectedError:
        with job.transaction() as session:
            pushing.drop_intent(session, intent.link_id)
        raise
    checkpoint("after_create")
    return remote


def _change(
    job: RunningJob,
    accounting: AccountingSystem,
    connection: Connection,
    change: changes.Change,
) -> None:
    remote = accounting.get(change.remote_id)
    if remote is None:
        _mark_gone(job, connection, change)
        return
    theirs = mapping.there(change.pairs, remote.fields)
    outcome = changes.merged(change, theirs, changed_there_at=remote.updated_at)
    if outcome.send:
        fields = mapping.to_send(change.pairs, outcome.send)
        with job.transaction() as session:
            job.require_claim(session)
            pushing.note_sending(session, change, outcome, now=utcnow())
        checkpoint("before_update")
        try:
            remote = accounting.update(
                change.remote_id,
                fields,
                base=remote,
                idempotency_key=f"{job.id}:{_hash(fields)}",
            )
        except RemoteConflictError as error:
            raise PostponedError(
                N_("It was changed there at this moment."), timedelta(seconds=1)
            ) from error
        checkpoint("after_update")
    with job.finish({"sent": sorted(outcome.send)}) as session:
        pushing.record_pushed(session, connection.id, change, outcome, remote, now=utcnow())


def _pull(job: RunningJob, accounting: AccountingSystem, pull: runs.Pull) -> None:
    connection, swept = pull.connection, False

    def take_in(session: Session, page: CustomerPage, seen: int) -> int:
        nonlocal swept
        runs.take_in(session, pull, page.customers, seen_before=seen, now=utcnow())
        pulling.store_cursor(connections.get(session, connection.id, lock=True), page.cursor)
        swept = page.complete_sweep
        return len(page.customers)

    job.each(_pages(accounting, pull.cursor), take_in, "customers")
    # Of a sweep that was begun by an earlier try, nobody knows here what that one has seen.
    if swept and pull.cursor is None:
        with job.transaction() as session:
            job.require_claim(session)
            loading.note_orphans(session, connection, before=pull.started_at)


def _pages(
    accounting: AccountingSystem, cursor: Mapping[str, Any] | None
) -> Iterator[CustomerPage]:
    more = True
    while more:
        page = accounting.customers(cursor, PAGE)
        yield page
        cursor, more = page.cursor, page.more


def _require_open(connection: Connection) -> None:
    connecting.require_usable(connection)
    if connection.outgoing_held:
        raise connecting.held(
            connection.id,
            N_("Changes are held back until somebody has looked at the first plan."),
        )


def _mark_gone(job: RunningJob, connection: Connection, change: changes.Change) -> None:
    with job.finish() as session:
        link = links.of_remote(session, connection.id, change.remote_id)
        if link is not None:
            loading.orphan(session, connection, link)


def _hash(fields: Mapping[str, Any]) -> str:
    canonical = json.dumps(fields, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
