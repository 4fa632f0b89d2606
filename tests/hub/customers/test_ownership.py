from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.access.assignable import AssignmentPolicy, Groups
from hub.access.callers import principal_of
from hub.access.lookup import get_record
from hub.access.models import User
from hub.access.predicates import allowed
from hub.access.roles import Role, Verb
from hub.clock import utcnow
from hub.configuration import replace
from hub.customers import ownership
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import transaction
from hub.errors import ConflictError, ForbiddenError, ValidationError
from hub.history.models import Event
from hub.pools import passing_on
from tests.people import NOW, acting, make_customer, make_user


def assigned(session: Session) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.type == "customer.assigned")))


def test_a_customer_is_given_away_with_its_reason_in_the_history(session: Session) -> None:
    bo, carl = (make_user(session, f"{name}@nordlys.example") for name in ("bo", "carl"))
    customer = make_customer(session, owner_user_id=bo.id)
    session.commit()
    session.info["origin"] = acting(bo)

    wanted: dict[str, UUID | None] = {"owner_user_id": carl.id, "inside_rep_id": bo.id}
    ownership.assign(session, customer, wanted, reason="parental leave")
    session.commit()

    assert (customer.owner_user_id, customer.inside_rep_id, customer.version) == (carl.id, bo.id, 2)
    [event] = assigned(session)
    assert (event.user_id, event.changes, event.data) == (
        bo.id,
        {"owner_user_id": [str(bo.id), str(carl.id)], "inside_rep_id": [None, str(bo.id)]},
        {"reason": "parental leave"},
    )
    kinds = session.scalars(select(Event.type).where(Event.subject_id == customer.id)).all()
    assert sorted(kinds) == ["customer.assigned", "customer.created"]


def test_what_else_changes_in_the_same_transaction_is_in_the_same_event(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example")
    customer = make_customer(session)
    session.commit()

    customers.update(session, customer, {"city": "Ry"}, now=NOW)
    ownership.assign(session, customer, {"owner_user_id": bo.id}, reason="his town")
    customers.update(session, customer, {"postcode": "8680"}, now=NOW)
    session.commit()

    [event] = assigned(session)
    assert event.changes is not None
    assert set(event.changes) == {"city", "owner_user_id", "postcode"}
    assert event.data == {"reason": "his town"}


def test_what_is_so_already_makes_no_version_and_no_event(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example")
    customer = make_customer(session, owner_user_id=bo.id)
    session.commit()

    ownership.assign(session, customer, {"owner_user_id": bo.id, "team_id": None}, reason="again")
    session.commit()

    assert customer.version == 1
    assert assigned(session) == []


def test_nobody_inactive_becomes_an_owner(session: Session) -> None:
    gone = make_user(session, "gone@nordlys.example", name="Gone", active=False)
    customer = make_customer(session)

    with pytest.raises(ValidationError, match="/owner_user_id: Gone is not active"):
        ownership.assign(session, customer, {"owner_user_id": gone.id}, reason="x")
    with pytest.raises(ValidationError, match="/inside_rep_id: Gone is not active"):
        make_customer(session, "Ny", inside_rep_id=gone.id)
    assert customer.owner_user_id is None


def test_one_who_has_left_stays_the_owner_while_something_else_changes(session: Session) -> None:
    bo, carl = (make_user(session, f"{name}@nordlys.example") for name in ("bo", "carl"))
    customer = make_customer(session, owner_user_id=bo.id)
    bo.active = False
    session.flush()

    ownership.assign(
        session, customer, {"owner_user_id": bo.id, "inside_rep_id": carl.id}, reason="meanwhile"
    )

    assert (customer.owner_user_id, customer.inside_rep_id) == (bo.id, carl.id)


def test_a_protection_passes_to_the_next_owner_and_needs_one(session: Session) -> None:
    bo, carl = (make_user(session, f"{name}@nordlys.example") for name in ("bo", "carl"))
    customer = make_customer(session, owner_user_id=bo.id)
    customer.protected_at, customer.protected_by = utcnow(), bo.id
    customer.protected_until = utcnow() + timedelta(days=1)
    session.flush()

    ownership.assign(session, customer, {"owner_user_id": carl.id}, reason="handed over")
    with pytest.raises(ConflictError, match="end its protection first"):
        ownership.assign(session, customer, {"owner_user_id": None}, reason="given up")

    assert customer.is_protected
    assert customer.owner_user_id == carl.id
    assert not allowed(principal_of(session, bo), Verb.READ, customer)
    assert allowed(principal_of(session, carl), Verb.READ, customer)


def test_a_protection_that_is_over_does_not_stand_in_the_way(session: Session) -> None:
    bo = make_user(session, "bo@nordlys.example")
    customer = make_customer(session, owner_user_id=bo.id)
    customer.protected_at, customer.protected_until = NOW, NOW - timedelta(days=100)
    session.flush()

    ownership.assign(session, customer, {"owner_user_id": None}, reason="given up")
    session.flush()

    assert [customer.owner_user_id, customer.protected_until] == [None, None]


def test_a_representative_of_a_record_does_not_say_whose_it_is(session: Session) -> None:
    bo, carl = (make_user(session, f"{name}@nordlys.example") for name in ("bo", "carl"))
    customer = make_customer(session, owner_user_id=bo.id, inside_rep_id=carl.id)
    inside = principal_of(session, carl)

    assert allowed(inside, Verb.EDIT, customer)
    for verb in (Verb.ASSIGN, Verb.CLAIM):
        assert not allowed(inside, verb, customer)
        assert allowed(principal_of(session, bo), verb, customer)


def test_of_many_who_take_a_customer_at_once_one_gets_it(database: Engine) -> None:
    with transaction() as session:
        takers = [make_user(session, f"{n}@nordlys.example") for n in range(12)]
        customer_id = make_customer(session).id

    def take(user: User) -> UUID | None:
        try:
            with transaction(acting(user)) as session:
                customer = get_record(
                    session, principal_of(session, user), Verb.CLAIM, Customer, customer_id
                )
                passing_on.take(session, customer, by=user.id, reason="mine", now=NOW)
        except ForbiddenError:
            return None
        return user.id

    with ThreadPoolExecutor(8) as pool:
        won = [each for each in pool.map(take, takers) if each is not None]

    with transaction() as session:
        customer = session.get_one(Customer, customer_id)
        assert won == [customer.owner_user_id]
        assert (customer.version, len(assigned(session))) == (2, 1)


def test_a_creator_whom_nothing_is_assigned_to_does_not_own_what_he_makes(
    session: Session,
) -> None:
    robot = make_user(session, "shop@nordlys.example", role=Role.INTEGRATION)
    bo = make_user(session, "bo@nordlys.example")
    replace(
        session, AssignmentPolicy(customers=Groups(roles=["representative"])), expected_version=1
    )
    owners = []
    for user in (robot, bo):
        session.info["origin"] = acting(user)
        made = customers.create(
            session, {"name": f"Kunde {user.email}"}, now=NOW, owned_by_creator=True
        )
        owners.append(made.owner_user_id)

    assert owners == [None, bo.id]
