"""Fifty people at one pool at the same moment, on fifty connections of a real PostgreSQL."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier
from uuid import UUID

import pytest
from psycopg.errors import LockNotAvailable, QueryCanceled
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import OperationalError

import hub.db
from hub.access.callers import principal_of
from hub.access.models import User
from hub.approvals.models import ApprovalState
from hub.clock import utcnow
from hub.customers.models import Customer, PoolState
from hub.db import transaction
from hub.errors import ConflictError
from hub.pools import applying, claiming, drawing, returning
from hub.pools.models import LIVE, ClaimState, Pool, PoolClaim, PoolDraw
from tests.people import make_user
from tests.pools import make_pool, make_waiting

PEOPLE = 50
QUOTA = 3
PATIENCE_S = 600  # for all of it: nobody stands in line for ever
MOST_TIMES = 100  # that somebody is turned away by a line, each after five seconds
Act = Callable[[UUID, random.Random], None]


@pytest.fixture
def crowd_engine(database: Engine, database_url: str) -> Iterator[Engine]:
    engine = hub.db.connect(database_url, pool_size=PEOPLE, fsync=False)
    applying.declare_actions()
    yield engine
    engine.dispose()


@pytest.fixture
def people(crowd_engine: Engine) -> list[UUID]:
    with transaction() as session:
        users = [make_user(session, f"s{n}@nordlys.example") for n in range(PEOPLE)]
        manager = make_user(session, "mona@nordlys.example", role="manager")
        pool = make_pool(
            session, users, managers=[manager], held_quota=QUOTA, daily_quota=QUOTA,
            batch_limit=1000,
        )  # fmt: skip
        make_waiting(session, pool, 60)
        return [user.id for user in users]


def waiting_ids() -> list[UUID]:
    with transaction() as session:
        return list(
            session.scalars(select(Customer.id).where(Customer.pool_state == PoolState.IN_POOL))
        )


def take(user_id: UUID, chance: random.Random) -> None:
    wanted = chance.sample(everything, 4)
    with transaction() as session:
        user = session.get_one(User, user_id)
        pool = session.scalars(select(Pool)).one()
        claiming.take(session, principal_of(session, user), pool, wanted, reason=None, now=utcnow())


def apply(user_id: UUID, chance: random.Random) -> None:
    wanted = chance.sample(everything, 4)
    with transaction() as session:
        user = session.get_one(User, user_id)
        pool = session.scalars(select(Pool)).one()
        applying.apply(
            session, principal_of(session, user), pool, wanted, reason=None, now=utcnow()
        )


def draw(user_id: UUID, chance: random.Random) -> None:
    with transaction() as session:
        pool = session.scalars(select(Pool)).one()
        drawing.draw(
            session, pool, {user_id: chance.randint(1, 4)}, own=True, reason=None, now=utcnow()
        )


def draw_for_several(user_id: UUID, chance: random.Random) -> None:
    with transaction() as session:
        pool = session.scalars(select(Pool)).one()
        others = session.scalars(select(User.id).where(User.email.like("s%"))).all()
        hands = dict.fromkeys((user_id, *chance.sample(list(others), 3)), 2)
        drawing.draw(session, pool, hands, own=False, reason=None, now=utcnow())


def assign(user_id: UUID, chance: random.Random) -> None:
    with transaction() as session:
        manager = session.scalars(select(User).where(User.email.like("mona%"))).one()
        pool = session.scalars(select(Pool)).one()
        others = list(session.scalars(select(User.id).where(User.email.like("s%"))))
        wanted = {each: chance.choice(others) for each in chance.sample(everything, 5)}
        claiming.assign(
            session, principal_of(session, manager), pool, wanted, reason="x", now=utcnow()
        )


def take_back(user_id: UUID, chance: random.Random) -> None:
    with transaction() as session:
        manager = session.scalars(select(User).where(User.email.like("mona%"))).one()
        pool = session.scalars(select(Pool)).one()
        returning.take_back(
            session, principal_of(session, manager), pool, chance.sample(everything, 5),
            reason="x", now=utcnow(),
        )  # fmt: skip


def decide(user_id: UUID, chance: random.Random) -> None:
    with transaction() as session:
        manager = session.scalars(select(User).where(User.email.like("mona%"))).one()
        pool = session.scalars(select(Pool)).one()
        asked = select(Customer.id).where(Customer.pool_state == PoolState.APPLIED)
        applied = list(session.scalars(asked))
        wanted = chance.sample(applied, min(3, len(applied)))
        state = chance.choice((ApprovalState.APPROVED, ApprovalState.REFUSED))
        applying.decide(
            session, principal_of(session, manager), pool, wanted, state, reason="x", now=utcnow()
        )


everything: list[UUID] = []


def patiently(act: Act, user_id: UUID, chance: random.Random) -> None:
    """Act as a client does who is answered 503 when he stood in line too long.

    That is five seconds in one line, half a minute in several.
    """
    for _ in range(MOST_TIMES):
        try:
            act(user_id, chance)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | QueryCanceled):
                raise  # a circle of locks, above all
        else:
            return
    raise AssertionError("nobody is turned away for ever")


def crowd(people: list[UUID], acts: Sequence[Act], *, rounds: int = 1) -> int:
    """Have everybody act at once; returns how many answers there were."""
    everything[:] = waiting_ids()
    together = Barrier(PEOPLE)

    def one(place: int) -> int:
        chance = random.Random(place)
        together.wait(PATIENCE_S)
        for turn in range(rounds):
            with suppress(ConflictError):  # all else is a fault
                patiently(acts[(place + turn) % len(acts)], people[place], chance)
        return rounds

    with ThreadPoolExecutor(PEOPLE) as executor:
        futures = [executor.submit(one, place) for place in range(PEOPLE)]
        return sum(future.result(PATIENCE_S) for future in futures)


def check_everything() -> Counter[str]:
    """Hold the pool against its rules; returns how many customers are in which state."""
    with transaction() as session:
        customers = session.scalars(select(Customer)).all()
        live = session.scalars(select(PoolClaim).where(PoolClaim.state.in_(LIVE))).all()
        by_customer = {claim.customer_id: claim for claim in live}
        assert len(by_customer) == len(live)
        for customer in customers:
            claim = by_customer.get(customer.id)
            expected = {
                PoolState.IN_POOL: None,
                PoolState.APPLIED: ClaimState.APPLIED,
                PoolState.OWNED: ClaimState.OWNED,
            }[customer.pool_state or PoolState.IN_POOL]
            assert (claim.state if claim else None) == expected
            owner = claim.user_id if claim and claim.state is ClaimState.OWNED else None
            assert customer.owner_user_id == owner
        held = Counter(claim.user_id for claim in live)
        assert max(held.values(), default=0) <= QUOTA
        taken = session.execute(
            select(PoolClaim.user_id, func.count())
            .where(PoolClaim.state.not_in((ClaimState.REFUSED,)), PoolClaim.mode.is_not(None))
            .group_by(PoolClaim.user_id)
        )
        assert max((count for _, count in taken), default=0) <= QUOTA
        for drawn in session.scalars(select(PoolDraw)):
            dealt = session.execute(
                select(PoolClaim.customer_id, PoolClaim.user_id)
                .where(PoolClaim.draw_id == drawn.id)
                .order_by(PoolClaim.draw_position)
            )
            assert [tuple(row) for row in dealt] == [
                (each.customer_id, each.user_id) for each in drawing.deal_again(drawn)
            ]
        return Counter(str(customer.pool_state) for customer in customers)


@pytest.mark.parametrize("act", [take, apply, draw])
def test_fifty_at_once_get_each_customer_once_and_nobody_more_than_his_quota(
    people: list[UUID], act: Act
) -> None:
    assert crowd(people, [act]) == PEOPLE

    found = check_everything()
    assert found.total() == 60
    assert found["in_pool"] < 60
    if act is draw:  # there was something for everybody until nothing was left
        assert found["in_pool"] == 0


@pytest.mark.slow
def test_everything_at_once_keeps_the_rules_and_nobody_waits_in_a_circle(
    people: list[UUID],
) -> None:
    acts = [take, apply, draw, draw_for_several, assign, take_back, decide]

    assert crowd(people, acts, rounds=2) == 2 * PEOPLE

    assert check_everything().total() == 60
