"""The rate budget and the circuit breaker that all workers share."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, Interval, func, literal, update

from hub.connections import gate
from hub.connections.models import Connection, ConnectionGate
from hub.db import transaction

MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection_id(database: Engine) -> UUID:
    with transaction() as session:
        connection = Connection(name="C", connector="economic", kind="accounting")
        session.add(connection)
    return connection.id


def admit(connection_id: UUID, calls: int = 5, period: timedelta = MINUTE) -> gate.Refusal | None:
    with transaction() as session:
        return gate.admit(session, connection_id, calls=calls, period=period)


def fail(connection_id: UUID, times: int = 1) -> None:
    for _ in range(times):
        with transaction() as session:
            gate.note_failure(session, connection_id)


def shift(connection_id: UUID, seconds: float) -> None:
    """Let time pass for the gate."""
    earlier = literal(timedelta(seconds=seconds), Interval())
    with transaction() as session:
        session.execute(
            update(ConnectionGate)
            .where(ConnectionGate.id == connection_id)
            .values(
                refilled_at=ConnectionGate.refilled_at - earlier,
                blocked_until=ConnectionGate.blocked_until - earlier,
                open_until=ConnectionGate.open_until - earlier,
                probing_until=ConnectionGate.probing_until - earlier,
                failing_since=ConnectionGate.failing_since - earlier,
            )
        )


def test_the_budget_is_spent_and_refills_over_its_period(connection_id: UUID) -> None:
    began = time.monotonic()
    assert [admit(connection_id) for _ in range(5)] == [None] * 5

    refused = admit(connection_id)

    passed = timedelta(seconds=time.monotonic() - began)
    assert refused is not None
    assert refused.reason == "As many calls are made as the other side allows."
    assert timedelta(seconds=12) - passed <= refused.wait <= timedelta(seconds=12)
    shift(connection_id, 12)
    assert admit(connection_id) is None
    assert admit(connection_id) is not None


def test_many_workers_share_one_budget(connection_id: UUID) -> None:
    day = timedelta(days=1)  # none refills while they come
    admit(connection_id, calls=21, period=day)  # makes the gate

    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda _: admit(connection_id, 21, day), range(60)))

    assert admitted.count(None) == 20


def test_a_named_wait_is_kept_and_the_longer_one_counts(connection_id: UUID) -> None:
    admit(connection_id)
    began = time.monotonic()
    with transaction() as session:
        gate.block(session, connection_id, timedelta(seconds=90))
        gate.block(session, connection_id, timedelta(seconds=10))

    refused = admit(connection_id)

    passed = timedelta(seconds=time.monotonic() - began)
    assert refused is not None
    assert timedelta(seconds=90) - passed <= refused.wait <= timedelta(seconds=90)
    shift(connection_id, 91)
    assert admit(connection_id) is None


SPENT: dict[str, object] = {
    "text": "The calls of today are used up.",
    "params": {"setting": "contact"},
}
BUSY: dict[str, object] = {"text": "It asked us to slow down (429).", "params": {}}


def block(connection_id: UUID, seconds: float, reason: dict[str, object] | None) -> None:
    with transaction() as session:
        gate.block(session, connection_id, timedelta(seconds=seconds), reason)


def test_whoever_comes_during_a_pause_is_told_why_it_was_asked_for(connection_id: UUID) -> None:
    admit(connection_id)
    block(connection_id, 90, SPENT)
    block(connection_id, 10, BUSY)

    refused = admit(connection_id)

    assert refused is not None
    assert (refused.reason, refused.params) == (SPENT["text"], SPENT["params"])
    block(connection_id, 300, None)
    longer = admit(connection_id)
    assert longer is not None
    assert longer.reason == "The other side asked us to slow down."


def test_a_pause_begins_once_however_often_it_is_made_longer(connection_id: UUID) -> None:
    admit(connection_id)
    block(connection_id, 10, SPENT)
    with transaction() as session:
        began = session.get_one(ConnectionGate, connection_id).blocked_at
    block(connection_id, 90, SPENT)

    with transaction() as session:
        assert session.get_one(ConnectionGate, connection_id).blocked_at == began
    shift(connection_id, 100)
    block(connection_id, 10, BUSY)
    with transaction() as session:
        anew = session.get_one(ConnectionGate, connection_id)
        assert began is not None
        assert anew.blocked_at is not None
        assert anew.blocked_at > began
        assert anew.blocked_reason == BUSY


def test_somebody_who_mended_something_opens_it_for_the_next_call(connection_id: UUID) -> None:
    admit(connection_id, 100)
    block(connection_id, 3600, SPENT)
    fail(connection_id, 5)
    assert admit(connection_id, 100) is not None

    with transaction() as session:
        gate.reopen(session, connection_id)

    assert [admit(connection_id, 100), admit(connection_id, 100)] == [None, None]
    with transaction() as session:
        opened = session.get_one(ConnectionGate, connection_id)
        assert (opened.blocked_at, opened.blocked_reason) == (None, None)


def test_five_failures_open_the_breaker_and_one_probe_closes_it(connection_id: UUID) -> None:
    admit(connection_id, 100)
    fail(connection_id, 4)
    assert admit(connection_id, 100) is None
    fail(connection_id)

    refused = admit(connection_id, 100)
    assert refused is not None
    assert refused.reason == "The last calls failed; none is made for half a minute."
    shift(connection_id, 31)
    assert admit(connection_id, 100) is None
    second = admit(connection_id, 100)
    assert second is not None
    assert second.reason == "One call is trying whether the other side works again."
    with transaction() as session:
        gate.note_success(session, connection_id)
    assert admit(connection_id, 100) is None


def test_a_failed_probe_opens_the_breaker_again(connection_id: UUID) -> None:
    admit(connection_id, 100)
    fail(connection_id, 5)
    shift(connection_id, 31)
    assert admit(connection_id, 100) is None

    fail(connection_id)

    refused = admit(connection_id, 100)
    assert refused is not None
    assert refused.reason == "The last calls failed; none is made for half a minute."


def test_failures_far_apart_do_not_open_the_breaker(connection_id: UUID) -> None:
    admit(connection_id, 100)
    for _ in range(8):
        fail(connection_id, 3)
        shift(connection_id, 31)

    assert admit(connection_id, 100) is None


def test_a_success_forgets_the_failures(connection_id: UUID) -> None:
    admit(connection_id, 100)
    fail(connection_id, 4)
    with transaction() as session:
        gate.note_success(session, connection_id)
    fail(connection_id, 4)

    assert admit(connection_id, 100) is None
    with transaction() as session:
        assert session.get_one(ConnectionGate, connection_id).recent_failures == 4
        assert session.scalar(func.now()) is not None
