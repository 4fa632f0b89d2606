"""Pools with people and customers, for tests that need some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.models import Team, User
from hub.access.principals import Principal
from hub.access.roles import Role
from hub.access.teams import set_members
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import new_id
from hub.pools import claiming, holding, returning, services
from hub.pools.batches import Outcome
from hub.pools.models import ClaimState, Pool, PoolClaim
from tests.people import make_user


@dataclass(frozen=True)
class Scene:
    """A pool, two of its people, who decides over it, and somebody it has nothing to do with."""

    pool: Pool
    bo: User
    carl: User
    manager: User
    stranger: User


def make_scene(session: Session, **rules: Any) -> Scene:
    bo, carl = (make_user(session, f"{n}@nordlys.example", name=n.title()) for n in ("bo", "carl"))
    manager = make_user(session, "mona@nordlys.example", name="Mona", role=Role.MANAGER)
    stranger = make_user(session, "stine@nordlys.example", name="Stine")
    pool = make_pool(session, [bo, carl], managers=[manager], **rules)
    return Scene(pool, bo, carl, manager, stranger)


def make_pool(
    session: Session,
    people: Iterable[User],
    *,
    managers: Iterable[User] = (),
    name: str = "Nord",
    **rules: Any,
) -> Pool:
    team = Team(name=f"team {new_id()}")  # everybody sees teams
    session.add(team)
    session.flush()
    set_members(session, team, [user.id for user in people])
    rules.setdefault("modes", ["apply", "random", "self"])
    return services.create(
        session,
        {
            "name": name,
            "claim_team_ids": [team.id],
            "manager_user_ids": [user.id for user in managers],
            **rules,
        },
    )


def make_waiting(
    session: Session, pool: Pool, count: int = 1, *, now: datetime | None = None, **fields: Any
) -> list[Customer]:
    """Make customers that wait in a pool."""
    made = []
    for number in range(count):
        values = {"name": f"Havn {number}", "phone": "+4533121212", **fields}
        customer = customers.create(session, values, now=now or utcnow(), check_duplicates=False)
        put_in(session, pool, customer, now=now)
        made.append(customer)
    return made


def put_in(
    session: Session, pool: Pool, customer: Customer, *, now: datetime | None = None
) -> None:
    holding.put_in(
        session, pool, customer, how=ClaimState.RELEASED, reason="lukket", now=now or utcnow()
    )


def speaking(session: Session, user: User) -> Principal:
    session.flush()
    return principal_of(session, user)


def assign(
    session: Session,
    scene: Scene,
    customer: Customer,
    user: User,
    *,
    now: datetime | None = None,
) -> PoolClaim:
    """Have the manager give a customer to somebody; it must succeed."""
    (outcome,) = claiming.assign(
        session,
        speaking(session, scene.manager),
        scene.pool,
        {customer.id: user.id},
        reason="hans egn",
        now=now or utcnow(),
    )
    return claim_of(outcome)


def take(
    session: Session, scene: Scene, user: User, *taken: Customer, now: datetime | None = None
) -> list[Outcome]:
    return claiming.take(
        session,
        speaking(session, user),
        scene.pool,
        [customer.id for customer in taken],
        reason=None,
        now=now or utcnow(),
    )


def release(
    session: Session, scene: Scene, user: User, *released: Customer, now: datetime | None = None
) -> list[Outcome]:
    return returning.enter(
        session,
        speaking(session, user),
        scene.pool,
        [customer.id for customer in released],
        reason="ingen tid",
        now=now or utcnow(),
    )


def claim_of(outcome: Outcome) -> PoolClaim:
    assert outcome.error is None, outcome.error
    assert outcome.claim is not None
    return outcome.claim


def codes(outcomes: Sequence[Outcome]) -> list[str | None]:
    """Return the codes of what was refused, None for what was done."""
    return [None if each.error is None else each.error.code for each in outcomes]


def states(session: Session, *ids: UUID) -> list[tuple[str | None, UUID | None]]:
    session.flush()
    rows = [session.get_one(Customer, each, populate_existing=True) for each in ids]
    return [(row.pool_state.value if row.pool_state else None, row.owner_user_id) for row in rows]
