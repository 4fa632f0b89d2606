"""Who is away, and what follows for whatever picks people by itself."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from hub.absences.models import Absence
from hub.absences.presence import away, is_away_on
from hub.access.models import User
from hub.access.roles import Role
from hub.access.teams import create_team
from hub.clock import business_date, utcnow
from hub.settings import get_settings
from hub.sharing.answering import whom_to_ask
from tests.people import make_customer, make_user

DAY = timedelta(days=1)
EVENING = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)  # in Copenhagen it is the second of June


def be_away(
    session: Session, user: User, starts_on: date | None = None, ends_on: date | None = None
) -> Absence:
    """Say that somebody is away: today, where no days are given."""
    today = business_date(utcnow(), user.zone or get_settings().zone)
    made = Absence(user_id=user.id, starts_on=starts_on or today, ends_on=ends_on or today)
    session.add(made)
    session.flush()
    return made


@pytest.mark.parametrize(
    ("zone", "is_away"),
    [(None, True), ("Europe/Copenhagen", True), ("America/New_York", False), ("Asia/Tokyo", True)],
)
def test_days_are_those_of_whoever_is_away(
    session: Session, zone: str | None, is_away: bool
) -> None:
    user = make_user(session, zone=zone)
    be_away(session, user, date(2026, 6, 2), date(2026, 6, 5))

    assert away(session, now=EVENING) == ({user.id: date(2026, 6, 5)} if is_away else {})


def test_the_first_and_the_last_day_belong_to_it_and_of_two_the_longer_one_counts(
    session: Session,
) -> None:
    user, other = make_user(session), make_user(session, "bo@nordlys.example")
    be_away(session, user, date(2026, 6, 2), date(2026, 6, 5))
    be_away(session, user, date(2026, 6, 4), date(2026, 6, 7))

    found = [
        away(session, [user.id, other.id], now=EVENING + number * DAY).get(user.id)
        for number in (-1, 0, 2, 5, 6)
    ]

    seventh = date(2026, 6, 7)
    assert found == [None, date(2026, 6, 5), seventh, seventh, None]
    assert away(session, [other.id], now=EVENING) == {}
    assert [is_away_on(session, user.id, date(2026, 6, day)) for day in (1, 2, 7, 8)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_what_was_taken_away_keeps_nobody_away(session: Session) -> None:
    user = make_user(session)
    be_away(session, user).deleted_at = utcnow()
    session.flush()

    assert away(session, now=utcnow()) == {}
    assert not is_away_on(session, user.id, utcnow().date())


def test_whoever_is_away_is_not_named_to_be_asked_while_another_is_there(session: Session) -> None:
    owner, leader = make_user(session), make_user(session, "m@nordlys.example", role=Role.MANAGER)
    anna = make_user(session, "anna@nordlys.example", role=Role.ADMINISTRATOR)
    create_team(session, {"name": "Nord", "manager_user_id": leader.id, "member_ids": [owner.id]})
    customer = make_customer(session, owner_user_id=owner.id)

    asked = []
    for absent in (None, leader, owner, anna):
        if absent is not None:
            be_away(session, absent)
        found = whom_to_ask(session, customer)
        asked.append(found and found.email)

    assert asked == [leader.email, owner.email, anna.email, leader.email]
