import dataclasses
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Role, Verb, Visibility
from hub.approvals import services as approvals
from hub.approvals.models import ALLOWED, Approval, ApprovalState
from hub.approvals.policy import ApprovalPolicy
from hub.approvals.showing import subjects_seen
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers.models import Customer
from hub.db import new_id, transaction
from hub.errors import ConflictError, DomainError, ForbiddenError, ValidationError
from hub.history.models import Event
from hub.mail.models import Delivery, DeliveryKind
from tests.hub.absences.test_presence import be_away
from tests.people import make_customer, make_user
from tests.petitions import NAME, followed, petition

DAY = timedelta(days=1)


@pytest.fixture
def bo(session: Session) -> User:
    return make_user(session, "bo@nordlys.example", name="Bo")


@pytest.fixture
def anna(session: Session) -> User:
    return make_user(session, "anna@nordlys.example", name="Anna", role=Role.ADMINISTRATOR)


@pytest.fixture
def customer(session: Session, bo: User) -> Customer:
    return make_customer(session, owner_user_id=bo.id)


def decide(
    session: Session, approval: Approval, by: User, state: ApprovalState = ApprovalState.APPROVED
) -> None:
    reason = "for dyrt" if state is ApprovalState.REFUSED else None
    approvals.decide(session, approval, state, by=by.id, reason=reason, now=utcnow())


def overdue(session: Session, approval: Approval) -> None:
    approval.expires_at = session.execute(select(func.clock_timestamp())).scalar_one() - DAY
    session.flush()


def events(session: Session) -> list[str]:
    session.commit()
    found = session.scalars(
        select(Event.type).where(Event.subject_type == "approval").order_by(Event.id)
    )
    return [name for name in found if name.split(".")[1] not in {"created", "updated"}]


def test_a_request_stands_for_two_weeks_and_is_told_to_those_who_may_decide(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    now = utcnow()

    made = petition(session, customer, bo, reason="Stor ordre", data={"percent": 5}, now=now)

    assert (made.subject_type, made.subject_id) == ("customer", customer.id)
    assert (made.state, made.requested_by, made.reason) == ("requested", bo.id, "Stor ordre")
    assert made.expires_at == now + 14 * DAY
    assert [(d.kind, d.recipient, d.sequence) for d in session.scalars(select(Delivery))] == [
        (DeliveryKind.APPROVAL, anna.email, 0)
    ]
    assert events(session) == ["approval.requested"]


def test_approved_by_another_it_happens_in_the_same_transaction_and_is_told(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    made = petition(session, customer, bo)

    decide(session, made, anna)

    assert (made.state, made.decided_by, made.decision_reason) == ("approved", anna.id, None)
    assert (made.id in followed.approved, made.id in followed.ended) == (True, False)
    told = session.scalars(select(Delivery).where(Delivery.sequence == 1)).one()
    assert told.recipient == bo.email
    assert events(session) == ["approval.requested", "approval.approved"]


def test_a_refusal_says_why(session: Session, bo: User, anna: User, customer: Customer) -> None:
    made = petition(session, customer, bo)

    with pytest.raises(ValidationError) as silent:
        approvals.decide(session, made, ApprovalState.REFUSED, by=anna.id, reason=" ", now=utcnow())
    assert [(e.pointer, e.code) for e in silent.value.errors] == [("/reason", "required")]
    assert made.state is ApprovalState.REQUESTED

    decide(session, made, anna, ApprovalState.REFUSED)

    assert (made.state, made.decision_reason) == ("refused", "for dyrt")
    assert (made.id in followed.approved, made.id in followed.ended) == (False, True)


@pytest.mark.parametrize("state", [ApprovalState.APPROVED, ApprovalState.REFUSED])
def test_nobody_decides_over_his_own_request_not_even_an_administrator(
    session: Session, anna: User, customer: Customer, state: ApprovalState
) -> None:
    made = petition(session, customer, anna)

    with pytest.raises(ForbiddenError, match="his own"):
        decide(session, made, anna, state)

    assert made.state is ApprovalState.REQUESTED
    assert made.id not in {*followed.approved, *followed.ended}


def test_a_request_is_taken_back_by_whoever_made_it_and_by_nobody_else(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    made = petition(session, customer, bo)

    with pytest.raises(ForbiddenError):
        approvals.withdraw(session, made, by=anna.id, now=utcnow())
    assert made.state is ApprovalState.REQUESTED

    approvals.withdraw(session, made, by=bo.id, now=utcnow(), reason="Ikke nødvendigt")

    assert (made.state, made.decision_reason) == ("withdrawn", "Ikke nødvendigt")
    assert made.id in followed.ended
    assert session.scalars(select(Delivery.sequence)).all() == [0]  # he knows it himself


def test_the_same_is_asked_for_once_at_a_time(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    carl = make_user(session, "carl@nordlys.example")
    first = petition(session, customer, bo, reference="1001")
    petition(session, customer, bo, reference="1002")
    petition(session, customer, bo)
    petition(session, customer, carl, reference="1001")

    for reference in ("1001", None):
        with pytest.raises(ConflictError) as refused:
            petition(session, customer, bo, reference=reference)
        assert refused.value.code == "already_requested"

    decide(session, first, anna, ApprovalState.REFUSED)
    again = petition(session, customer, bo, reference="1001")
    assert again.id != first.id
    latest = approvals.find_latest(session, action=NAME, subject_id=customer.id, reference="1001")
    assert latest is again


def test_what_cannot_be_done_any_more_is_not_approved(
    session: Session,
    bo: User,
    anna: User,
    customer: Customer,
    *,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = petition(session, customer, bo)
    session.commit()
    monkeypatch.setattr(followed, "impossible", True)

    with pytest.raises(ConflictError, match="any more"), transaction() as later:
        decide(later, later.get_one(Approval, made.id), anna)

    session.refresh(made)
    assert (made.state, made.decided_by) == ("requested", None)


def test_what_nobody_decides_over_expires_by_the_databases_clock(
    session: Session, bo: User, customer: Customer
) -> None:
    late, early = petition(session, customer, bo), petition(session, customer, bo, reference="2")
    overdue(session, late)

    assert approvals.expire_due(session, now=utcnow()) == 1

    assert (late.state, late.decided_by) == ("expired", None)
    assert early.state is ApprovalState.REQUESTED
    assert (late.id in followed.ended, early.id in followed.ended) == (True, False)
    assert approvals.expire_due(session, now=utcnow()) == 0
    told = session.scalars(select(Delivery).where(Delivery.sequence == 1)).one()
    assert told.recipient == bo.email


def test_what_is_over_is_not_decided_although_no_sweep_came_by(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    made = petition(session, customer, bo)
    overdue(session, made)

    with pytest.raises(ConflictError) as refused:
        decide(session, made, anna)

    assert refused.value.details == {"state": "expired", "allowed": []}
    again = petition(session, customer, bo)
    assert (made.state, again.state) == ("expired", "requested")


def test_a_request_that_would_have_expired_is_none(
    session: Session, bo: User, customer: Customer
) -> None:
    with pytest.raises(ValidationError) as refused:
        petition(session, customer, bo, expires_at=utcnow())

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/expires_at", "past")]
    assert session.scalars(select(Approval)).all() == []


def test_so_many_are_told_as_is_set(session: Session, bo: User, customer: Customer) -> None:
    for number in range(4):
        make_user(session, f"a{number}@nordlys.example", role=Role.ADMINISTRATOR)
    replace(session, ApprovalPolicy(expires_after_days=3, told_at_most=2), expected_version=1)
    now = utcnow()

    made = petition(session, customer, bo, now=now)

    assert made.expires_at == now + 3 * DAY
    assert len(session.scalars(select(Delivery)).all()) == 2


MOVES = st.lists(st.sampled_from([*ApprovalState][1:]), min_size=1, max_size=4)


@given(moves=MOVES)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_only_what_is_requested_moves_and_every_other_move_names_what_is_allowed(
    session: Session, bo: User, anna: User, customer: Customer, moves: list[ApprovalState]
) -> None:
    made = petition(session, customer, bo, reference=str(new_id()))
    state = ApprovalState.REQUESTED

    for wanted in moves:
        refusal = _move(session, made, wanted, anna)
        if wanted in ALLOWED[state]:
            assert refusal is None
            state = wanted
        elif wanted is not ApprovalState.EXPIRED:  # the sweep passes by what is decided
            assert refusal is not None
            assert refusal.details == {"state": state.value, "allowed": []}
        assert made.state is state


def _move(
    session: Session, made: Approval, wanted: ApprovalState, decider: User
) -> ConflictError | None:
    try:
        match wanted:
            case ApprovalState.WITHDRAWN:
                approvals.withdraw(session, made, by=made.requested_by, now=utcnow())
            case ApprovalState.EXPIRED:
                overdue(session, made)
                approvals.expire_due(session, now=utcnow())
            case _:
                decide(session, made, decider, wanted)
    except ConflictError as error:
        return error
    return None


def test_of_fifty_who_decide_at_once_one_does(database: Engine) -> None:
    with transaction() as session:
        asker = make_user(session, "bo@nordlys.example")
        made = petition(session, make_customer(session), asker)
        deciders = [
            make_user(session, f"a{number}@nordlys.example", role=Role.ADMINISTRATOR).id
            for number in range(50)
        ]
    states = [ApprovalState.APPROVED, ApprovalState.REFUSED]

    def attempt(number: int) -> str:
        by = deciders[number]
        try:
            with transaction() as session:
                principal = principal_of(session, session.get_one(User, by))
                found = get_record(session, principal, Verb.APPROVE, Approval, made.id)
                approvals.decide(
                    session, found, states[number % 2], by=by, reason="x", now=utcnow()
                )
        except DomainError as error:
            return error.code
        return "decided"

    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(attempt, range(50)))

    assert sorted(outcomes) == ["approval_state"] * 49 + ["decided"]
    with transaction() as session:
        found = session.get_one(Approval, made.id)
        assert found.decided_by == deciders[outcomes.index("decided")]
        assert [*followed.approved, *followed.ended].count(made.id) == 1


def test_who_asks_twice_at_once_asks_once(database: Engine) -> None:
    with transaction() as session:
        user_id, customer_id = make_user(session).id, make_customer(session).id

    def attempt(_: int) -> str:
        try:
            with transaction() as session:
                petition(session, session.get_one(Customer, customer_id), user_id)
        except ConflictError as error:
            return error.code
        return "asked"

    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(attempt, range(10)))

    assert sorted(outcomes) == ["already_requested"] * 9 + ["asked"]


def seen(session: Session, principal: Principal, verb: Verb) -> set[UUID]:
    return set(session.scalars(select(Approval.id).where(visible(principal, verb, Approval))))


@pytest.mark.parametrize("visibility", list(Visibility))
def test_a_request_is_seen_by_whoever_asked_and_whoever_may_decide_whatever_the_visibility(
    session: Session, bo: User, anna: User, customer: Customer, *, visibility: Visibility
) -> None:
    carl = make_user(session, "carl@nordlys.example")
    made = petition(session, customer, bo)
    readers = {
        user.id: dataclasses.replace(principal_of(session, user), visibility=visibility)
        for user in (bo, anna, carl)
    }

    assert [seen(session, readers[user.id], Verb.READ) for user in (bo, anna, carl)] == [
        {made.id}, {made.id}, set(),
    ]  # fmt: skip
    assert [seen(session, readers[user.id], Verb.APPROVE) for user in (bo, carl)] == [set(), set()]


def test_the_subject_is_shown_to_those_who_may_see_it_and_not_to_whoever_only_asked(
    session: Session, bo: User, anna: User
) -> None:
    hidden = make_customer(session, "Hemmelig ApS", owner_user_id=anna.id)
    made = petition(session, hidden, bo)
    asker = dataclasses.replace(principal_of(session, bo), visibility=Visibility.PRIVATE)

    assert subjects_seen(session, asker, [made]) == {}
    found = subjects_seen(session, principal_of(session, anna), [made])[made.id]
    assert (found.type, found.id, found.name) == ("customer", hidden.id, "Hemmelig ApS")


def test_when_it_goes_up_is_set_for_all_and_only_before_it_expires(
    session: Session, bo: User, customer: Customer
) -> None:
    policy = ApprovalPolicy(expires_after_days=2, escalates_after_hours=24)
    replace(session, policy, expected_version=1)
    now = utcnow()

    made = petition(session, customer, bo, now=now)
    soon_over = petition(
        session, customer, bo, reference="2", now=now, expires_at=now + timedelta(hours=24)
    )
    own = petition(
        session, customer, bo, reference="3", now=now, escalates_after=timedelta(hours=2)
    )

    assert [each.escalates_at for each in (made, soon_over, own)] == [
        now + DAY, None, now + timedelta(hours=2),
    ]  # fmt: skip
    with pytest.raises(ValidationError, match="would have expired"):
        replace(
            session, ApprovalPolicy(expires_after_days=2, escalates_after_hours=48),
            expected_version=2,
        )  # fmt: skip


def test_what_nobody_above_could_decide_goes_to_the_administrators_who_are_there(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    other = make_user(session, "ada@nordlys.example", role=Role.ADMINISTRATOR)
    be_away(session, anna)
    made = petition(session, customer, bo, escalates_after=DAY)
    made.escalates_at = utcnow() - DAY
    session.flush()

    assert approvals.escalate_due(session, now=utcnow()) == 1

    assert made.escalated_to == [other.id]
    assert [
        (each.recipient, each.sequence)
        for each in session.scalars(select(Delivery).order_by(Delivery.id))
    ] == [(other.email, 0), (other.email, 2)]
    assert events(session) == ["approval.requested", "approval.escalated"]
    assert approvals.escalate_due(session, now=utcnow()) == 0


@pytest.mark.parametrize("how", ["decided", "expired", "early", "never"])
def test_what_need_not_go_up_stays_where_it_is(
    session: Session, bo: User, anna: User, customer: Customer, *, how: str
) -> None:
    after = None if how == "never" else DAY
    made = petition(session, customer, bo, escalates_after=after)
    if how != "early" and after is not None:
        made.escalates_at = utcnow() - DAY
        session.flush()
    if how == "decided":
        decide(session, made, anna)
    if how == "expired":
        overdue(session, made)

    assert approvals.escalate_due(session, now=utcnow()) == 0
    assert (made.escalated_at, made.escalated_to) == (None, [])


def test_of_those_who_decide_whoever_is_away_is_not_told_while_another_is_there(
    session: Session, bo: User, anna: User, customer: Customer
) -> None:
    other = make_user(session, "ada@nordlys.example", role=Role.ADMINISTRATOR)
    be_away(session, anna)
    petition(session, customer, bo)
    be_away(session, other)
    petition(session, customer, bo, reference="2")

    told = session.scalars(select(Delivery.recipient).order_by(Delivery.id)).all()
    assert told == [other.email, anna.email, other.email]
