from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from hub.db import transaction
from hub.matching import FORBID, WARN, Party, find, hold, judge, remove, write, write_many
from hub.matching.holding import BUCKETS

NORDLYS = Party(
    name="Nordlys Belysning ApS", cvr="99000007", phone="+45 33 12 34 56", country="DK",
    email="kontakt@nordlys.example", address="Nørregade 12, 3. tv", postcode="8000",
)  # fmt: skip


def test_a_record_is_found_again_by_its_own_facts(session: Session) -> None:
    known = uuid4()
    write(session, "customer", known, NORDLYS)

    found = find(session, "customer", NORDLYS)

    assert [candidate.record_id for candidate in found] == [known]
    assert found[0].score > FORBID
    assert judge(found, of_companies=True).is_sure


def test_only_records_of_the_entity_asked_for_are_found(session: Session) -> None:
    write(session, "contact", uuid4(), NORDLYS)

    assert find(session, "customer", NORDLYS) == []


def test_a_record_is_not_its_own_duplicate(session: Session) -> None:
    known = uuid4()
    write(session, "customer", known, NORDLYS)

    assert find(session, "customer", NORDLYS, exclude=known) == []


def test_rewritten_facts_replace_the_old_ones(session: Session) -> None:
    known = uuid4()
    write(session, "customer", known, NORDLYS)
    write(session, "customer", known, Party(name="Sydkyst Fisk A/S", cvr="99000015"))

    assert find(session, "customer", NORDLYS) == []
    assert len(find(session, "customer", Party(name="Sydkyst Fisk"))) == 1
    assert session.scalar(text("select count(*) from match_party")) == 1


def test_a_removed_record_leaves_nothing_behind(session: Session) -> None:
    known = uuid4()
    write(session, "customer", known, NORDLYS)
    remove(session, "customer", known)

    assert find(session, "customer", NORDLYS) == []
    assert session.scalar(text("select count(*) from match_key")) == 0


def test_many_are_written_as_one(session: Session) -> None:
    ids = [uuid4() for _ in range(3)]
    parties = [Party(name=f"{word} Transport ApS") for word in ("Ørsund", "Lillebro", "Hegnsholt")]
    write_many(session, "customer", zip(ids, parties, strict=True))

    found = find(session, "customer", Party(name="Lillebro Transport ApS"))

    assert [candidate.record_id for candidate in found] == [ids[1]]


def test_a_party_of_which_nothing_is_known_finds_nothing(session: Session) -> None:
    write(session, "customer", uuid4(), Party())

    assert find(session, "customer", Party()) == []


def test_the_best_candidate_comes_first_and_the_limit_holds(session: Session) -> None:
    same, alike = uuid4(), uuid4()
    write(session, "customer", alike, Party(name="Nordlys Belysning ApS", postcode="8000"))
    write(session, "customer", same, NORDLYS)

    found = find(session, "customer", NORDLYS)

    assert [candidate.record_id for candidate in found] == [same, alike]
    assert found[1].score >= WARN
    assert len(find(session, "customer", NORDLYS, limit=1)) == 1


def test_of_two_who_are_about_to_write_the_same_one_waits(database: Engine) -> None:
    again = Party(name="NORDLYS BELYSNING", phone=NORDLYS.phone)
    with transaction() as first, transaction() as second:
        second.execute(text("set local lock_timeout = '50ms'"))
        hold(first, "customer", [NORDLYS])
        hold(second, "customer", [Party(name="Sydkyst Fisk A/S")])

        with pytest.raises(OperationalError, match="lock timeout"), second.begin_nested():
            hold(second, "customer", [again])


MANY = [Party(name=f"Havn {number} ApS", phone=f"+45700{number:05}") for number in range(500)]


@pytest.mark.parametrize("many_first", [True, False])
def test_whoever_writes_hundreds_and_whoever_writes_one_of_the_like_wait_for_one_another(
    database: Engine,
    many_first: bool,
) -> None:
    one = [Party(name="Ganske Andet A/S", phone=MANY[7].phone)]
    with transaction() as first, transaction() as second:
        second.execute(text("set local lock_timeout = '50ms'"))
        hold(first, "customer", MANY if many_first else one)

        with pytest.raises(OperationalError, match="lock timeout"), second.begin_nested():
            hold(second, "customer", one if many_first else MANY)


def test_however_many_are_held_the_locks_are_a_few_hundred(session: Session) -> None:
    hold(session, "customer", MANY)

    held = session.execute(
        text("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
    ).scalar_one()

    assert 64 < held <= BUCKETS
