from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from hub import matching
from hub.access.models import User
from hub.access.roles import Role
from hub.clock import utcnow
from hub.customers import services as customers
from hub.customers.refusing import DuplicateLeave
from hub.duplicates import services as duplicates
from hub.duplicates.models import DupCandidate, DupState
from hub.duplicates.raising import close_vanished, raise_pair
from hub.errors import ConflictError, NotFoundError, ValidationError
from hub.history.recording import _REACTIONS, when_changed
from tests.hub.duplicates.making import ENTITY, look, make_customer, pairs

NOW = utcnow()


def make_user(session: Session) -> UUID:
    user = User(email="anna@example.com", name="Anna", roles=[Role.ADMINISTRATOR])
    session.add(user)
    session.flush()
    return user.id


@pytest.fixture
def by(session: Session) -> UUID:
    return make_user(session)


@pytest.fixture
def pair(session: Session) -> DupCandidate:
    one = make_customer(session, phone="+4533123456")
    make_customer(session, phone="+4533123456")
    [found] = look(session, one.id)
    return found


def state_of(session: Session) -> DupState:
    [row] = pairs(session)
    return row.state


def test_a_pair_is_raised_once_with_its_score_and_reasons(
    session: Session, pair: DupCandidate
) -> None:
    look(session, pair.b_id)
    look(session, pair.a_id, pair.b_id)

    [row] = pairs(session)

    assert row.state is DupState.OPEN
    assert row.a_id < row.b_id
    assert float(row.score) > matching.FORBID
    assert {item["field"] for item in row.evidence} >= {"name", "phone"}
    assert row.rule_version == matching.RULES


def test_a_dismissal_keeps_who_when_and_why(session: Session, pair: DupCandidate, by: UUID) -> None:
    duplicates.dismiss(session, pair.id, reason="  two shops of one owner ", by=by, now=NOW)

    [row] = pairs(session)
    assert (row.state, row.reason, row.decided_by, row.decided_at) == (
        DupState.DISMISSED, "two shops of one owner", by, NOW,
    )  # fmt: skip


def test_a_dismissal_needs_a_reason(session: Session, pair: DupCandidate, by: UUID) -> None:
    with pytest.raises(ValidationError, match="/reason"):
        duplicates.dismiss(session, pair.id, reason="  ", by=by, now=NOW)

    assert state_of(session) is DupState.OPEN


def test_a_pair_is_dismissed_once(session: Session, pair: DupCandidate, by: UUID) -> None:
    duplicates.dismiss(session, pair.id, reason="two shops", by=by, now=NOW)

    with pytest.raises(ConflictError) as refused:
        duplicates.dismiss(session, pair.id, reason="another", by=by, now=NOW)

    assert refused.value.code == "dup_candidate_state"
    assert refused.value.details == {"state": "dismissed", "allowed": ["open"]}
    assert pairs(session)[0].reason == "two shops"


def test_an_unknown_pair_cannot_be_dismissed(session: Session, by: UUID) -> None:
    with pytest.raises(NotFoundError):
        duplicates.dismiss(session, uuid4(), reason="two shops", by=by, now=NOW)


def test_a_dismissed_pair_stays_so(session: Session, pair: DupCandidate, by: UUID) -> None:
    duplicates.dismiss(session, pair.id, reason="two shops", by=by, now=NOW)

    look(session, pair.a_id, pair.b_id)

    assert state_of(session) is DupState.DISMISSED


def test_a_change_that_speaks_against_it_leaves_it_dismissed(
    session: Session, pair: DupCandidate, by: UUID
) -> None:
    duplicates.dismiss(session, pair.id, reason="two shops", by=by, now=NOW)
    customers.update(session, pair.a, {"website": "nordlys.dk", "postcode": "8000"}, now=NOW)
    customers.update(session, pair.b, {"name": "NORDLYS BELYSNING APS"}, now=NOW)

    look(session, pair.a_id)

    assert state_of(session) is DupState.DISMISSED


def test_new_evidence_opens_a_dismissed_pair_again(
    session: Session, pair: DupCandidate, by: UUID
) -> None:
    duplicates.dismiss(session, pair.id, reason="two shops", by=by, now=NOW)
    for customer in (pair.a, pair.b):
        customers.update(session, customer, {"email": "kontakt@nordlys.dk"}, now=NOW)

    look(session, pair.a_id)

    [row] = pairs(session)
    assert row.state is DupState.OPEN


def test_a_pair_that_is_open_again_still_tells_who_had_dismissed_it_when_and_why(
    session: Session, pair: DupCandidate, by: UUID
) -> None:
    duplicates.dismiss(session, pair.id, reason="two shops", by=by, now=NOW)
    for customer in (pair.a, pair.b):
        customers.update(session, customer, {"email": "kontakt@nordlys.dk"}, now=NOW)

    [row] = look(session, pair.a_id)

    assert (row.state, row.reason, row.decided_by, row.decided_at) == (
        DupState.OPEN, "two shops", by, NOW,
    )  # fmt: skip
    duplicates.mark_merged(session, row.a_id, row.b_id, now=NOW)
    assert (row.state, row.reason, row.decided_by) == (DupState.MERGED, None, None)


def test_a_pair_that_is_none_any_more_becomes_obsolete_and_may_come_back(
    session: Session, pair: DupCandidate
) -> None:
    customers.update(session, pair.a, {"cvr": "99000007"}, now=NOW)
    customers.update(session, pair.b, {"cvr": "99000015"}, now=NOW)
    found = matching.find_pairs(session, ENTITY, [pair.a_id])
    assert close_vanished(session, [pair.a_id], found) == 1
    assert state_of(session) is DupState.OBSOLETE

    customers.update(session, pair.b, {"cvr": "99000007"}, now=NOW)
    look(session, pair.a_id)

    assert state_of(session) is DupState.OPEN


def test_a_pair_that_a_search_missed_but_still_is_one_stays_open(
    session: Session, pair: DupCandidate
) -> None:
    assert close_vanished(session, [pair.a_id], []) == 0
    assert state_of(session) is DupState.OPEN


def test_a_customer_made_on_purpose_is_no_pair_later(session: Session, by: UUID) -> None:
    one, other = make_customer(session), make_customer(session)

    duplicates.remember_allowed(session, other.id, one.id, reason="two shops", by=by, now=NOW)
    look(session, one.id, other.id)

    [row] = pairs(session)
    assert (row.state, row.reason) == (DupState.DISMISSED, "two shops")


def test_creating_with_leave_decides_over_the_pair(session: Session) -> None:
    before = list(_REACTIONS.get(ENTITY, ()))
    _REACTIONS[ENTITY] = []
    when_changed(ENTITY, duplicates.react)
    try:
        one = make_customer(session)
        other = customers.create(
            session, {"name": one.name}, now=NOW, allow_duplicate=DuplicateLeave("two shops")
        )
        session.commit()
    finally:
        _REACTIONS[ENTITY] = before

    [row] = pairs(session)
    assert {row.a_id, row.b_id} == {one.id, other.id}
    assert (row.state, row.reason) == (DupState.DISMISSED, "two shops")


def test_the_open_pairs_of_a_deleted_customer_are_obsolete(
    session: Session, pair: DupCandidate
) -> None:
    before = list(_REACTIONS.get(ENTITY, ()))
    _REACTIONS[ENTITY] = []
    when_changed(ENTITY, duplicates.react)
    try:
        customers.delete(session, pair.b, now=NOW)
        session.commit()
    finally:
        _REACTIONS[ENTITY] = before

    assert state_of(session) is DupState.OBSOLETE


def test_a_merge_closes_its_pair_and_those_of_the_one_that_went(session: Session) -> None:
    survivor, gone, third = (make_customer(session, phone="+4533123456") for _ in range(3))
    look(session, survivor.id, gone.id, third.id)

    duplicates.mark_merged(session, survivor.id, gone.id, now=NOW)

    found = {frozenset((row.a_id, row.b_id)): row.state for row in pairs(session)}
    assert found == {
        frozenset((survivor.id, gone.id)): DupState.MERGED,
        frozenset((third.id, gone.id)): DupState.OBSOLETE,
        frozenset((survivor.id, third.id)): DupState.OPEN,
    }

    duplicates.reopen_merged(session, survivor.id, gone.id)

    assert [row.state for row in pairs(session)].count(DupState.OPEN) == 2


def test_a_merged_pair_is_not_raised(session: Session, pair: DupCandidate) -> None:
    duplicates.mark_merged(session, pair.a_id, pair.b_id, now=NOW)

    [again] = matching.find_pairs(session, ENTITY, [pair.a_id])

    assert not raise_pair(session, again)
    assert state_of(session) is DupState.MERGED


_CHANGES = st.lists(
    st.tuples(
        st.booleans(),
        st.sampled_from(
            [
                {"postcode": "8000"}, {"postcode": "9990"}, {"phone": None}, {"email": None},
                {"phone": "+4533123456"}, {"phone": "+4587654321"}, {"email": "a@nordlys.dk"},
                {"name": "NORDLYS belysning ApS"}, {"name": "Nordlys Lamper ApS"},
            ]
        ),
    ),
    max_size=6,
)  # fmt: skip


@given(_CHANGES)
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_dismissed_pair_is_raised_again_on_new_evidence_and_on_nothing_else(
    session: Session, changes: list[tuple[bool, dict[str, str | None]]]
) -> None:
    one = make_customer(session, phone="+4533123456")
    other = make_customer(session, phone="+4533123456")
    [row] = look(session, one.id)
    duplicates.dismiss(session, row.id, reason="two shops", by=make_user(session), now=NOW)
    before = dict(row.fingerprint or {})

    for first, fields in changes:
        customers.update(session, one if first else other, fields, now=NOW)
    [row] = look(session, one.id, other.id)

    ids = (row.a_id, row.b_id)
    now = matching.compare_pairs(session, ENTITY, [ids])[ids]
    new = {
        item.field
        for item in now.evidence
        if item.weight > 0 and now.fingerprint.get(item.field) != before.get(item.field)
    }
    assert (row.state is DupState.OPEN) == (bool(new) and now.score >= matching.WARN)
    session.rollback()
