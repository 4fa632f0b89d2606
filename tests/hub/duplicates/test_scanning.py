from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub import matching
from hub.clock import utcnow
from hub.customers import services as customers
from hub.duplicates import scanning
from hub.duplicates.models import DupState
from hub.ledger.models import Job
from hub.ledger.tasks import TaskName
from tests.hub.duplicates.making import ENTITY, make_customer, pairs

NAMES = ("Ørsund Fisk", "Lillebro Byg", "Hegnsholt Auto", "Strandby Kaffe", "Vangede Tand")


def scan(session: Session, job_id: UUID, *, whole: bool, batch: int = 500) -> int:
    """Run a scan to its end; returns its number of batches."""
    scanning.begin(session, job_id, whole=whole)
    batches = 0
    while scanning.scan_batch(session, job_id, batch=batch) is not None:
        session.commit()
        batches += 1
    scanning.finish(session, job_id, now=utcnow())
    return batches


@pytest.fixture
def twins(session: Session) -> list[tuple[UUID, UUID]]:
    """Five customers that stand twice, and one that stands alone."""
    firsts = [make_customer(session, name, phone=f"+453312340{n}") for n, name in enumerate(NAMES)]
    make_customer(session, "Alene ApS")
    seconds = [make_customer(session, name.upper(), phone=f"+453312340{n}")
               for n, name in enumerate(NAMES)]  # fmt: skip
    session.commit()
    return [(one.id, other.id) for one, other in zip(firsts, seconds, strict=True)]


@pytest.mark.parametrize("whole", [True, False])
def test_a_scan_finds_all_pairs_whatever_its_batches(
    session: Session, twins: list[tuple[UUID, UUID]], whole: bool
) -> None:
    job_id = uuid4()

    batches = scan(session, job_id, whole=whole, batch=3)

    assert batches == 4
    assert [(row.a_id, row.b_id) for row in pairs(session)] == sorted(twins)
    done = scanning.begin(session, job_id, whole=whole)
    assert (done.seen, done.raised, done.made_obsolete) == (11, 5, 0)
    assert done.finished_at is not None


def test_records_known_by_older_rules_are_all_looked_at_anew(
    session: Session, twins: list[tuple[UUID, UUID]]
) -> None:
    def asked() -> list[object]:
        scanning.ask_where_outdated(session)
        session.commit()
        return list(session.scalars(select(Job.args).where(Job.task == TaskName.FIND_DUPLICATES)))

    by_these = asked()
    session.execute(
        text("update match_party set rules = 2 where record_id = :id"), {"id": twins[0][0]}
    )
    by_older = asked()
    job_id = session.scalars(select(Job.id).where(Job.task == TaskName.FIND_DUPLICATES)).one()
    scan(session, job_id, whole=True)

    assert (by_these, by_older) == ([], [{"whole": True}])
    assert not matching.are_outdated(session)


def test_a_scan_goes_on_where_it_stopped(session: Session, twins: list[tuple[UUID, UUID]]) -> None:
    job_id = uuid4()
    scanning.begin(session, job_id, whole=True)
    scanning.scan_batch(session, job_id, batch=4)
    session.commit()
    scanning.scan_batch(session, job_id, batch=4)
    session.rollback()  # killed in the middle

    batches = scan(session, job_id, whole=True, batch=4)

    assert batches == 2
    assert scanning.begin(session, job_id, whole=True).seen == 11
    assert len(pairs(session)) == len(twins)


def test_a_second_scan_raises_nothing_anew(
    session: Session, twins: list[tuple[UUID, UUID]]
) -> None:
    scan(session, uuid4(), whole=True)
    second = uuid4()

    scan(session, second, whole=True)

    assert scanning.begin(session, second, whole=True).raised == 0
    assert len(pairs(session)) == len(twins)


def test_a_scan_of_what_changed_looks_at_nothing_else(
    session: Session, twins: list[tuple[UUID, UUID]]
) -> None:
    scan(session, uuid4(), whole=False)
    changed = customers.get(session, twins[0][1])
    customers.update(session, changed, {"name": "Helt Andet ApS", "phone": None}, now=utcnow())
    session.commit()
    job_id = uuid4()

    scan(session, job_id, whole=False)

    done = scanning.begin(session, job_id, whole=False)
    assert (done.seen, done.raised, done.made_obsolete) == (1, 0, 1)
    states = {(row.a_id, row.b_id): row.state for row in pairs(session)}
    assert states.pop(twins[0]) is DupState.OBSOLETE
    assert set(states.values()) == {DupState.OPEN}


def test_customers_written_past_the_services_get_their_keys(
    session: Session, twins: list[tuple[UUID, UUID]]
) -> None:
    session.execute(text("delete from match_key"))
    session.execute(text("delete from match_party"))
    session.commit()

    scan(session, uuid4(), whole=True)

    assert [(row.a_id, row.b_id) for row in pairs(session)] == sorted(twins)


def test_a_deleted_customer_is_in_no_scan(session: Session, twins: list[tuple[UUID, UUID]]) -> None:
    scan(session, uuid4(), whole=True)
    customers.delete(session, customers.get(session, twins[0][0]), now=utcnow())
    session.commit()
    job_id = uuid4()

    scan(session, job_id, whole=True)

    done = scanning.begin(session, job_id, whole=True)
    assert done.seen == 10
    [gone] = [row for row in pairs(session) if twins[0][0] in {row.a_id, row.b_id}]
    assert gone.state is DupState.OBSOLETE  # by the reaction, or else by the scan


def test_a_name_that_is_only_the_number_is_no_name(session: Session) -> None:
    one = customers.create(session, {"cvr": "99000007"}, now=utcnow(), check_duplicates=False)
    session.execute(text("delete from match_key"))
    session.execute(text("delete from match_party"))

    scan(session, uuid4(), whole=True)

    [candidate] = matching.find(session, ENTITY, matching.Party(cvr="99000007"))
    assert candidate.record_id == one.id
    assert "name" not in {item.field for item in candidate.evidence}
