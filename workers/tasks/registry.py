"""Asking company registries."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.autofill import noting
from hub.autofill import services as autofill
from hub.clock import utcnow
from hub.connections.models import Connection
from hub.customers.models import Customer
from hub.errors import PostponedError, TransientError
from hub.ledger import claims
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.ports import CompanyRecord, CompanyRegistry
from workers import connecting
from workers.chain import RunningJob, checkpoint, task

PATIENCE = timedelta(minutes=5)
"""Whoever searches is on the phone: an answer tomorrow would be for nobody, and cost a call."""
NOBODY_TO_ASK = timedelta(days=30)  # the first registry releases the job; this only in case


@task(TaskName.LOOK_UP_COMPANY)
def look_up_company(job: RunningJob, customer_id: UUID) -> None:
    """Fill a customer by its registration number; it is never lost, whatever the registry does."""
    job.caused_by(CauseKind.REGISTRY)
    with job.transaction() as session:
        customer = session.get(Customer, customer_id)
        if customer is None or customer.deleted_at or customer.merged_into_id or not customer.cvr:
            return
        number = customer.cvr
        connection = _registry(session)
    job.caused_by(CauseKind.REGISTRY, connection.connector)
    with connecting.opened(connection.id, job.id) as registry:
        company = registry.find(number)
    checkpoint("after_lookup")
    with job.finish({"found": company is not None}) as session:
        if company is None:
            noting.note_not_found(session, customer_id, connection.connector, number)
        else:
            autofill.fill(session, customer_id, connection.connector, company, now=utcnow())


@task(TaskName.SEARCH_COMPANIES)
def search_companies(job: RunningJob, lookup_id: UUID) -> None:
    """Answer a search for candidates, by number where the query is one."""
    with job.transaction() as session:
        lookup = autofill.get_lookup(session, lookup_id)
        query, chosen = lookup.query, lookup.connection_id
    try:
        with job.transaction() as session:
            connection = _registry(session, chosen)
        with connecting.opened(connection.id, job.id) as registry:
            found = _candidates(registry, query)
    except (TransientError, PostponedError) as error:
        if _pause_after(job, error) <= PATIENCE:
            raise
        with job.finish({"answered": False}) as session:
            noting.note_search(session, job.setback(error))
        return
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


def _registry(session: Session, chosen: UUID | None = None) -> Connection:
    found = autofill.find_registry(session, chosen)
    if found is None:
        raise PostponedError(autofill.NO_REGISTRY, NOBODY_TO_ASK, noting.NO_REGISTRY)
    return found


def _pause_after(job: RunningJob, error: TransientError | PostponedError) -> timedelta:
    """Return how long a job rests after an error, before it is begun again."""
    if isinstance(error, PostponedError):
        return error.delay
    attempt = min(job.claim.attempt, len(claims.DELAYS))
    return error.retry_after or claims.DELAYS[attempt - 1]
