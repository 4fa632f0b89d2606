"""What follows for a claim where its customer is given to somebody else, or deleted."""

from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.customers.models import Customer
from hub.history.recording import PendingEvent
from hub.pools import holding
from hub.pools.models import ClaimState

_TELLING = frozenset({"owner_user_id", "deleted_at"})
_CREATED = f"{holding.CUSTOMER}.created"


def react(session: Session, event: PendingEvent) -> None:
    """Keep the claim of a customer in step with whose it is; called for every event of one."""
    if not event.changes.keys() & _TELLING or event.type.startswith((_CREATED, holding.ACTS)):
        return
    customer = session.get(Customer, event.subject_id)
    if customer is None or customer.pool_id is None:
        return
    claim = holding.live_claim(session, customer.id)
    if claim is None:
        return
    is_gone = customer.deleted_at is not None
    if is_gone or (claim.state is ClaimState.OWNED and claim.user_id != customer.owner_user_id):
        reason = (event.data or {}).get("reason")
        holding.pass_on(session, customer, claim, now=utcnow(), reason=reason)
