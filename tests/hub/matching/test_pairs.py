from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.matching import (
    FORBID,
    Party,
    compare_pairs,
    counting,
    find,
    find_pairs,
    is_new_evidence,
    mark_checked,
    outdated,
    remove,
    unchecked,
    write,
    write_many,
)

NORDLYS = Party(name="Nordlys Belysning ApS", phone="+4533123456", postcode="8000")
OTHER = Party(name="Ørsund Fisk A/S", phone="+4587654321", postcode="9990")


def ids(count: int) -> list[UUID]:
    return sorted(uuid4() for _ in range(count))


def test_a_pair_is_found_from_either_side_and_once(session: Session) -> None:
    first, second, third = ids(3)
    write_many(session, "customer", [(first, NORDLYS), (second, OTHER), (third, NORDLYS)])

    for asked in ([first], [third], [first, second, third]):
        found = find_pairs(session, "customer", asked)
        assert [(pair.first_id, pair.second_id) for pair in found] == [(first, third)]
    assert len(find_pairs(session, "customer", [first], later_only=True)) == 1
    assert find_pairs(session, "customer", [third], later_only=True) == []


def test_a_pair_has_the_score_that_a_search_gives(session: Session) -> None:
    first, second = ids(2)
    write_many(session, "customer", [(first, NORDLYS), (second, NORDLYS)])

    [pair] = find_pairs(session, "customer", [first])
    [candidate] = find(session, "customer", NORDLYS, exclude=first)

    assert pair.score == candidate.score
    assert pair.evidence == candidate.evidence


def test_known_pairs_are_compared_whatever_their_score(session: Session) -> None:
    first, second, gone = ids(3)
    write_many(session, "customer", [(first, NORDLYS), (second, OTHER), (gone, NORDLYS)])
    remove(session, "customer", gone)

    found = compare_pairs(session, "customer", [(second, first), (first, gone)])

    assert list(found) == [(first, second)]
    assert found[first, second].score < 0.1


def test_units_of_one_company_are_no_pairs(session: Session) -> None:
    units = [replace(NORDLYS, cvr="99000007", ean=f"579000000000{digit}") for digit in range(5)]
    records = ids(len(units))
    write_many(session, "customer", zip(records, units, strict=True))

    assert find_pairs(session, "customer", records) == []


def test_a_number_is_found_however_many_have_it(session: Session) -> None:
    many = counting.BLOCK + 20
    units = [Party(name=f"Skole {place}", cvr="99000007") for place in range(many)]
    write_many(session, "customer", zip(ids(many), units, strict=True))

    found = find(session, "customer", Party(name="Ny skole", cvr="99000007"))

    assert len(found) == 10
    assert found[0].score >= FORBID


def test_a_value_that_too_many_have_brings_nobody_together(session: Session) -> None:
    many = counting.BLOCK + 20
    shared = [Party(name=f"Firma{place}", phone="+4533123456") for place in range(many)]
    write_many(session, "customer", zip(ids(many), shared, strict=True))

    assert find(session, "customer", Party(name="Ørsund", phone="+4533123456")) == []


def test_what_was_checked_is_to_be_checked_again_once_it_changed(session: Session) -> None:
    first, second = ids(2)
    write_many(session, "customer", [(first, NORDLYS), (second, OTHER)])
    assert unchecked(session, "customer", 10) == [first, second]

    mark_checked(session, "customer", [first, second])
    write(session, "customer", first, replace(NORDLYS, name="NORDLYS Belysning Aps"))
    assert unchecked(session, "customer", 10) == []
    write(session, "customer", second, replace(OTHER, phone="+4520304050"))

    assert unchecked(session, "customer", 10) == [second]


def test_what_changed_after_somebody_began_to_look_is_not_checked(session: Session) -> None:
    [record] = ids(1)
    write(session, "customer", record, NORDLYS)

    mark_checked(session, "customer", [record], changed_before=utcnow() - timedelta(minutes=5))

    assert unchecked(session, "customer", 10) == [record]


def test_records_without_keys_or_with_old_ones_are_outdated(session: Session) -> None:
    known, old, absent = ids(3)
    write_many(session, "customer", [(known, NORDLYS), (old, OTHER)])
    session.execute(text("update match_party set rules = 0 where record_id = :id"), {"id": old})

    assert set(outdated(session, "customer", [known, old, absent])) == {old, absent}


def test_only_what_speaks_for_a_pair_is_new_evidence(session: Session) -> None:
    first, second = ids(2)
    one = replace(NORDLYS, address="Nørregade 12")

    def pair(other: Party) -> tuple[dict[str, str], bool]:
        write_many(session, "customer", [(first, one), (second, other)])
        now = compare_pairs(session, "customer", [(first, second)])[first, second]
        return dict(now.fingerprint), is_new_evidence(before, now.fingerprint, now.evidence)

    before: dict[str, str] = {}
    before, _ = pair(replace(NORDLYS, address="Havnen 1"))

    assert not pair(replace(NORDLYS, address="Havnen 1", name="NORDLYS BELYSNING APS"))[1]
    assert not pair(replace(NORDLYS, address="Strandvejen 7"))[1]
    assert pair(replace(NORDLYS, address="Nørregade 12"))[1]


_NAMES = st.sampled_from(["Nordlys Belysning", "Nordlys", "Ørsund Fisk", "Fisk Ørsund Røgeri"])
_PARTIES = st.builds(
    Party, name=_NAMES, phone=st.sampled_from([None, "+4533123456"]),
    cvr=st.sampled_from([None, "99000007"]),
)  # fmt: skip


@given(st.lists(_PARTIES, min_size=2, max_size=5))
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_pairs_are_ordered_and_unique(session: Session, parties: list[Party]) -> None:
    records = ids(len(parties))
    write_many(session, "customer", zip(records, parties, strict=True))

    found = [(p.first_id, p.second_id) for p in find_pairs(session, "customer", records)]
    later = [
        (p.first_id, p.second_id) for p in find_pairs(session, "customer", records, later_only=True)
    ]
    session.rollback()

    assert all(first < second for first, second in found)
    assert found == sorted(set(found)) == later
