from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pydantic
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from hub.configuration import Policy, current, declare, policy_of, replace, stored
from hub.configuration.models import Setting
from hub.db import transaction
from hub.errors import NotFoundError, StaleVersionError
from hub.history.models import Event
from tests.people import acting, make_user


class TeaPolicy(Policy):
    """How tea is made."""

    KEY: ClassVar[str] = "tests_tea"

    minutes: int = 4
    sorts: tuple[str, ...] = ("green",)


def test_the_defaults_hold_until_somebody_writes(session: Session) -> None:
    found = stored(session, TeaPolicy)

    assert (found.policy, found.version, found.updated_by) == (TeaPolicy(), 1, None)


def test_what_is_written_holds_and_its_history_says_who_and_what(session: Session) -> None:
    user = make_user(session)
    session.info["origin"] = acting(user)

    first = replace(session, TeaPolicy(minutes=3), expected_version=1)
    session.commit()
    second = replace(session, TeaPolicy(minutes=5, sorts=("black",)), expected_version=2)
    session.commit()

    assert (first.version, second.version, second.updated_by) == (2, 3, user.id)
    assert current(session, TeaPolicy) == TeaPolicy(minutes=5, sorts=("black",))
    written = session.scalars(select(Event).where(Event.type == "setting.updated")).one()
    assert (written.user_id, written.changes) == (
        user.id,
        {"value": [{"minutes": 3, "sorts": ["green"]}, {"minutes": 5, "sorts": ["black"]}]},
    )


def test_the_same_again_writes_nothing(session: Session) -> None:
    replace(session, TeaPolicy(minutes=3), expected_version=1)
    session.commit()

    again = replace(session, TeaPolicy(minutes=3), expected_version=2)
    session.commit()

    assert again.version == 2
    assert replace(session, TeaPolicy(minutes=3), expected_version=2).version == 2


@pytest.mark.parametrize("version", [0, 2, 3])
def test_who_has_not_seen_the_defaults_does_not_replace_them(
    session: Session, version: int
) -> None:
    with pytest.raises(StaleVersionError, match="its version is now 1"):
        replace(session, TeaPolicy(minutes=3), expected_version=version)

    assert session.scalars(select(Setting)).all() == []


def test_of_ten_who_write_at_once_one_does(database: Engine) -> None:
    def write(minutes: int) -> bool:
        try:
            with transaction() as session:
                replace(session, TeaPolicy(minutes=minutes), expected_version=1)
        except StaleVersionError:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        outcomes = list(threads.map(write, range(10, 20)))

    assert outcomes.count(True) == 1
    with transaction() as session:
        assert current(session, TeaPolicy).minutes == 10 + outcomes.index(True)


def test_a_field_that_a_later_release_dropped_is_passed_over(session: Session) -> None:
    session.add(Setting(key=TeaPolicy.KEY, value={"minutes": 2, "milk": True}))
    session.flush()

    assert current(session, TeaPolicy) == TeaPolicy(minutes=2)


def test_a_policy_has_a_default_for_everything(session: Session) -> None:
    class Incomplete(Policy):
        KEY: ClassVar[str] = "tests_incomplete"
        needed: int

    with pytest.raises(pydantic.ValidationError):
        declare(Incomplete, "Incomplete", "about")
    with pytest.raises(NotFoundError):
        policy_of("tests_incomplete")
