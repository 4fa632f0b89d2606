from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.configuration import current, replace, stored
from hub.credit import holds, sweeping
from hub.credit.policy import AutomaticHold, CreditPolicy
from hub.customers.models import Customer, HoldState
from hub.db import new_id, transaction
from hub.documents.models import DocMirror
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from tests.debts import FAR_AHEAD, LONG_AGO, Paper, owe
from tests.people import make_customer, make_user

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
LIMIT = AutomaticHold.CREDIT_LIMIT
DUE = AutomaticHold.PAST_DUE


@pytest.fixture
def user(session: Session) -> User:
    return make_user(session)


def set_policy(session: Session, automatic: AutomaticHold, **fields: object) -> None:
    wanted = CreditPolicy(automatic=automatic, **fields)  # type: ignore[arg-type] # by name
    replace(session, wanted, expected_version=stored(session, CreditPolicy).version)


def evaluate(session: Session, customer: Customer) -> HoldState | None:
    policy = current(session, CreditPolicy)
    return holds.evaluate(session, customer.id, policy, today=TODAY, now=NOW)


def state_of(customer: Customer) -> str:
    return customer.hold.value


def hold_events(session: Session, customer: Customer) -> list[tuple[str, object]]:
    session.commit()
    found = session.scalars(
        select(Event)
        .where(Event.subject_id == customer.id, Event.type.contains("h%ld"))
        .order_by(Event.id)
    )
    return [(event.type, (event.changes or {})["hold"]) for event in found]


def test_on_hold_by_hand_it_says_who_why_and_since_when(session: Session, user: User) -> None:
    customer = make_customer(session)
    session.commit()
    version = customer.version

    holds.put_on_hold(session, customer, reason="Betaler {ikke}", by=user.id, now=NOW)
    session.commit()

    assert (customer.hold, customer.hold_by, customer.hold_at) == ("held_manual", user.id, NOW)
    assert customer.hold_message == {
        "code": "held_manual", "text": "On hold by hand: {reason}",
        "params": {"reason": "Betaler {ikke}"},
    }  # fmt: skip
    assert customer.version == version
    holds.release(session, customer, reason="Har betalt", by=user.id, now=NOW)
    assert state_of(customer) == "clear"
    assert [customer.hold_message, customer.hold_by, customer.hold_at] == [None] * 3
    assert hold_events(session, customer) == [
        ("customer.held", ["clear", "held_manual"]),
        ("customer.hold_released", ["held_manual", "clear"]),
    ]


@pytest.mark.parametrize(
    ("state", "act", "allowed"),
    [
        (HoldState.CLEAR, "release", ["held_manual"]),
        (HoldState.HELD_AUTO, "release", ["held_manual"]),
        (HoldState.HELD_MANUAL, "put_on_hold", ["clear"]),
    ],
)
def test_what_does_not_follow_is_refused_with_what_is_allowed(
    session: Session, user: User, *, state: HoldState, act: str, allowed: list[str]
) -> None:
    customer = make_customer(session)
    customer.hold = state
    if state is not HoldState.CLEAR:
        customer.hold_message, customer.hold_at = {"code": "x", "text": "x", "params": {}}, NOW
    session.commit()

    with pytest.raises(ConflictError) as refused:
        getattr(holds, act)(session, customer, reason="fordi", by=user.id, now=NOW)

    assert refused.value.code == "hold_state"
    assert refused.value.details == {"state": state.value, "allowed": allowed}
    assert customer.hold is state


def test_a_hold_says_why(session: Session, user: User) -> None:
    customer = make_customer(session)

    with pytest.raises(ValidationError) as refused:
        holds.put_on_hold(session, customer, reason="  ", by=user.id, now=NOW)

    assert [(e.pointer, e.code) for e in refused.value.errors] == [("/reason", "required")]
    assert customer.hold is HoldState.CLEAR


@pytest.mark.parametrize(
    ("papers", "held"),
    [
        ((Paper("100.01"),), True),
        ((Paper("100"),), False),
        ((Paper("150"), Paper("-60", kind="credit_note")), False),
        ((Paper("150"), Paper("-40", kind="payment")), True),
        ((Paper("60"), Paper("60", kind="order")), False),
        ((Paper("60"), Paper("60", currency="EUR")), False),
        ((Paper("5000", currency="EUR"),), False),
        ((Paper("0"),), False),
        ((), False),
    ],
)
def test_by_its_limit_a_customer_is_held_when_what_it_owes_in_its_currency_exceeds_it(
    session: Session, papers: tuple[Paper, ...], *, held: bool
) -> None:
    set_policy(session, LIMIT)
    customer = make_customer(session, credit_limit="100.00")
    owe(session, customer, *papers)

    evaluate(session, customer)

    assert (customer.hold is HoldState.HELD_AUTO) is held
    if held:
        assert customer.hold_message is not None
        assert (customer.hold_message["code"], customer.hold_by) == ("over_limit", None)


def test_without_a_limit_nothing_exceeds_it_and_a_limit_of_nothing_is_one(
    session: Session,
) -> None:
    set_policy(session, LIMIT)
    unbounded, none = make_customer(session, "A"), make_customer(session, "B", credit_limit="0")
    for customer in (unbounded, none):
        owe(session, customer, Paper("1"))

        evaluate(session, customer)

    assert (unbounded.hold, none.hold) == ("clear", "held_auto")


@pytest.mark.parametrize(
    ("paper", "grace_days", "held"),
    [
        (Paper(due_on=TODAY - timedelta(days=1)), 0, True),
        (Paper(due_on=TODAY), 0, False),
        (Paper(due_on=TODAY - timedelta(days=10)), 10, False),
        (Paper(due_on=TODAY - timedelta(days=11)), 10, True),
        (Paper(due_on=LONG_AGO, currency="EUR"), 0, True),
        (Paper("0", due_on=LONG_AGO), 0, False),
        (Paper("-10", due_on=LONG_AGO, kind="credit_note"), 0, False),
        (Paper(due_on=LONG_AGO, kind="order"), 0, False),
        (Paper(due_on=None), 0, False),
    ],
)
def test_past_due_is_an_invoice_that_is_not_paid_so_many_days_after_its_day(
    session: Session, paper: Paper, *, grace_days: int, held: bool
) -> None:
    set_policy(session, DUE, grace_days=grace_days)
    customer = make_customer(session)
    owe(session, customer, paper)

    evaluate(session, customer)

    assert (customer.hold is HoldState.HELD_AUTO) is held


def test_what_came_by_itself_goes_by_itself(session: Session) -> None:
    set_policy(session, DUE)
    customer = make_customer(session)
    owe(session, customer, Paper(due_on=LONG_AGO))

    assert evaluate(session, customer) is HoldState.HELD_AUTO
    assert evaluate(session, customer) is None
    owe(session, customer, Paper("0", due_on=LONG_AGO))
    assert evaluate(session, customer) is HoldState.CLEAR
    assert evaluate(session, customer) is None

    assert hold_events(session, customer) == [
        ("customer.held", ["clear", "held_auto"]),
        ("customer.hold_released", ["held_auto", "clear"]),
    ]


def test_another_reason_takes_the_place_of_the_first(session: Session) -> None:
    set_policy(session, DUE)
    customer = make_customer(session, credit_limit="10")
    owe(session, customer, Paper(due_on=LONG_AGO))
    evaluate(session, customer)

    set_policy(session, LIMIT)
    evaluate(session, customer)

    assert customer.hold_message is not None
    assert (customer.hold, customer.hold_message["code"]) == ("held_auto", "over_limit")


def test_no_rule_touches_a_hold_by_hand_and_released_it_is_held_by_itself_if_need_be(
    session: Session, user: User
) -> None:
    set_policy(session, DUE)
    customer = make_customer(session)
    owe(session, customer, Paper(due_on=LONG_AGO))
    holds.put_on_hold(session, customer, reason="fordi", by=user.id, now=NOW)

    assert evaluate(session, customer) is None
    assert state_of(customer) == "held_manual"

    holds.release(session, customer, reason="fordi", by=user.id, now=NOW)
    assert state_of(customer) == "held_auto"

    holds.put_on_hold(session, customer, reason="igen", by=user.id, now=NOW)
    owe(session, customer, Paper("0", due_on=LONG_AGO))
    assert evaluate(session, customer) is None
    holds.release(session, customer, reason="nu", by=user.id, now=NOW)
    assert state_of(customer) == "clear"


ACTS = st.lists(
    st.sampled_from(["evaluate", "sweep", "hold", "release", "owe", "pay", "none", "past_due"]),
    min_size=1,
    max_size=10,
)


@given(acts=ACTS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_automatic_never_clears_what_a_hand_has_held_and_clears_only_its_own(
    session: Session, user: User, acts: list[str]
) -> None:
    customer = make_customer(session, external_ref=str(new_id()))
    set_policy(session, DUE)
    for act in acts:
        before = customer.hold
        owes = _owes(session, customer) and current(session, CreditPolicy).automatic is DUE
        match act:
            case "evaluate" | "sweep":
                if act == "evaluate":
                    evaluate(session, customer)
                else:
                    found = sweeping.differing(session, today=TODAY, after=None)
                    sweeping.evaluate_batch(session, found, today=TODAY, now=NOW)
                if before is HoldState.HELD_MANUAL:
                    assert customer.hold is HoldState.HELD_MANUAL
                else:
                    assert customer.hold is (HoldState.HELD_AUTO if owes else HoldState.CLEAR)
            case "hold" | "release":
                _by_hand(session, customer, user.id, act)
                if act == "release" and before is HoldState.HELD_MANUAL:
                    assert customer.hold is (HoldState.HELD_AUTO if owes else HoldState.CLEAR)
                elif act == "release":
                    assert customer.hold is before
                else:
                    assert customer.hold is HoldState.HELD_MANUAL
            case "owe" | "pay":
                owe(session, customer, Paper("100" if act == "owe" else "0", due_on=LONG_AGO))
            case _:
                set_policy(session, AutomaticHold(act))


def _owes(session: Session, customer: Customer) -> bool:
    open_ones = select(DocMirror.id).where(
        DocMirror.customer_id == customer.id, DocMirror.remaining > 0
    )
    return session.scalar(open_ones.limit(1)) is not None


def _by_hand(session: Session, customer: Customer, by: UUID, act: str) -> None:
    with suppress(ConflictError):
        if act == "hold":
            holds.put_on_hold(session, customer, reason="fordi", by=by, now=NOW)
        else:
            holds.release(session, customer, reason="fordi", by=by, now=NOW)


papers = st.builds(
    Paper,
    remaining=st.sampled_from(["0", "40", "100", "160"]),
    kind=st.sampled_from(["invoice", "order"]),
    currency=st.sampled_from(["DKK", "EUR"]),
    due_on=st.sampled_from([LONG_AGO, TODAY, FAR_AHEAD, None]),
) | st.builds(
    Paper,
    remaining=st.sampled_from(["0", "-40", "-100"]),
    kind=st.sampled_from(["credit_note", "payment"]),
    currency=st.sampled_from(["DKK", "EUR"]),
    due_on=st.none(),
)


@given(
    of_each=st.lists(
        st.tuples(st.sampled_from([None, "0", "100"]), st.lists(papers, max_size=4)),
        min_size=1,
        max_size=4,
    ),
    automatic=st.sampled_from(AutomaticHold),
)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_set_and_the_single_evaluation_never_disagree(
    session: Session,
    of_each: list[tuple[str | None, list[Paper]]],
    automatic: AutomaticHold,
) -> None:
    set_policy(session, automatic)
    customers = []
    for limit, owed in of_each:
        customer = make_customer(session, external_ref=str(new_id()), credit_limit=limit)
        owe(session, customer, *owed)
        customers.append(customer)
    session.flush()

    swept = set(sweeping.differing(session, today=TODAY, after=None))
    singly = {customer.id for customer in customers if evaluate(session, customer) is not None}

    assert swept & {customer.id for customer in customers} == singly
    left = set(sweeping.differing(session, today=TODAY, after=None))
    assert left & {customer.id for customer in customers} == set()


def test_a_sweep_leaves_out_what_is_gone(session: Session) -> None:
    set_policy(session, LIMIT)
    customer = make_customer(session, credit_limit=Decimal(10))
    owe(session, customer, Paper())
    assert list(sweeping.differing(session, today=TODAY, after=None)) == [customer.id]
    assert sweeping.differing(session, today=TODAY, after=customer.id) == []

    customer.deleted_at = NOW
    session.flush()

    assert sweeping.differing(session, today=TODAY, after=None) == []
    assert evaluate(session, customer) is None


def test_of_ten_who_hold_at_once_one_does_whatever_the_rule_does_meanwhile(
    database: Engine,
) -> None:
    with transaction() as session:
        set_policy(session, DUE)
        by = make_user(session).id
        customer = make_customer(session)
        owe(session, customer, Paper(due_on=LONG_AGO))

    def act(number: int) -> str:
        try:
            with transaction() as session:
                if number % 2:
                    policy = current(session, CreditPolicy)
                    holds.evaluate(session, customer.id, policy, today=TODAY, now=NOW)
                    return "evaluated"
                found = session.get_one(Customer, customer.id)
                holds.put_on_hold(session, found, reason="fordi", by=by, now=NOW)
        except ConflictError as error:
            return error.code
        return "held"

    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(act, range(20)))

    assert sorted(outcomes) == ["evaluated"] * 10 + ["held"] + ["hold_state"] * 9
    with transaction() as session:
        assert session.get_one(Customer, customer.id).hold is HoldState.HELD_MANUAL
