"""When a customer goes back by rule: days of the business, signs of care, warnings."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.catalogues.models import CatalogueEntry
from hub.customers.models import Customer
from hub.history.models import Event
from hub.leads import services as leads
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.notes import services as notes
from hub.pools import recalling
from hub.pools.models import ClaimState, PoolClaim
from tests.pools import Scene, assign, make_scene, make_waiting, put_in, states

START = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = {"recall_after_days": 30, "notice_days": 7}


def day(number: int) -> date:
    """Return the day so many days after the start."""
    return (START + number * DAY).date()


def make_held(session: Session, scene: Scene, user: User | None = None, **fields: Any) -> Customer:
    (customer,) = make_waiting(session, scene.pool, now=START - DAY, **fields)
    assign(session, scene, customer, user or scene.bo, now=START)
    return customer


def warn(session: Session, on: date) -> list[Delivery]:
    """Warn everybody; returns the mails that this asked for."""
    before = set(session.scalars(select(Delivery.id)))
    after: UUID | None = None
    while (warned := recalling.warn_next_owner(session, today=on, after=after)) is not None:
        after = warned.following
    found = session.scalars(
        select(Delivery)
        .where(Delivery.kind == DeliveryKind.RECALL_WARNING, Delivery.id.not_in(before))
        .order_by(Delivery.recipient)
    )
    return list(found)


def send(session: Session, delivery: Delivery, on: date) -> None:
    delivery.state = DeliveryState.SENT
    delivery.sent_at = datetime.combine(on, START.timetz())
    recalling.RecallWarnings().settled(session, delivery)
    session.flush()


def recall(session: Session, on: date) -> int:
    count, after = 0, None
    now = datetime.combine(on, START.timetz())
    while True:
        batch = recalling.recall_batch(session, today=on, now=now, after=after, limit=2)
        if batch.following is None:
            return count
        count, after = count + batch.count, batch.following


def note(session: Session, customer: Customer, at: datetime) -> None:
    notes.create(session, customer, body="ringet", now=at)


def test_the_owner_is_warned_once_and_then_the_customer_goes_back(session: Session) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)
    session.commit()

    assert (warn(session, day(22)), recall(session, day(22))) == ([], 0)
    (warning,) = warn(session, day(23))
    assert (warning.recipient, warning.user_id) == (scene.bo.email, scene.bo.id)
    send(session, warning, day(23))
    assert warn(session, day(24)) == []
    assert recall(session, day(29)) == 0
    assert states(session, customer.id) == [("owned", scene.bo.id)]

    assert recall(session, day(30)) == 1

    assert states(session, customer.id) == [("in_pool", None)]
    claim = session.scalars(select(PoolClaim)).one()
    assert (claim.state, claim.ended_reason) == (ClaimState.RECALLED, "No note for 30 days.")
    session.commit()
    event = session.scalars(select(Event).where(Event.type == "customer.pool_recalled")).one()
    assert event.data == {
        "pool_id": str(scene.pool.id), "former": str(scene.bo.id),
        "reason": "No note for 30 days.",
    }  # fmt: skip
    assert recall(session, day(31)) == 0


def test_a_note_in_between_stops_it_and_begins_another_period(session: Session) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)
    (first,) = warn(session, day(23))
    send(session, first, day(23))

    note(session, customer, START + 25 * DAY)

    assert recalling.RecallWarnings().wants(session, first) is False
    assert (recall(session, day(31)), warn(session, day(47))) == (0, [])
    (second,) = warn(session, day(48))
    assert second.id != first.id
    send(session, second, day(48))
    assert recall(session, day(54)) == 0
    assert recall(session, day(55)) == 1


def test_a_note_of_something_earlier_moves_the_day_and_the_warning_is_said_again(
    session: Session,
) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)
    (first,) = warn(session, day(23))
    send(session, first, day(23))

    notes.create(session, customer, body="sås", at=START + 2 * DAY, now=START + 24 * DAY)

    assert recall(session, day(31)) == 0
    (again,) = warn(session, day(25))
    send(session, again, day(25))
    assert recall(session, day(31)) == 0
    assert recall(session, day(32)) == 1


def test_without_a_warning_nothing_goes_back_and_its_notice_runs_from_the_mail(
    session: Session,
) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)

    assert recall(session, day(90)) == 0  # nobody ran for two months
    (warning,) = warn(session, day(90))
    assert recall(session, day(98)) == 0  # the mail is not out yet
    send(session, warning, day(100))
    assert recall(session, day(106)) == 0
    assert recall(session, day(107)) == 1
    assert states(session, customer.id) == [("in_pool", None)]


def test_a_warning_that_cannot_be_sent_does_not_keep_a_customer_for_ever(
    session: Session,
) -> None:
    scene = make_scene(session, **RULES)
    make_held(session, scene)
    (warning,) = warn(session, day(23))
    warning.state = DeliveryState.FAILED
    warning.last_tried_at = START + 23 * DAY
    recalling.RecallWarnings().settled(session, warning)
    session.flush()

    assert recall(session, day(29)) == 0
    assert recall(session, day(30)) == 1


def test_without_notice_it_goes_back_on_its_day(session: Session) -> None:
    scene = make_scene(session, recall_after_days=30, notice_days=0)
    make_held(session, scene)

    assert warn(session, day(29)) == []
    assert recall(session, day(29)) == 0
    assert recall(session, day(30)) == 1


def test_a_protected_customer_waits_for_the_end_of_its_protection(session: Session) -> None:
    scene = make_scene(session, recall_after_days=30, notice_days=0)
    customer = make_held(session, scene)
    far = datetime(2999, 1, 1, tzinfo=UTC)  # protection is measured by the database's own clock
    customer.protected_at, customer.protected_until = START, far
    session.flush()

    assert recall(session, day(60)) == 0
    assert states(session, customer.id) == [("owned", scene.bo.id)]

    customer.protected_until = START + DAY
    session.flush()
    assert recall(session, day(60)) == 1
    assert customer.protected_until is None


def test_a_protected_customer_is_not_warned_of_either(session: Session) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)
    customer.protected_at, customer.protected_until = START, datetime(2999, 1, 1, tzinfo=UTC)
    session.flush()

    assert warn(session, day(40)) == []


def test_an_inactive_owner_is_not_written_to_and_loses_the_customer_on_its_day(
    session: Session,
) -> None:
    scene = make_scene(session, **RULES)
    make_held(session, scene)
    scene.bo.active = False
    session.flush()

    assert warn(session, day(25)) == []
    assert recall(session, day(29)) == 0
    assert recall(session, day(30)) == 1


@pytest.mark.parametrize("how", ["inactive", "no rule"])
def test_a_pool_that_recalls_nothing_recalls_nothing(session: Session, how: str) -> None:
    scene = make_scene(session, **RULES)
    make_held(session, scene)
    if how == "inactive":
        scene.pool.active = False
    else:
        scene.pool.recall_after_days = None
    session.flush()

    assert (warn(session, day(400)), recall(session, day(400))) == ([], 0)


def test_one_mail_tells_one_owner_of_all_his_customers(session: Session) -> None:
    scene = make_scene(session, **RULES)
    mine = [make_held(session, scene) for _ in range(3)]
    his = make_held(session, scene, scene.carl)

    to_bo, to_carl = warn(session, day(24))

    assert (to_bo.recipient, to_carl.recipient) == (scene.bo.email, scene.carl.email)
    told = {
        delivery.id: {
            session.get_one(PoolClaim, claim_id).customer_id
            for claim_id in recalling.claims_of(delivery)
        }
        for delivery in (to_bo, to_carl)
    }
    assert told == {to_bo.id: {c.id for c in mine}, to_carl.id: {his.id}}
    for delivery in (to_bo, to_carl):
        send(session, delivery, day(24))
    assert recall(session, day(31)) == 4


def test_the_former_owner_cools_down_after_a_recall(session: Session) -> None:
    scene = make_scene(session, recall_after_days=30, notice_days=0, cooldown_days=5)
    customer = make_held(session, scene)
    recall(session, day(30))

    with pytest.raises(AssertionError, match="from 2026-07-06"):
        assign(session, scene, customer, scene.bo, now=START + 34 * DAY)
    assign(session, scene, customer, scene.bo, now=START + 35 * DAY)


def test_days_are_those_of_the_business(session: Session) -> None:
    scene = make_scene(session, recall_after_days=30, notice_days=0)
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)  # half past midnight, 2 June, in Copenhagen
    (customer,) = make_waiting(session, scene.pool, now=START)
    assign(session, scene, customer, scene.bo, now=late)

    assert recall(session, date(2026, 7, 1)) == 0
    assert recall(session, date(2026, 7, 2)) == 1


def test_what_was_recalled_and_got_again_begins_anew(session: Session) -> None:
    scene = make_scene(session, **RULES)
    customer = make_held(session, scene)
    (warning,) = warn(session, day(23))
    send(session, warning, day(23))
    put_in(session, scene.pool, customer, now=START + 24 * DAY)
    assign(session, scene, customer, scene.carl, now=START + 25 * DAY)

    assert recall(session, day(31)) == 0
    assert recalling.RecallWarnings().wants(session, warning) is False
    assert [each.recipient for each in warn(session, day(48))] == [scene.carl.email]


FOR_SOME = [
    {"value_class": "a", "program": "loyal", "days": None},
    {"value_class": "a", "days": 60},
    {"program": "loyal", "days": 50},
    {"classification": "dormant", "days": 10},
]


def make_words(session: Session) -> None:
    for name, code in (("programs", "loyal"), ("classifications", "dormant")):
        session.add(CatalogueEntry(catalogue=name, code=code, label=code, sort=1))
    session.flush()


@pytest.mark.parametrize(
    ("fields", "program", "days"),
    [
        ({}, None, 30),
        ({"value_class": "b"}, "other", 30),
        ({"value_class": "a"}, None, 60),
        ({"value_class": "a"}, "loyal", None),
        ({"value_class": "b"}, "loyal", 50),
        ({"classifications": ["big", "dormant"]}, None, 10),
        ({"classifications": ["dormant"]}, "loyal", 50),
    ],
)
def test_the_first_exception_that_fits_says_how_long_a_customer_stays(
    session: Session, fields: dict[str, Any], program: str | None, days: int | None
) -> None:
    make_words(session)
    for catalogue, code in (("programs", "other"), ("classifications", "big")):
        session.add(CatalogueEntry(catalogue=catalogue, code=code, label=code, sort=2))
    session.flush()
    scene = make_scene(session, recall_after_days=30, notice_days=0, recall_exceptions=FOR_SOME)
    customer = make_held(session, scene, **fields)
    if program is not None:
        leads.create(session, {"customer_id": customer.id, "program": program}, now=START)

    if days is None:
        assert recall(session, day(3000)) == 0
    else:
        assert recall(session, day(days - 1)) == 0
        assert recall(session, day(days)) == 1
        claim = session.scalars(select(PoolClaim)).one()
        assert claim.ended_reason == f"No note for {days} days."


def test_an_exception_by_program_holds_while_the_lead_is_open(session: Session) -> None:
    make_words(session)
    scene = make_scene(
        session, recall_after_days=30, notice_days=0,
        recall_exceptions=[{"program": "loyal", "days": None}],
    )  # fmt: skip
    customer = make_held(session, scene)
    lead = leads.create(session, {"customer_id": customer.id, "program": "loyal"}, now=START)
    assert recall(session, day(40)) == 0

    leads.close(
        session, lead, reason="ude", lost_reason=None, set_aside_until=None, now=START + 40 * DAY
    )

    assert recall(session, day(40)) == 1


def test_the_warning_comes_before_the_day_of_the_exception(session: Session) -> None:
    scene = make_scene(
        session, recall_after_days=None, notice_days=7,
        recall_exceptions=[{"value_class": "c", "days": 20}],
    )  # fmt: skip
    customer, other = make_held(session, scene, value_class="c"), make_held(session, scene)

    assert warn(session, day(12)) == []
    (warning,) = warn(session, day(13))

    claims = [session.get_one(PoolClaim, each) for each in recalling.claims_of(warning)]
    assert [(each.customer_id, each.recall_on) for each in claims] == [(customer.id, day(20))]
    send(session, warning, day(13))
    assert recall(session, day(20)) == 1
    assert states(session, customer.id, other.id) == [("in_pool", None), ("owned", scene.bo.id)]
