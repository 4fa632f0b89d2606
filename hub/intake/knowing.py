"""Finding customers that we know already; merged ones answer by their survivor."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.customers.models import Customer
from hub.db import find_locked

_WITH_MAIL = text("""
    with wanted as (
        select given, casefold(given) as folded from unnest(cast(:emails as text[])) as given
    )
    select w.given, c.id, 0 as place, c.created_at
    from wanted w join customer c on casefold(c.email) = w.folded
    where c.deleted_at is null and c.merged_into_id is null
    union all
    select w.given, c.id, 1 as place, c.created_at
    from wanted w
    join contact k on casefold(k.email) = w.folded and k.deleted_at is null
    join customer c on c.id = k.customer_id
    where c.deleted_at is null and c.merged_into_id is null
    order by 1, 3, 4, 2
""")

_SURVIVORS = text("""
    with recursive followed as (
        select id as asked, id, merged_into_id, deleted_at, 0 as steps
        from customer where id = any(:ids)
        union all
        select f.asked, c.id, c.merged_into_id, c.deleted_at, f.steps + 1
        from followed f join customer c on c.id = f.merged_into_id
        where f.steps < 100
    )
    select asked, id from followed where merged_into_id is null and deleted_at is null
""")


def with_mail(session: Session, emails: Iterable[str]) -> dict[str, list[UUID]]:
    """Return, by mail address as given, the customers that have it, or whose contacts have.

    A customer's own address comes before a contact's, an older customer before a younger one.
    """
    found: dict[str, list[UUID]] = {}
    for row in session.execute(_WITH_MAIL, {"emails": sorted(set(emails))}):
        known = found.setdefault(row.given, [])
        if row.id not in known:
            known.append(row.id)
    return found


def survivors(session: Session, customer_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return, for each id that still answers, the customer that does: itself, or its survivor."""
    wanted = sorted(set(customer_ids))
    if not wanted:
        return {}
    return {row.asked: row.id for row in session.execute(_SURVIVORS, {"ids": wanted})}


def living(session: Session, customer_id: UUID | None) -> Customer | None:
    """Return the customer that answers for an id, locked, or None where there is none any more."""
    if customer_id is None:
        return None
    answering = survivors(session, [customer_id]).get(customer_id)
    if answering is None:
        return None
    return find_locked(session, Customer, answering)
