import threading
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

import hub.db
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.numbering import NumberSequence, allocate, configure, ensure, preview
from hub.numbering.settings import HIGHEST_NUMBER


def test_numbers_rise_by_one_with_prefix_and_digits(session: Session) -> None:
    ensure(session, "parcel", prefix="L-", start=9, minimum_digits=3)

    assert [allocate(session, "parcel") for _ in range(3)] == ["L-009", "L-010", "L-011"]
    assert preview(session, "parcel") == "L-012"


def test_an_existing_sequence_stays_as_it_is(session: Session) -> None:
    ensure(session, "parcel", prefix="L-", start=5)
    ensure(session, "parcel", prefix="X-", start=1)

    assert preview(session, "parcel") == "L-5"


def test_an_unknown_kind_is_refused(session: Session) -> None:
    for ask in (allocate, preview, configure):
        with pytest.raises(NotFoundError, match="There is no number_sequence ghost"):
            ask(session, "ghost")


def test_a_record_that_is_not_written_leaves_no_gap(session: Session) -> None:
    ensure(session, "parcel")
    session.commit()

    lost = allocate(session, "parcel")
    session.rollback()

    assert (lost, allocate(session, "parcel")) == ("1", "1")


def test_numbers_with_gaps_are_not_given_back(session: Session) -> None:
    ensure(session, "case", gapless=False)
    session.commit()

    lost = allocate(session, "case")
    session.rollback()

    assert (lost, allocate(session, "case")) == ("1", "2")


def test_numbers_with_gaps_do_not_wait_for_another_transaction(session: Session) -> None:
    ensure(session, "case", gapless=False)
    session.commit()
    allocate(session, "case")  # this transaction stays open

    with hub.db.transaction() as other:
        assert allocate(other, "case") == "2"


def test_used_numbers_are_passed_over_for_good(session: Session) -> None:
    ensure(session, "parcel", start=10)
    used = {"11", "12", *(str(number) for number in range(14, 300))}

    def taken(numbers: Sequence[str]) -> set[str]:
        return used & set(numbers)

    given = [allocate(session, "parcel", taken=taken) for _ in range(3)]

    assert given == ["10", "13", "300"]
    assert preview(session, "parcel") == "301"


def test_a_sequence_that_is_used_up_says_so(session: Session) -> None:
    ensure(session, "parcel", start=HIGHEST_NUMBER)

    assert allocate(session, "parcel") == str(HIGHEST_NUMBER)
    with pytest.raises(ConflictError) as refused:
        allocate(session, "parcel")
    assert refused.value.code == "numbers_used_up"


@pytest.mark.parametrize(
    ("part", "pointer", "code"),
    [
        ({"prefix": "x" * 21}, "/prefix", "too_long"),
        ({"prefix": "L "}, "/prefix", "invalid_text"),
        ({"prefix": "L\n-"}, "/prefix", "invalid_text"),
        ({"prefix": "L1"}, "/prefix", "ends_in_digit"),
        ({"start": 0}, "/start", "out_of_range"),
        ({"start": HIGHEST_NUMBER + 1}, "/start", "out_of_range"),
        ({"minimum_digits": 0}, "/minimum_digits", "out_of_range"),
        ({"minimum_digits": 19}, "/minimum_digits", "out_of_range"),
    ],
)
def test_a_part_that_breaks_its_rule_is_refused_and_changes_nothing(
    session: Session, part: dict[str, int], pointer: str, code: str
) -> None:
    ensure(session, "parcel", prefix="L-")

    with pytest.raises(ValidationError) as refused:
        configure(session, "parcel", **part)  # type: ignore[arg-type]  # wrong values are the point

    assert [(e.pointer, e.code) for e in refused.value.errors] == [(pointer, code)]
    assert preview(session, "parcel") == "L-1"


def test_counting_begins_anew_only_with_a_new_prefix(session: Session) -> None:
    ensure(session, "order", prefix="2026-")
    configure(session, "order", start=50)
    configure(session, "order", start=40)  # nothing was given out yet
    assert allocate(session, "order") == "2026-40"

    with pytest.raises(ValidationError) as lower:
        configure(session, "order", start=40)
    configure(session, "order", prefix="2027-", start=1)
    assert allocate(session, "order") == "2027-1"
    with pytest.raises(ValidationError) as former:
        configure(session, "order", prefix="2026-", start=1)

    assert [(e.pointer, e.code) for e in lower.value.errors] == [("/start", "given_out")]
    assert [(e.pointer, e.code) for e in former.value.errors] == [("/start", "given_out")]
    assert preview(session, "order") == "2027-2"


@pytest.mark.parametrize("gapless", [True, False])
def test_fifty_threads_get_different_numbers_that_follow_each_other(
    session: Session, database: Engine, gapless: bool
) -> None:
    ensure(session, "parcel", start=1, gapless=gapless)
    session.commit()
    wide = hub.db.connect(
        database.url.render_as_string(hide_password=False), pool_size=50, fsync=False
    )
    given: list[str] = []
    start = threading.Barrier(50)

    def work() -> None:
        start.wait()
        for _ in range(4):
            with hub.db.transaction() as own:
                given.append(allocate(own, "parcel"))

    threads = [threading.Thread(target=work) for _ in range(50)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        wide.dispose()
        hub.db.bind_sessions(bind=database)

    assert max(Counter(given).values()) == 1
    assert sorted(map(int, given)) == list(range(1, 201))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(commits=st.lists(st.booleans(), max_size=12), used=st.sets(st.integers(1, 12), max_size=8))
def test_whatever_is_rolled_back_or_taken_the_committed_numbers_are_the_lowest_free(
    session: Session, commits: list[bool], used: set[int]
) -> None:
    kind = "property"
    with hub.db.transaction() as setting:
        ensure(setting, kind)
        setting.execute(update(NumberSequence).values(next_number=1))
    kept: list[int] = []

    for commit in commits:
        number = allocate(
            session, kind, taken=lambda asked: {each for each in asked if int(each) in used}
        )
        if commit:
            session.commit()
            kept.append(int(number))
        else:
            session.rollback()

    free = [number for number in range(1, 100) if number not in used]
    assert kept == free[: len(kept)]
