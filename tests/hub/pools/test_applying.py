from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hub.access.lookup import get_record
from hub.access.models import Team, User
from hub.access.predicates import allowed
from hub.access.roles import Role, Verb
from hub.access.teams import create_team, set_members
from hub.approvals import services as approvals
from hub.approvals.models import Approval, ApprovalState
from hub.approvals.showing import subjects_seen
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.errors import ConflictError, NotFoundError
from hub.mail.models import Delivery, DeliveryKind
from hub.pools import applying, returning
from hub.pools.batches import Outcome
from hub.pools.models import ClaimState, PoolClaim
from tests.hub.absences.test_presence import be_away
from tests.people import make_user
from tests.pools import (
    Scene,
    assign,
    claim_of,
    codes,
    make_scene,
    make_waiting,
    release,
    speaking,
    states,
    take,
)

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _declared() -> None:
    applying.declare_actions()


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def apply(session: Session, scene: Scene, user: User, *wanted: Customer) -> list[Outcome]:
    return applying.apply(
        session,
        speaking(session, user),
        scene.pool,
        [customer.id for customer in wanted],
        reason="kender dem",
        now=utcnow(),
    )


def approval_of(session: Session, claim: PoolClaim) -> Approval:
    assert claim.approval_id is not None
    return session.get_one(Approval, claim.approval_id)


def decide(session: Session, claim: PoolClaim, by: User, state: ApprovalState) -> None:
    approvals.decide(
        session, approval_of(session, claim), state, by=by.id, reason="for langt", now=utcnow()
    )


def test_an_application_keeps_the_customer_and_asks_those_who_decide(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)

    claim = claim_of(*apply(session, scene, scene.bo, customer))

    assert (claim.state, claim.mode, claim.owned_at) == ("applied", "apply", None)
    assert states(session, customer.id) == [("applied", None)]
    approval = approval_of(session, claim)
    assert (approval.action, approval.subject_id) == ("pools.application", customer.id)
    assert approval.expires_at is not None
    days = (approval.expires_at - approval.created_at) / DAY
    assert 6.9 < days <= 7.0
    told = session.scalars(select(Delivery).where(Delivery.kind == DeliveryKind.APPROVAL)).one()
    assert told.recipient == scene.manager.email


def test_approved_it_is_his(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = claim_of(*apply(session, scene, scene.bo, customer))

    decide(session, claim, scene.manager, ApprovalState.APPROVED)

    assert states(session, customer.id) == [("owned", scene.bo.id)]
    assert (claim.state, claim.decided_by) == (ClaimState.OWNED, scene.manager.id)


def test_refused_or_withdrawn_it_waits_where_it_waited(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    since = customer.pooled_at
    refused = claim_of(*apply(session, scene, scene.bo, customer))
    decide(session, refused, scene.manager, ApprovalState.REFUSED)
    assert states(session, customer.id) == [("in_pool", None)]
    assert (refused.state, refused.ended_reason) == (ClaimState.REFUSED, "for langt")

    withdrawn = claim_of(*apply(session, scene, scene.bo, customer))
    approvals.withdraw(session, approval_of(session, withdrawn), by=scene.bo.id, now=utcnow())

    assert states(session, customer.id) == [("in_pool", None)]
    assert (withdrawn.state, customer.pooled_at) == (ClaimState.WITHDRAWN, since)


def test_an_application_expires(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = claim_of(*apply(session, scene, scene.bo, customer))
    session.execute(update(Approval).values(expires_at=func.now() - timedelta(seconds=1)))
    session.expire_all()

    assert approvals.expire_due(session, now=utcnow()) == 1

    assert states(session, customer.id) == [("in_pool", None)]
    assert claim.state is ClaimState.EXPIRED


def test_what_is_applied_for_is_out_of_reach_for_everybody_else(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    apply(session, scene, scene.bo, customer)

    for outcomes in (
        apply(session, scene, scene.carl, customer),
        apply(session, scene, scene.bo, customer),
        take(session, scene, scene.carl, customer),
        release(session, scene, scene.manager, customer),
    ):
        assert codes(outcomes) == ["pool_state"]
    taken_back = returning.take_back(
        session, speaking(session, scene.manager), scene.pool, [customer.id], reason="x",
        now=utcnow(),
    )  # fmt: skip
    assert codes(taken_back) == ["pool_state"]
    with pytest.raises(AssertionError):
        assign(session, scene, customer, scene.carl)
    assert states(session, customer.id) == [("applied", None)]


def test_applications_count_as_held_and_what_came_to_nothing_does_not(session: Session) -> None:
    scene = make_scene(session, held_quota=2, daily_quota=2)
    waiting = make_waiting(session, scene.pool, 3)

    outcomes = apply(session, scene, scene.bo, *waiting)
    assert sorted(map(str, codes(outcomes))) == ["None", "None", "held_quota"]
    first = next(each.claim for each in outcomes if each.claim is not None)
    decide(session, first, scene.manager, ApprovalState.REFUSED)

    left = next(each for each in waiting if each.pool_state == "in_pool")
    assert codes(apply(session, scene, scene.bo, left)) == [None]


def test_a_quota_lowered_meanwhile_stands_in_the_way_of_approving(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = claim_of(*apply(session, scene, scene.bo, customer))
    scene.pool.held_quota = 0
    session.commit()

    with pytest.raises(ConflictError) as refused:
        decide(session, claim, scene.manager, ApprovalState.APPROVED)

    assert refused.value.code == "held_quota"
    session.rollback()
    assert states(session, customer.id) == [("applied", None)]
    assert approval_of(session, claim).state is ApprovalState.REQUESTED


def test_a_former_member_is_not_given_what_he_applied_for(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = claim_of(*apply(session, scene, scene.bo, customer))
    scene.bo.active = False
    session.commit()

    with pytest.raises(ConflictError) as refused:
        decide(session, claim, scene.manager, ApprovalState.APPROVED)

    assert refused.value.code == "not_assignable"


def test_managers_of_the_pool_decide_and_nobody_else(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    approval = approval_of(session, claim_of(*apply(session, scene, scene.bo, customer)))
    other = make_user(session, "otto@nordlys.example", name="Otto", role=Role.MANAGER)

    assert allowed(speaking(session, scene.manager), Verb.APPROVE, approval)
    for user in (other, scene.carl, scene.stranger):
        principal = speaking(session, user)
        assert not allowed(principal, Verb.APPROVE, approval)
        with pytest.raises(NotFoundError):
            get_record(session, principal, Verb.READ, Approval, approval.id)


def test_whoever_applied_reads_on_the_approval_what_the_card_tells(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    approval = approval_of(session, claim_of(*apply(session, scene, scene.bo, customer)))

    seen = subjects_seen(session, speaking(session, scene.bo), [approval])

    assert seen[approval.id].name == customer.name
    assert subjects_seen(session, speaking(session, scene.stranger), [approval]) == {}


def test_many_are_decided_at_once_each_with_a_result(session: Session, scene: Scene) -> None:
    first, second, third = make_waiting(session, scene.pool, 3)
    apply(session, scene, scene.bo, first)
    apply(session, scene, scene.carl, second)
    manager = speaking(session, scene.manager)

    outcomes = applying.decide(
        session, manager, scene.pool, [second.id, third.id, first.id], ApprovalState.APPROVED,
        reason=None, now=utcnow(),
    )  # fmt: skip

    assert codes(outcomes) == [None, "pool_state", None]
    assert states(session, first.id, second.id, third.id) == [
        ("owned", scene.bo.id), ("owned", scene.carl.id), ("in_pool", None),
    ]  # fmt: skip


def test_nobody_decides_over_his_own_application(session: Session) -> None:
    scene = make_scene(session)
    scene.pool.manager_user_ids = [scene.bo.id]
    scene.bo.roles = [Role.MANAGER]
    session.flush()
    (customer,) = make_waiting(session, scene.pool)
    apply(session, scene, scene.bo, customer)

    outcomes = applying.decide(
        session, speaking(session, scene.bo), scene.pool, [customer.id], ApprovalState.APPROVED,
        reason=None, now=utcnow(),
    )  # fmt: skip

    assert codes(outcomes) == ["forbidden"]
    assert states(session, customer.id) == [("applied", None)]


@dataclass(frozen=True)
class Above:
    """Who leads the manager of the pool, who leads that one, and one who leads others."""

    lis: User
    top: User
    other: User


@pytest.fixture
def above(session: Session, scene: Scene) -> Above:
    lis, top, other = (
        make_user(session, f"{name}@nordlys.example", name=name.title(), role=Role.MANAGER)
        for name in ("lis", "top", "other")
    )
    whole = create_team(session, {"name": "Alle", "manager_user_id": top.id, "member_ids": []})
    part = create_team(
        session, {"name": "Del", "manager_user_id": lis.id, "parent_id": whole.id, "member_ids": []}
    )
    for name, manager, parent in (("Nord", scene.manager, part), ("Syd", other, whole)):
        create_team(
            session, {"name": name, "manager_user_id": manager.id, "parent_id": parent.id},
        )  # fmt: skip
    scene.pool.escalation_hours = 4
    session.flush()
    return Above(lis, top, other)


def go_up(session: Session, approval: Approval) -> None:
    approval.escalates_at = utcnow() - timedelta(minutes=1)
    session.flush()
    assert approvals.escalate_due(session, now=utcnow()) == 1


def test_what_nobody_decides_goes_up_to_the_managers_manager_who_decides_then(
    session: Session, scene: Scene, above: Above
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = claim_of(*apply(session, scene, scene.bo, customer))
    approval = approval_of(session, claim)
    assert approval.expires_at is not None
    assert approval.escalates_at == approval.expires_at - 7 * DAY + timedelta(hours=4)
    assert not allowed(speaking(session, above.lis), Verb.APPROVE, approval)

    go_up(session, approval)

    assert (approval.escalated_to, claim.escalated_at) == ([above.lis.id], approval.escalated_at)
    mails = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    assert [(each.recipient, each.sequence) for each in mails] == [
        (scene.manager.email, 0), (above.lis.email, 2),
    ]  # fmt: skip
    lis = speaking(session, above.lis)
    assert subjects_seen(session, lis, [approval])[approval.id].name == customer.name
    for user in (above.top, above.other, scene.stranger):
        assert not allowed(speaking(session, user), Verb.APPROVE, approval)
        assert subjects_seen(session, speaking(session, user), [approval]) == {}
    assert not allowed(lis, Verb.READ, customer)
    assert allowed(speaking(session, scene.manager), Verb.APPROVE, approval)
    found = get_record(session, lis, Verb.APPROVE, Approval, approval.id)
    approvals.decide(
        session, found, ApprovalState.APPROVED, by=above.lis.id, reason=None, now=utcnow()
    )
    assert states(session, customer.id) == [("owned", scene.bo.id)]
    assert claim.decided_by == above.lis.id


@pytest.mark.parametrize("why", ["away", "inactive", "without the right", "applies himself"])
def test_it_goes_past_those_above_who_cannot_decide(
    session: Session, scene: Scene, above: Above, *, why: str
) -> None:
    if why == "away":
        be_away(session, above.lis)
    elif why == "inactive":
        above.lis.active = False
    elif why == "without the right":
        above.lis.roles = [Role.REPRESENTATIVE]
    else:
        set_members(session, session.get_one(Team, scene.pool.claim_team_ids[0]), [above.lis.id])
    session.flush()
    (customer,) = make_waiting(session, scene.pool)
    who = above.lis if why == "applies himself" else scene.bo
    approval = approval_of(session, claim_of(*apply(session, scene, who, customer)))

    go_up(session, approval)

    assert approval.escalated_to == [above.top.id]
