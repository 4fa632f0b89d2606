"""What follows for a claim where its customer is given to somebody else, or deleted."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.customers.models import Customer
from hub.db import among
from hub.history.recording import PendingEvent
from hub.pools import holding
from hub.pools.models import LIVE, ClaimState, PoolClaim

_TELLING = frozenset({"owner_user_id", "deleted_at"})
_CREATED = f"{holding.CUSTOMER}.created"


def react(session: Session, event: PendingEvent) -> None:
    """Keep the claim of a customer in step with whose it is; called for every event of one."""
    react_many(session, [event])


def react_many(session: Session, events: Sequence[PendingEvent]) -> None:
    """Do the same for many."""
    given = {event.subject_id: event for event in events if _may_move(event)}
    if not given:
        return
    # Customers by their columns alone: other reactions may have touched them and not written yet.
    rows = session.execute(
        select(PoolClaim, Customer.owner_user_id, Customer.deleted_at)
        .join(Customer, Customer.id == PoolClaim.customer_id)
        .where(among(PoolClaim.customer_id, given), PoolClaim.state.in_(LIVE))
        .order_by(PoolClaim.customer_id)
        .with_for_update(of=PoolClaim)
        .execution_options(populate_existing=True)
    )
    for claim, owner_user_id, deleted_at in rows.all():
        owner = owner_user_id if deleted_at is None else None
        held_by = claim.user_id if claim.state is ClaimState.OWNED else None
        if deleted_at is not None or owner != held_by:
            reason = (given[claim.customer_id].data or {}).get("reason")
            holding.pass_on(session, claim, owner, now=utcnow(), reason=reason)


def _may_move(event: PendingEvent) -> bool:
    """Say whether an event may have made a customer another's: not by an act of its pool."""
    return bool(event.changes.keys() & _TELLING) and not event.type.startswith(
        (_CREATED, holding.ACTS)
    )
