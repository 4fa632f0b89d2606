"""The hash chain over the history: no late commit missed, no change unseen."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select, text

from hub.db import transaction
from hub.history import sealing
from hub.history.models import Event, EventSeal, EventUnsealed
from hub.history.recording import record


def happen(count: int = 1) -> None:
    with transaction() as session:
        for number in range(count):
            record(
                session, "thing.happened", subject_type="thing", subject_id=uuid4(),
                data={"number": number, "navn": "Æblegrød"},
            )  # fmt: skip


def seal_all() -> int:
    total = 0
    while True:
        with transaction() as session:
            sealed = sealing.seal(session, limit=7)
        total += sealed
        if sealed == 0:
            return total


def verified() -> sealing.Break | None:
    with transaction() as session:
        return sealing.verify(session, batch=5)


def run(statement: str, **values: object) -> None:
    with transaction() as session:
        session.execute(text(statement), values)


def test_every_event_gets_its_place_and_the_chain_holds(database: Engine) -> None:
    happen(20)

    assert seal_all() == 20

    with transaction() as session:
        positions = list(session.scalars(select(EventSeal.position).order_by(EventSeal.position)))
        assert session.scalar(select(func.count()).select_from(EventUnsealed)) == 0
        assert sealing.head(session)[0] == 20
    assert positions == list(range(1, 21))
    assert verified() is None


def test_a_commit_that_comes_late_is_sealed_after_those_before_it(database: Engine) -> None:
    with transaction() as late:
        record(late, "thing.late", subject_type="thing", subject_id=uuid4())
        happen(3)
        assert seal_all() == 3

    assert seal_all() == 1
    with transaction() as session:
        last = session.scalars(
            select(Event.type).join(EventSeal, EventSeal.id == Event.id)
            .order_by(EventSeal.position.desc()).limit(1)
        ).one()  # fmt: skip
    assert last == "thing.late"
    assert verified() is None


def test_writers_and_sealers_in_parallel_keep_the_chain(database: Engine) -> None:
    def work(number: int) -> None:
        if number % 4 == 0:
            with transaction() as session:
                sealing.seal(session)
        else:
            happen(2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(120)))
    seal_all()

    assert verified() is None
    with transaction() as session:
        assert session.scalar(select(func.count()).select_from(EventSeal)) == 180


@pytest.mark.parametrize(
    ("statement", "position", "reason"),
    [
        ("update event set data = '{}' where id = :third", 3, "the event was changed"),
        ("update event set type = 'x.y' where id = :third", 3, "the event was changed"),
        ("delete from event where id = :third", 3, "the event is missing"),
        ("delete from event_seal where id = :third", 3, "position 3 is missing"),
        (
            "update event_seal set digest = decode(repeat('00', 32), 'hex') where id = :third",
            3,
            "the event was changed",
        ),
        (
            "update event_seal set hash = decode(repeat('00', 32), 'hex') where id = :third",
            3,
            "the hash does not follow from the one before",
        ),
    ],
)
def test_whatever_is_changed_is_found(
    database: Engine, statement: str, position: int, reason: str
) -> None:
    happen(6)
    seal_all()
    with transaction() as session:
        third = session.scalars(select(EventSeal.id).where(EventSeal.position == 3)).one()

    run(statement, third=third)

    assert verified() == sealing.Break(position, reason)


def test_a_cut_tail_shows_against_a_head_that_was_kept(database: Engine) -> None:
    happen(6)
    seal_all()
    with transaction() as session:
        kept = sealing.head(session)

    run("delete from event_seal where position > 4")

    assert verified() is None
    with transaction() as session:
        assert sealing.head(session) != kept


def test_erasing_an_event_leaves_the_chain_whole(database: Engine) -> None:
    happen(5)
    seal_all()
    with transaction() as session:
        chosen = session.scalars(select(EventSeal.id).where(EventSeal.position == 2)).one()
        sealing.erase(session, [chosen])

    with transaction() as session:
        erased = session.get_one(Event, chosen)
        assert (erased.data, erased.changes, erased.salt) == (None, None, None)
    assert verified() is None
