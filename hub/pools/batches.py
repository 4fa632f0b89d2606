"""Many customers at once: each has a result of its own, whatever becomes of the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db import savepoint
from hub.errors import DomainError, FieldError, ValidationError
from hub.i18n import N_
from hub.pools.models import Pool, PoolClaim


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one customer: an error, or none and the claim that was made, if any."""

    customer_id: UUID
    claim: PoolClaim | None = None
    error: DomainError | None = None


def each_customer(
    session: Session, customer_ids: Sequence[UUID], act: Callable[[UUID], PoolClaim | None]
) -> list[Outcome]:
    """Do something to each of some customers, all or nothing, and return the results in order.

    Rows are met in the order of their ids, so that two batches never wait for one another.
    """
    found: dict[UUID, Outcome] = {}
    for customer_id in sorted(customer_ids):
        try:
            with savepoint(session):
                found[customer_id] = Outcome(customer_id, act(customer_id))
        except DomainError as error:
            found[customer_id] = Outcome(customer_id, error=error)
    return [found[customer_id] for customer_id in customer_ids]


def check_batch(
    pool: Pool, customer_ids: Sequence[UUID], *, pointer: str = "/customer_ids"
) -> None:
    """Pass a batch that the pool takes at once.

    Raises:
        ValidationError: it is larger than the pool allows, or names a customer twice.
    """
    if len(customer_ids) > pool.batch_limit:
        raise ValidationError.of(
            pointer, "too_long", N_("This pool takes at most {limit} at a time."),
            limit=pool.batch_limit,
        )  # fmt: skip
    seen: set[UUID] = set()
    repeated = []
    for position, customer_id in enumerate(customer_ids):
        if customer_id in seen:
            repeated.append(position)
        seen.add(customer_id)
    if repeated:
        raise ValidationError(
            *(
                FieldError(f"{pointer}/{position}", "repeated", N_("May be given once only."))
                for position in repeated
            )
        )
