from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.customers.models import Customer
from hub.errors import ConflictError, ValidationError
from hub.history.models import Event
from hub.pools import drawing
from hub.pools.dealing import fingerprint
from hub.pools.models import ClaimState, PoolClaim, PoolDraw
from tests.hub.absences.test_presence import be_away
from tests.pools import Scene, assign, make_scene, make_waiting, release, states, take

NOW = utcnow()


@pytest.fixture
def scene(session: Session) -> Scene:
    return make_scene(session)


def dealt(session: Session, drawn: PoolDraw) -> list[tuple[object, object]]:
    rows = session.scalars(
        select(PoolClaim).where(PoolClaim.draw_id == drawn.id).order_by(PoolClaim.draw_position)
    )
    return [(claim.customer_id, claim.user_id) for claim in rows]


def again(drawn: PoolDraw) -> list[tuple[object, object]]:
    return [(each.customer_id, each.user_id) for each in drawing.deal_again(drawn)]


def test_a_draw_can_be_drawn_again_from_what_is_stored(session: Session, scene: Scene) -> None:
    waiting = make_waiting(session, scene.pool, 9)
    session.commit()

    drawn = drawing.draw(session, scene.pool, {scene.bo.id: 4}, own=True, reason="mandag", now=NOW)
    session.commit()
    session.expire_all()

    assert len(dealt(session, drawn)) == 4
    assert again(drawn) == dealt(session, drawn)
    assert drawing.candidates_of(drawn) == [customer.id for customer in waiting]
    assert drawn.candidates_sha256 == fingerprint(customer.id for customer in waiting)
    assert (len(drawn.seed), drawn.candidate_count) == (32, 9)
    owned = [state for state, _ in states(session, *(each.id for each in waiting))]
    assert (owned.count("owned"), owned.count("in_pool")) == (4, 5)
    events = session.scalars(select(Event).where(Event.type == "customer.pool_claimed")).all()
    assert {(e.data or {})["draw_id"] for e in events} == {str(drawn.id)}
    assert {(e.data or {})["reason"] for e in events} == {"mandag"}


def test_another_draw_has_another_seed(session: Session, scene: Scene) -> None:
    make_waiting(session, scene.pool, 2)

    seeds = {
        drawing.draw(session, scene.pool, {scene.bo.id: 1}, own=True, reason=None, now=NOW).seed
        for _ in range(2)
    }

    assert len(seeds) == 2


@pytest.mark.parametrize("order", ["random", "load", "oldest"])
def test_a_manager_draws_for_several_as_far_as_their_quotas_go(
    session: Session, order: str
) -> None:
    scene = make_scene(session, held_quota=3, draw_order=order)
    waiting = make_waiting(session, scene.pool, 8)
    assign(session, scene, waiting[0], scene.bo)

    drawn = drawing.draw(
        session, scene.pool, {scene.bo.id: 5, scene.carl.id: 5}, own=False, reason=None, now=NOW
    )

    got = [user_id for _, user_id in dealt(session, drawn)]
    assert (got.count(scene.bo.id), got.count(scene.carl.id)) == (2, 3)
    assert again(drawn) == dealt(session, drawn)
    assert [(hand["asked"], hand["room"], hand["load"]) for hand in drawn.hands] == [
        (5, 2, 1), (5, 3, 0),
    ]  # fmt: skip
    if order == "load":
        assert got[0] == scene.carl.id
    if order == "oldest":
        assert [each for each, _ in dealt(session, drawn)] == [each.id for each in waiting[1:6]]


def test_what_one_had_before_he_does_not_draw_while_it_cools(session: Session) -> None:
    scene = make_scene(session, cooldown_days=2)
    mine, other = make_waiting(session, scene.pool, 2)
    take(session, scene, scene.bo, mine)
    release(session, scene, scene.bo, mine)

    drawn = drawing.draw(session, scene.pool, {scene.bo.id: 2}, own=True, reason=None, now=NOW)

    assert dealt(session, drawn) == [(other.id, scene.bo.id)]
    assert drawn.hands[0]["barred"] == [str(mine.id)]
    assert again(drawn) == dealt(session, drawn)
    later = drawing.draw(
        session, scene.pool, {scene.bo.id: 2}, own=True, reason=None, now=NOW + timedelta(days=2)
    )
    assert dealt(session, later) == [(mine.id, scene.bo.id)]


def test_what_is_applied_for_or_deleted_is_no_candidate(session: Session, scene: Scene) -> None:
    waiting = make_waiting(session, scene.pool, 2)
    waiting[0].deleted_at = NOW
    session.flush()

    drawn = drawing.draw(session, scene.pool, {scene.bo.id: 2}, own=True, reason=None, now=NOW)

    assert drawing.candidates_of(drawn) == [waiting[1].id]


@pytest.mark.parametrize(
    ("rules", "own", "code"),
    [
        ({"held_quota": 0}, True, "held_quota"),
        ({"daily_quota": 0}, False, "daily_quota"),
        ({"modes": ["self"]}, True, "mode"),
    ],
)
def test_a_draw_that_may_not_be_is_refused_by_its_rule(
    session: Session, rules: dict[str, object], own: bool, code: str
) -> None:
    scene = make_scene(session, **rules)
    (customer,) = make_waiting(session, scene.pool)

    with pytest.raises(ConflictError) as refused:
        drawing.draw(session, scene.pool, {scene.bo.id: 1}, own=own, reason=None, now=NOW)

    assert refused.value.code == code
    assert states(session, customer.id) == [("in_pool", None)]
    assert session.scalar(select(PoolDraw.id)) is None


def test_from_an_empty_pool_for_strangers_or_beyond_the_limit_nothing_is_drawn(
    session: Session,
) -> None:
    scene = make_scene(session, batch_limit=3)

    with pytest.raises(ConflictError) as empty:
        drawing.draw(session, scene.pool, {scene.bo.id: 1}, own=True, reason=None, now=NOW)
    with pytest.raises(ConflictError) as strange:
        drawing.draw(session, scene.pool, {scene.stranger.id: 1}, own=False, reason=None, now=NOW)
    with pytest.raises(ValidationError, match="at most 3"):
        drawing.draw(session, scene.pool, {scene.bo.id: 4}, own=True, reason=None, now=NOW)

    assert (empty.value.code, strange.value.code) == ("nothing_to_draw", "not_assignable")
    assert strange.value.details == {"user_ids": [str(scene.stranger.id)]}


def test_of_a_very_large_pool_those_stand_to_be_drawn_that_waited_longest(
    session: Session, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MOST_CANDIDATES", 2)
    old = make_waiting(session, scene.pool, 2, now=NOW - timedelta(days=9))
    new: list[Customer] = make_waiting(session, scene.pool, 2)

    drawn = drawing.draw(session, scene.pool, {scene.bo.id: 4}, own=True, reason=None, now=NOW)

    assert {each for each, _ in dealt(session, drawn)} == {each.id for each in old}
    assert states(session, *(each.id for each in new)) == [("in_pool", None)] * 2
    assert {claim.state for claim in session.scalars(select(PoolClaim))} == {ClaimState.OWNED}


@pytest.mark.parametrize("order", ["random", "load", "oldest"])
def test_whoever_is_away_is_dealt_nothing_and_anybody_can_see_why(
    session: Session, order: str
) -> None:
    scene = make_scene(session, draw_order=order)
    waiting = make_waiting(session, scene.pool, 4)
    assign(session, scene, waiting[0], scene.bo)  # by load it would be the turn of the other one
    be_away(session, scene.carl)

    drawn = drawing.draw(
        session, scene.pool, {scene.bo.id: 2, scene.carl.id: 2}, own=False, reason=None, now=NOW
    )

    assert [user_id for _, user_id in dealt(session, drawn)] == [scene.bo.id] * 2
    assert again(drawn) == dealt(session, drawn)
    assert {hand["user_id"]: (hand["absent"], hand["room"]) for hand in drawn.hands} == {
        str(scene.bo.id): (False, 2), str(scene.carl.id): (True, 0),
    }  # fmt: skip


def test_where_all_are_away_nothing_is_drawn_not_even_for_oneself(session: Session) -> None:
    scene = make_scene(session, held_quota=1)
    waiting = make_waiting(session, scene.pool, 2)
    last = be_away(session, scene.bo).ends_on

    with pytest.raises(ConflictError) as refused:
        drawing.draw(session, scene.pool, {scene.bo.id: 1}, own=True, reason=None, now=NOW)
    assert (refused.value.code, refused.value.details) == (
        "absent", {"absent": {str(scene.bo.id): last.isoformat()}}
    )  # fmt: skip

    assign(session, scene, waiting[0], scene.carl)
    with pytest.raises(ConflictError) as full:
        drawing.draw(
            session, scene.pool, {scene.bo.id: 1, scene.carl.id: 1}, own=False, reason=None, now=NOW
        )
    assert full.value.code == "held_quota"


def test_whoever_is_away_can_be_given_something_by_name_and_take_it_himself(
    session: Session, scene: Scene
) -> None:
    given, taken = make_waiting(session, scene.pool, 2)
    be_away(session, scene.bo)

    assign(session, scene, given, scene.bo)
    take(session, scene, scene.bo, taken)

    assert states(session, given.id, taken.id) == [("owned", scene.bo.id)] * 2
