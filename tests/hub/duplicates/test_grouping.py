"""Groups of records that hang together by pairs."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import ColumnElement, or_, true
from sqlalchemy.orm import Session

from hub.clock import utcnow
from hub.db import new_id
from hub.duplicates.grouping import Grouped, find_groups
from hub.duplicates.listing import DUPLICATES
from hub.duplicates.models import DupCandidate
from hub.errors import ValidationError
from hub.listing import Reader
from hub.listing.reading import parse_parameters

READER = Reader(now=utcnow(), zone="UTC")


def join(session: Session, one: UUID, other: UUID, score: float, agrees: str = "name") -> UUID:
    a, b = sorted((one, other))
    made = DupCandidate(a_id=a, b_id=b, score=score, evidence=[], rule_version=1, agrees=[agrees])
    session.add(made)
    session.flush()
    return made.id


def groups(
    session: Session,
    seen: ColumnElement[bool] | None = None,
    *,
    fields: tuple[str, ...] = (),
    limit: int = 50,
    cursor: str | None = None,
) -> Grouped:
    query = parse_parameters(DUPLICATES, [("limit", str(limit))], READER)
    return find_groups(
        session, query, true() if seen is None else seen, fields=fields, cursor=cursor
    )


def members(found: Grouped) -> list[set[UUID]]:
    return [{identifier for _, identifier in group.records} for group in found.groups]


def test_records_that_hang_together_over_others_are_one_group(session: Session) -> None:
    a, b, c, x, y = (new_id() for _ in range(5))
    join(session, a, b, 0.7)
    join(session, x, y, 0.8)
    best = join(session, b, c, 0.9)

    found = groups(session)

    assert members(found) == [{a, b, c}, {x, y}]
    assert (float(found.groups[0].score), found.groups[0].pair_ids[0]) == (0.9, best)
    assert (found.total, found.complete, found.following) == (2, True, None)


def test_whom_one_does_not_see_joins_nobody(session: Session) -> None:
    a, b, c, d = (new_id() for _ in range(4))
    for one, other in ((a, b), (b, c), (c, d)):
        join(session, one, other, 0.9)
    without_b = ~or_(DupCandidate.a_id == b, DupCandidate.b_id == b)

    assert members(groups(session)) == [{a, b, c, d}]
    assert members(groups(session, without_b)) == [{c, d}]


def test_groups_of_those_that_agree_in_some_fields(session: Session) -> None:
    a, b, c = (new_id() for _ in range(3))
    join(session, a, b, 0.9, "email")
    join(session, b, c, 0.9, "phone")

    assert members(groups(session, fields=("email",))) == [{a, b}]
    assert groups(session, fields=("email", "phone")).total == 0
    with pytest.raises(ValidationError, match="/fields"):
        groups(session, fields=("shoe_size",))


def test_pages_go_on_where_the_last_one_ended(session: Session) -> None:
    for number in range(5):
        join(session, new_id(), new_id(), 0.5 + number / 10)

    first = groups(session, limit=2)
    second = groups(session, limit=2, cursor=first.following)
    third = groups(session, limit=2, cursor=second.following)

    scores = [[float(group.score) for group in page.groups] for page in (first, second, third)]
    assert scores == [[0.9, 0.8], [0.7, 0.6], [0.5]]
    assert (third.following, third.total) == (None, 5)
    for nonsense in ("", "0.9", "x_y"):
        with pytest.raises(ValidationError, match="/cursor"):
            groups(session, cursor=nonsense)


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=15))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_groups_are_what_one_reaches_by_going_from_pair_to_pair(
    session: Session, asked: set[tuple[int, int]]
) -> None:
    people = sorted(new_id() for _ in range(10))
    edges = {(min(pair), max(pair)) for pair in asked if pair[0] != pair[1]}
    for one, other in edges:
        join(session, people[one], people[other], 0.8)

    found = members(groups(session, limit=500))

    expected = set()
    for person in range(10):
        met, before = {person}, set[int]()
        while met != before:
            before = set(met)
            met |= {each for edge in edges if met & set(edge) for each in edge}
        if len(met) > 1:
            expected.add(frozenset(people[each] for each in met))
    assert {frozenset(each) for each in found} == expected
    assert len(found) == len(expected)
    session.rollback()
