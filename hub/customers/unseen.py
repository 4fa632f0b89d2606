"""Customers that a caller does not see: they count for nothing, but for what he may be told of.

`caller` is None for a process, which sees all of them and tells nobody.
"""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hub import matching
from hub.access.concealing import UnseenError
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.i18n import N_
from hub.matching import Identity, Prepared
from hub.matching.models import match_key
from hub.sharing.blind_matches import require_room

ENTITY = Customer.entity()


def sees_all(caller: Principal | None) -> bool:
    """Say whether nothing is hidden from a caller."""
    return caller is None or caller.sees_all(Customer.collection())


def unseen_among(
    session: Session, caller: Principal | None, customer_ids: Iterable[UUID]
) -> set[UUID]:
    """Return those of some customers that a caller does not see."""
    wanted = set(customer_ids)
    if not wanted or caller is None or sees_all(caller):
        return set()
    seen = select(Customer.id).where(Customer.id.in_(wanted), visible(caller, Verb.READ, Customer))
    return wanted - set(session.scalars(seen))


def unseen_like(session: Session, caller: Principal | None, ready: Prepared) -> set[UUID]:
    """Return the customers that a party meets and a caller does not see."""
    if sees_all(caller):
        return set()
    return unseen_among(session, caller, matching.met(session, ENTITY, ready))


def refuse_unseen(
    session: Session,
    caller: Principal | None,
    ready: Prepared,
    *,
    own_id: UUID | None = None,
    said: AbstractSet[str] | None = None,
) -> None:
    """Pass where no customer that the caller does not see is what he says.

    Args:
        session: the caller's.
        caller: who says it.
        ready: what he says, as it is compared.
        own_id: the customer that he says it of.
        said: the fields that he says anew; all of them where None.

    Raises:
        UnseenError: ``duplicate``: there is one.
        TooManyBlindMatchesError: he has been told so too often.
    """
    asked = [
        identity
        for identity in matching.identities_of(ready.facts)
        if said is None or not said.isdisjoint(identity.fields)
    ]
    if not asked or caller is None or sees_all(caller):
        return
    require_room(session, caller)
    found = find_unseen(session, caller, asked, own_id=own_id)
    if found is not None:
        raise unseen_duplicate(*found)


def find_unseen(
    session: Session,
    caller: Principal,
    asked: Sequence[Identity],
    *,
    own_id: UUID | None = None,
) -> tuple[UUID, Identity] | None:
    """Return a customer with one of some identities that a caller does not see, and which it is."""
    for identity in asked:
        found = session.scalar(
            select(Customer.id)
            .where(
                Customer.id.in_(matching.having(ENTITY, identity)),
                Customer.id.is_distinct_from(own_id),
                Customer.deleted_at.is_(None),
                Customer.merged_into_id.is_(None),
                _hidden_from(caller),
            )
            .order_by(Customer.id)
            .limit(1)
        )
        if found is not None:
            return found, identity
    return None


def unseen_with(session: Session, caller: Principal, digests: Collection[int]) -> set[int]:
    """Return those of some keys' digests that customers have which a caller does not see."""
    if not digests:
        return set()
    rows = session.scalars(
        select(match_key.c.digest)
        .join(Customer, Customer.id == match_key.c.record_id)
        .where(match_key.c.digest.in_(digests), _hidden_from(caller))
        .distinct()
    )
    return set(rows)


def unseen_duplicate(customer_id: UUID, identity: Identity) -> UnseenError:
    """Return the refusal of who says what a customer is that he does not see."""
    return UnseenError(
        "duplicate",
        N_("A customer like this exists already, and you may not see it."),
        subject=(ENTITY, customer_id),
        fingerprint=identity.fingerprint,
        details={"candidates": [], "matched_on": list(identity.fields)},
    )


def _hidden_from(caller: Principal) -> ColumnElement[bool]:
    return ~func.coalesce(visible(caller, Verb.READ, Customer), False)
