"""Who sees what waits in a pool: one predicate, said for lists and for one record alike."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.models import AccessGrant, Team, User
from hub.access.predicates import allowed, visible
from hub.access.principals import Principal
from hub.access.roles import Role, Verb, Visibility
from hub.access.teams import set_members
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.pools.access import cards_seen
from hub.pools.models import Pool, PoolClaim, PoolDraw
from tests.people import make_customer, make_user
from tests.pools import Scene, assign, make_pool, make_scene, make_waiting, speaking

READING = (Verb.READ, Verb.COMMENT, Verb.EXPORT)
CHANGING = (Verb.EDIT, Verb.DELETE, Verb.ASSIGN, Verb.SHARE, Verb.PROTECT, Verb.MERGE)


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def seen(session: Session, principal: Principal, verb: Verb, customer: Customer) -> bool:
    found = session.scalar(
        select(Customer.id).where(Customer.id == customer.id, visible(principal, verb, Customer))
    )
    assert allowed(principal, verb, customer) is (found is not None)
    return found is not None


def card(session: Session, principal: Principal, customer: Customer) -> bool:
    return customer.id in set(session.scalars(select(Customer.id).where(cards_seen(principal))))


@pytest.mark.parametrize("visibility", list(Visibility))
def test_what_waits_is_for_those_who_decide_and_shows_a_card_to_those_who_may_claim(
    session: Session, scene: Scene, visibility: Visibility
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    admin = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
    bo, manager, stranger, anna = (
        replace(speaking(session, user), visibility=visibility)
        for user in (scene.bo, scene.manager, scene.stranger, admin)
    )

    for verb in (*READING, *CHANGING):
        assert [seen(session, who, verb, customer) for who in (bo, manager, stranger, anna)] == [
            False, True, False, True,
        ]  # fmt: skip
    cards = [card(session, who, customer) for who in (bo, manager, stranger, anna)]
    assert cards == [True, True, False, True]


def test_a_free_customer_of_no_pool_is_everyones_as_before(session: Session, scene: Scene) -> None:
    free = make_customer(session)

    for user in (scene.bo, scene.stranger):
        assert seen(session, speaking(session, user), Verb.EDIT, free)
        assert not card(session, speaking(session, user), free)


def test_neither_slots_nor_the_team_open_what_waits_but_a_share_does(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    leader = make_user(session, "leif@nordlys.example", role=Role.MANAGER)
    team = Team(name="Vest", manager_user_id=leader.id)
    session.add(team)
    session.flush()
    set_members(session, team, [scene.stranger.id])
    customer.team_id, customer.inside_rep_id = team.id, scene.stranger.id
    session.flush()

    assert not seen(session, speaking(session, scene.stranger), Verb.READ, customer)
    assert not seen(session, speaking(session, leader), Verb.READ, customer)

    share = AccessGrant(
        subject_type="customer", subject_id=customer.id, user_id=scene.stranger.id, level="read"
    )
    session.add(share)
    assert seen(session, speaking(session, scene.stranger), Verb.READ, customer)


def test_who_decides_reads_what_people_hold_and_does_not_change_it(
    session: Session, scene: Scene
) -> None:
    (customer,) = make_waiting(session, scene.pool)
    assign(session, scene, customer, scene.bo)
    manager = replace(speaking(session, scene.manager), visibility=Visibility.PRIVATE)

    assert [seen(session, manager, verb, customer) for verb in READING] == [True] * 3
    assert [seen(session, manager, verb, customer) for verb in CHANGING] == [False] * 6
    assert not card(session, manager, customer)

    customer.protected_at, customer.protected_until = utcnow(), utcnow() + timedelta(days=1)
    session.flush()
    assert not seen(session, manager, Verb.READ, customer)


def test_a_pool_of_others_has_no_cards_for_anybody_else(session: Session, scene: Scene) -> None:
    other = make_pool(session, [scene.stranger], managers=[scene.stranger], name="Syd")
    (customer,) = make_waiting(session, other)

    assert not card(session, speaking(session, scene.bo), customer)
    assert not card(session, speaking(session, scene.manager), customer)
    assert not seen(session, speaking(session, scene.manager), Verb.READ, customer)


def test_people_of_a_managing_team_decide_and_so_does_who_leads_it(
    session: Session, scene: Scene
) -> None:
    leader, member = (make_user(session, f"{n}@nordlys.example") for n in ("leif", "mia"))
    team = Team(name="Salgsledelse", manager_user_id=leader.id)
    session.add(team)
    session.flush()
    set_members(session, team, [member.id])
    scene.pool.manager_team_ids = [team.id]
    session.flush()

    for user in (leader, member, scene.manager):
        assert list(principal_of(session, user).standing.pool_ids) == [scene.pool.id]
    assert not principal_of(session, scene.bo).standing.pool_ids
    scene.pool.deleted_at = utcnow()
    session.flush()
    assert not principal_of(session, leader).standing.pool_ids


def test_a_narrowed_token_sees_no_further_cards_claims_or_records(
    session: Session, scene: Scene
) -> None:
    danish, swedish = (make_waiting(session, scene.pool, country=c)[0] for c in ("DK", "SE"))
    admin = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
    for each in (danish, swedish):
        assign(session, scene, each, scene.bo)
    claims = {c.customer_id: c.id for c in session.scalars(select(PoolClaim))}
    others = [make_waiting(session, scene.pool, country=c)[0] for c in ("DK", "SE")]
    filters = {"customers": {"country": {"eq": "DK"}}}

    for user in (scene.bo, admin):
        narrowed = replace(speaking(session, user), row_filters=filters)
        assert [card(session, narrowed, each) for each in others] == [True, False]
        visible_claims = set(
            session.scalars(select(PoolClaim.id).where(visible(narrowed, Verb.READ, PoolClaim)))
        )
        assert visible_claims == {claims[danish.id]}


def test_pools_draws_and_claims_are_known_to_their_people(session: Session, scene: Scene) -> None:
    (customer,) = make_waiting(session, scene.pool)
    claim = assign(session, scene, customer, scene.bo)
    drawn = PoolDraw(
        pool_id=scene.pool.id, draw_order="random", seed="00", candidates=b"",
        candidates_sha256="", candidate_count=0, hands=[],
    )  # fmt: skip
    session.add(drawn)
    session.flush()

    def known(user: User) -> list[bool]:
        principal = speaking(session, user)
        for row, verb in product((scene.pool, drawn, claim), Verb):
            model = type(row)
            shown = session.scalars(select(model.id).where(visible(principal, verb, model)))
            assert allowed(principal, verb, row) is (row.id in set(shown)), (model, verb)
        return [allowed(principal, Verb.READ, row) for row in (scene.pool, drawn, claim)]

    assert known(scene.manager) == [True, True, True]
    assert known(scene.bo) == [True, True, True]
    assert known(scene.carl) == [True, True, False]
    assert known(scene.stranger) == [False, False, False]
    assert session.get_one(Pool, scene.pool.id) is scene.pool
