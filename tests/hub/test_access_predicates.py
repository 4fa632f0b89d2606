from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.lookup import get_record
from hub.access.models import ApiToken, Team, User
from hub.access.predicates import actions_on, allowed, allowed_actions, visible
from hub.access.principals import Principal, Shared, Standing
from hub.access.roles import (
    WITHOUT_OWNING,
    Level,
    Reach,
    Role,
    RoleDefinition,
    Verb,
    Visibility,
)
from hub.access.services import bootstrap_administrator
from hub.clock import utcnow
from hub.customers.models import Customer, PoolState
from hub.db import Ids
from hub.errors import ForbiddenError, NotFoundError, StaleVersionError
from hub.ledger.models import Job
from hub.pools.models import Pool

CHANGING = (Verb.EDIT, Verb.DELETE, Verb.MERGE, Verb.ASSIGN, Verb.TRANSITION)


@pytest.fixture
def people(session: Session) -> tuple[Principal, Principal, Principal]:
    users = [
        User(email=f"{name}@example.com", name=name, roles=[role])
        for name, role in [
            ("anna", Role.ADMINISTRATOR),
            ("bo", Role.REPRESENTATIVE),
            ("carl", Role.REPRESENTATIVE),
        ]
    ]
    session.add_all(users)
    session.flush()
    anna, bo, carl = (principal_of(session, user) for user in users)
    return anna, bo, carl


@pytest.fixture
def customers(
    session: Session, people: tuple[Principal, Principal, Principal]
) -> dict[str, Customer]:
    _, bo, carl = people
    owners: dict[str, UUID | None] = {"bo": bo.user_id, "carl": carl.user_id, "nobody": None}
    made = {
        name: Customer(name=f"of {name}", currency="DKK", owner_user_id=owner)
        for name, owner in owners.items()
    }
    session.add_all(made.values())
    session.flush()
    return made


def names(session: Session, principal: Principal, verb: Verb) -> set[str]:
    query = select(Customer.name).where(visible(principal, verb, Customer))
    return {name.removeprefix("of ") for name in session.scalars(query)}


def test_an_administrator_may_do_everything_to_all(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    for verb in Verb:
        assert names(session, people[0], verb) == {"bo", "carl", "nobody"}


def test_a_representative_reads_all_and_changes_own_and_unowned_records(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    for verb in WITHOUT_OWNING:
        assert names(session, people[1], verb) == {"bo", "carl", "nobody"}
    for verb in CHANGING:
        assert names(session, people[1], verb) == {"bo", "nobody"}


def test_where_records_are_private_others_are_not_even_read(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    bo = replace(people[1], visibility=Visibility.PRIVATE)

    assert names(session, bo, Verb.READ) == {"bo", "nobody"}


def test_a_verb_that_the_role_lacks_reaches_no_row(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    assert names(session, people[1], Verb.CONFIGURE) == set()


def test_the_predicate_and_the_answer_for_one_record_never_disagree(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    bootstrap_administrator(session, "x@example.com", utcnow())
    _, bo, _ = people
    session.add_all(
        [
            ApiToken(prefix="a", hash=b"a", user_id=bo.user_id, name="a", scopes=[]),
            ApiToken(prefix="b", hash=b"b", user_id=people[0].user_id, name="b", scopes=[]),
            Job(task="a.b_c", queue="bulk", args={}, created_by=bo.user_id),
            Job(task="a.b_c", queue="bulk", args={}),
        ]
    )
    session.flush()
    compared = 0

    models: tuple[type[Any], ...] = (Customer, ApiToken, User, Job)
    for principal, visibility, model in product(people, Visibility, models):
        caller = replace(principal, visibility=visibility)
        rows = session.scalars(select(model)).all()
        told = actions_on(session, caller, model.collection(), rows, Verb)
        for verb in Verb:
            shown = set(session.scalars(select(model.id).where(visible(caller, verb, model))))
            assert shown == {row for row in told if verb in told[row]}, (model, verb, visibility)
            compared += len(told)
    assert compared == 3 * len(Visibility) * len(Verb) * (3 + 2 + 3 + 2)


def test_of_a_customer_in_hand_is_told_what_the_database_would_tell(
    session: Session, people: tuple[Principal, Principal, Principal]
) -> None:
    _, bo, carl = people
    his, led, other = (Team(name=name) for name in ("his", "led", "other"))
    pool, foreign = (Pool(name=name) for name in ("his", "foreign"))
    session.add_all([his, led, other, pool, foreign])
    session.flush()
    led_person, colleague = uuid4(), uuid4()
    session.add_all(
        User(id=each, email=f"{each}@example.com", name="x", roles=[Role.REPRESENTATIVE])
        for each in (led_person, colleague)
    )
    session.flush()
    owners = [None, bo.user_id, carl.user_id, led_person, colleague]
    kept = [(False, None), (True, None), (True, pool), (False, pool), (False, foreign)]
    rows = [
        Customer(
            name="x", currency="DKK", owner_user_id=owner, team_id=team and team.id,
            inside_rep_id=rep, pool_id=within and within.id,
            pool_state=within and (PoolState.OWNED if owner else PoolState.IN_POOL),
            protected_at=utcnow() if protected else None,
            protected_until=utcnow() + timedelta(days=1) if protected else None,
            pooled_at=utcnow() if within is not None and owner is None else None,
        )
        for owner, team, rep, (protected, within) in product(
            owners, (None, his, led, other), (None, bo.user_id), kept
        )
        if owner is not None or not protected
    ]  # fmt: skip
    session.add_all(rows)
    session.flush()
    to_read, to_write = (Ids(row.id for row in rows[::step]) for step in (7, 14))
    shared = Shared({Level.READ: to_read, Level.WRITE: to_write}, to_write)
    of_a_member = Standing(
        team_ids=Ids([his.id]), colleague_ids=Ids([colleague]), shared={"customer": shared}
    )
    of_a_leader = replace(
        of_a_member,
        line_team_ids=Ids([led.id]), line_user_ids=Ids([led_person]), pool_ids=Ids([pool.id]),
    )  # fmt: skip
    session.expunge_all()  # no row could be asked about any more
    for standing, reach, visibility in product((of_a_member, of_a_leader), Reach, Visibility):
        role = RoleDefinition("x", frozenset({"*"}), reach, frozenset(), frozenset())
        caller = replace(bo, roles=frozenset({role}), standing=standing, visibility=visibility)
        for verb in Verb:
            found = set(session.scalars(select(Customer.id).where(visible(caller, verb, Customer))))
            told = {row.id for row in rows if allowed(caller, verb, row)}
            assert told == found, (verb, reach, visibility)


def test_the_actions_of_a_record_follow_role_scope_and_owner(
    people: tuple[Principal, Principal, Principal], customers: dict[str, Customer]
) -> None:
    _, bo, _ = people
    reading = replace(bo, scopes=frozenset({"customers:read"}))

    assert allowed_actions(bo, "customers", customers["bo"]) == [
        "read", "comment", "edit", "delete", "transition", "assign", "share", "protect",
    ]  # fmt: skip
    assert allowed_actions(bo, "customers", customers["carl"]) == ["read", "comment"]
    assert allowed_actions(reading, "customers", customers["bo"]) == ["read"]


def test_one_record_is_found_refused_or_hidden(
    session: Session,
    people: tuple[Principal, Principal, Principal],
    customers: dict[str, Customer],
) -> None:
    _, bo, _ = people
    own, other = customers["bo"], customers["carl"]

    assert get_record(session, bo, Verb.EDIT, Customer, own.id, expected_version=1) is own
    assert get_record(session, bo, Verb.READ, Customer, other.id) is other
    with pytest.raises(ForbiddenError, match="customer"):
        get_record(session, bo, Verb.EDIT, Customer, other.id)
    with pytest.raises(StaleVersionError, match="its version is now 1"):
        get_record(session, bo, Verb.EDIT, Customer, own.id, expected_version=2)
    with pytest.raises(NotFoundError):
        get_record(session, bo, Verb.READ, Customer, uuid4())
    hidden = replace(bo, visibility=Visibility.PRIVATE)
    with pytest.raises(NotFoundError):
        get_record(session, hidden, Verb.EDIT, Customer, other.id)
    own.deleted_at = utcnow()
    session.flush()
    with pytest.raises(NotFoundError):
        get_record(session, bo, Verb.READ, Customer, own.id)
