"""Whatever is done in whatever order, the rules of a pool hold."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.absences.models import Absence
from hub.access.models import User
from hub.approvals import services as approvals
from hub.approvals.models import Approval, ApprovalState
from hub.clock import business_date, utcnow
from hub.customers.models import Customer, PoolState
from hub.customers.pool_states import ALLOWED
from hub.db import new_id, savepoint
from hub.errors import ConflictError, DomainError
from hub.history.models import Event
from hub.history.recording import PendingEvent
from hub.pools import (
    applying,
    claiming,
    drawing,
    handing_over,
    passing_on,
    recalling,
    returning,
)
from hub.pools.models import LIVE, NEVER_OWNED, ClaimState, PoolClaim, PoolDraw
from hub.settings import get_settings
from tests.pools import Scene, make_scene, make_waiting, speaking

HELD, DAILY, COOLDOWN = 2, 3, 2
DAY = timedelta(days=1)
START = utcnow()

users = st.sampled_from(["bo", "carl"])
places = st.lists(st.integers(0, 5), min_size=1, max_size=4, unique=True)
steps = st.one_of(
    st.tuples(st.just("take"), users, places),
    st.tuples(st.just("apply"), users, places),
    st.tuples(st.just("assign"), users, places),
    st.tuples(st.just("draw"), users, st.integers(1, 4)),
    st.tuples(st.just("draw_for_both"), st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.just("release"), users, places),
    st.tuples(st.just("take_back"), places),
    st.tuples(st.just("decide"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("withdraw"), st.integers(0, 5)),
    st.tuples(st.just("expire")),
    st.tuples(st.just("protect"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("recall")),
    st.tuples(st.just("give"), st.integers(0, 5), users),
    st.tuples(st.just("away"), users, st.booleans()),
    st.tuples(st.just("days"), st.integers(1, 3)),
)


class Play:
    """One pool and six customers, and what can be done with them."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now = START
        self.scene: Scene = make_scene(
            session, held_quota=HELD, daily_quota=DAILY, cooldown_days=COOLDOWN,
            recall_after_days=4, notice_days=0,
        )  # fmt: skip
        self.customers = make_waiting(session, self.scene.pool, 6, now=START)
        self.seen: list[tuple[PoolState | None, PoolState | None]] = []

    def user(self, name: str) -> User:
        found: User = getattr(self.scene, name)
        return found

    def chosen(self, numbers: list[int]) -> list[Customer]:
        return [self.customers[number] for number in numbers]

    def ids(self, numbers: list[int]) -> list[object]:
        return [customer.id for customer in self.chosen(numbers)]

    def take(self, name: str, numbers: list[int]) -> None:
        claiming.take(
            self.session, speaking(self.session, self.user(name)), self.scene.pool,
            [each.id for each in self.chosen(numbers)], reason=None, now=self.now,
        )  # fmt: skip

    def apply(self, name: str, numbers: list[int]) -> None:
        applying.apply(
            self.session, speaking(self.session, self.user(name)), self.scene.pool,
            [each.id for each in self.chosen(numbers)], reason=None, now=self.now,
        )  # fmt: skip

    def assign(self, name: str, numbers: list[int]) -> None:
        claiming.assign(
            self.session, speaking(self.session, self.scene.manager), self.scene.pool,
            {each.id: self.user(name).id for each in self.chosen(numbers)}, reason="x",
            now=self.now,
        )  # fmt: skip

    def draw(self, name: str, count: int) -> None:
        drawing.draw(
            self.session, self.scene.pool, {self.user(name).id: count}, own=True, reason=None,
            now=self.now,
        )  # fmt: skip

    def draw_for_both(self, first: int, second: int) -> None:
        wanted = {self.scene.bo.id: first, self.scene.carl.id: second}
        drawing.draw(self.session, self.scene.pool, wanted, own=False, reason=None, now=self.now)

    def release(self, name: str, numbers: list[int]) -> None:
        returning.enter(
            self.session, speaking(self.session, self.user(name)), self.scene.pool,
            [each.id for each in self.chosen(numbers)], reason="x", now=self.now,
        )  # fmt: skip

    def take_back(self, numbers: list[int]) -> None:
        returning.take_back(
            self.session, speaking(self.session, self.scene.manager), self.scene.pool,
            [each.id for each in self.chosen(numbers)], reason="x", now=self.now,
        )  # fmt: skip

    def _asked(self, number: int) -> Approval | None:
        return self.session.scalar(
            select(Approval).where(
                Approval.subject_id == self.customers[number].id,
                Approval.state == ApprovalState.REQUESTED,
            )
        )

    def decide(self, number: int, granted: bool) -> None:
        approval = self._asked(number)
        if approval is not None:
            state = ApprovalState.APPROVED if granted else ApprovalState.REFUSED
            approvals.decide(
                self.session, approval, state, by=self.scene.manager.id, reason="x", now=self.now
            )

    def withdraw(self, number: int) -> None:
        approval = self._asked(number)
        if approval is not None:
            approvals.withdraw(self.session, approval, by=approval.requested_by, now=self.now)

    def expire(self) -> None:
        self.session.execute(
            update(Approval)
            .where(Approval.state == ApprovalState.REQUESTED)
            .values(expires_at=func.now() - DAY)
        )
        self.session.expire_all()
        approvals.expire_due(self.session, now=self.now)

    def protect(self, number: int, on: bool) -> None:
        customer = self.customers[number]
        if customer.owner_user_id is not None:
            customer.protected_at = START if on else None
            customer.protected_until = START + 1000 * DAY if on else None
            self.session.flush()

    def recall(self) -> None:
        today = business_date(self.now, get_settings().zone)
        recalling.recall_batch(self.session, today=today, now=self.now, after=None)

    def give(self, number: int, name: str) -> None:
        customer, to = self.customers[number], self.user(name).id
        before = customer.owner_user_id
        passing_on.assign(self.session, customer, {"owner_user_id": to}, reason="x", now=self.now)
        # All is one transaction here, with one event of the customer: this is that of the act.
        event = PendingEvent(
            new_id(), "customer.assigned", "customer", customer.id,
            {"owner_user_id": (before, to)}, {"reason": "x"},
        )  # fmt: skip
        handing_over.react(self.session, event)

    def away(self, name: str, is_away: bool) -> None:
        user_id = self.user(name).id
        self.session.execute(delete(Absence).where(Absence.user_id == user_id))
        if is_away:
            today = business_date(self.now, get_settings().zone)
            self.session.add(Absence(user_id=user_id, starts_on=today, ends_on=today + 2 * DAY))
            self.session.flush()

    def days(self, count: int) -> None:
        self.now += count * DAY

    def go(self, name: str, *arguments: object) -> None:
        before = {each.id: each.pool_place for each in self.customers}
        act: Callable[..., None] = getattr(self, name)
        try:
            with savepoint(self.session):
                act(*arguments)
        except DomainError as error:
            assert isinstance(error, ConflictError), error  # noqa: PT017 - what else is a fault
        for customer in self.customers:
            self.session.refresh(customer)
            after = customer.pool_place
            if after is not before[customer.id]:
                self.seen.append((before[customer.id], after))

    def check(self) -> None:
        session, pool = self.session, self.scene.pool
        live = session.scalars(select(PoolClaim).where(PoolClaim.state.in_(LIVE))).all()
        holds = {claim.customer_id: claim for claim in live}
        assert len(holds) == len(live)
        for customer in self.customers:
            claim = holds.get(customer.id)
            owner = claim.user_id if claim and claim.state is ClaimState.OWNED else None
            assert customer.owner_user_id == owner
            assert customer.pool_id == pool.id
            if claim is None:
                assert customer.pool_state is PoolState.IN_POOL
                assert customer.protected_until is None
        held = Counter(claim.user_id for claim in live)
        assert max(held.values(), default=0) <= HELD
        taken = Counter(
            (claim.user_id, claim.taken_on)
            for claim in session.scalars(select(PoolClaim))
            if claim.state not in NEVER_OWNED
        )
        assert max(taken.values(), default=0) <= DAILY
        for before, after in self.seen:
            assert after in ALLOWED[before], (before, after)

    def check_cooldown(self) -> None:
        claims = self.session.scalars(select(PoolClaim).order_by(PoolClaim.id)).all()
        for earlier in claims:
            if earlier.state in NEVER_OWNED or earlier.ended_at is None:
                continue
            for later in claims:
                if later.id > earlier.id and (later.customer_id, later.user_id) == (
                    earlier.customer_id,
                    earlier.user_id,
                ):
                    zone = get_settings().zone
                    left_on = business_date(earlier.ended_at, zone)
                    assert later.taken_on >= left_on + COOLDOWN * DAY

    def check_draws(self) -> None:
        for drawn in self.session.scalars(select(PoolDraw)):
            dealt = self.session.execute(
                select(PoolClaim.customer_id, PoolClaim.user_id)
                .where(PoolClaim.draw_id == drawn.id)
                .order_by(PoolClaim.draw_position)
            )
            got = [tuple(row) for row in dealt]
            assert got == [(each.customer_id, each.user_id) for each in drawing.deal_again(drawn)]
            absent = {hand["user_id"] for hand in drawn.hands if hand["absent"]}
            assert not absent & {str(user_id) for _, user_id in got}


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(steps, max_size=14))
def test_whatever_is_done_the_rules_hold(session: Session, done: list[tuple[str, object]]) -> None:
    applying.declare_actions()
    play = Play(session)
    try:
        for name, *arguments in done:
            play.go(name, *arguments)
            play.check()
        play.check_cooldown()
        play.check_draws()
        assert session.scalar(select(Event.id)) is None  # events come with the commit, or not
    finally:
        session.rollback()
        session.info.pop("pending", None)
