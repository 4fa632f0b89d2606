"""Asking company registries."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from hub.autofill import services as autofill
from hub.clock import utcnow
from hub.connections import services as connections
from hub.connections.models import USABLE, Connection
from hub.customers.models import Customer
from hub.errors import PermanentError, PostponedError, TransientError
from hub.ledger import claims
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.ports import CompanyRecord, CompanyRegistry
from workers import connecting
from workers.chain import RunningJob, checkpoint, task


@task(TaskName.LOOK_UP_COMPANY)
def look_up_company(job: RunningJob, customer_id: UUID) -> None:
    """Fill a customer by its registration number; it is never lost, whatever the registry does."""
    job.caused_by(CauseKind.REGISTRY)
    with job.transaction() as session:
        customer = session.get(Customer, customer_id)
        if customer is None or customer.deleted_at or customer.merged_into_id or not customer.cvr:
            return
        number = customer.cvr
        connection = _registry(connections.active_of_kind(session, "registry", live=True))
    job.caused_by(CauseKind.REGISTRY, connection.connector)
    try:
        with connecting.opened(connection.id, job.id) as registry:
            company = registry.find(number)
    except TransientError as error:
        delay = error.retry_after or claims.DELAYS[min(job.claim.attempt, len(claims.DELAYS)) - 1]
        _note_waiting(job, customer_id, error.words, delay)
        raise
    except PostponedError as error:
        _note_waiting(job, customer_id, {"text": error.reason}, error.delay)
        raise
    except PermanentError as error:
        with job.transaction() as session:
            autofill.note_failed(
                session, customer_id, connection.connector,
                code="failed", text=autofill.FAILED,
                params={"source": connection.connector, "reason": error.words},
            )  # fmt: skip
        raise
    checkpoint("after_lookup")
    with job.finish({"found": company is not None}) as session:
        if company is None:
            autofill.note_failed(
                session, customer_id, connection.connector,
                code="not_found", text=autofill.NOT_FOUND,
                params={"source": connection.connector, "number": number},
            )  # fmt: skip
        else:
            autofill.fill(session, customer_id, connection.connector, company, now=utcnow())


@task(TaskName.SEARCH_COMPANIES)
def search_companies(job: RunningJob, lookup_id: UUID) -> None:
    """Answer a search for candidates, by number where the query is one."""
    with job.transaction() as session:
        query = autofill.get_lookup(session, lookup_id).query
        connection = _registry(connections.active_of_kind(session, "registry", live=True))
    try:
        with connecting.opened(connection.id, job.id) as registry:
            found = _candidates(registry, query)
    except PermanentError as error:
        with job.transaction() as session:
            autofill.fail_search(
                autofill.get_lookup(session, lookup_id),
                connection.connector, error.words, now=utcnow(),
            )  # fmt: skip
        raise
    with job.finish() as session:
        autofill.store_candidates(
            autofill.get_lookup(session, lookup_id), connection.connector, found, now=utcnow()
        )


def _candidates(registry: CompanyRegistry, query: str) -> list[CompanyRecord]:
    number = autofill.number_in(query)
    if number is not None:
        company = registry.find(number)
        return [company] if company else []
    return list(registry.search(query, autofill.MOST_CANDIDATES))


def _registry(found: list[Connection]) -> Connection:
    if not found:
        raise PostponedError("No company registry is connected.", timedelta(hours=1))
    usable = [c for c in found if c.state in USABLE]
    return (usable or found)[0]


def _note_waiting(
    job: RunningJob, customer_id: UUID, reason: Mapping[str, object], delay: timedelta
) -> None:
    with job.transaction() as session:
        autofill.note_waiting(session, customer_id, reason, next_try_at=utcnow() + delay)
