"""Numbers under whatever order of writers and settings: none twice, no gap where none may be."""

from contextlib import suppress

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import Engine

from hub.db import new_id, transaction
from hub.errors import ValidationError
from hub.numbering import allocate_many, configure, ensure, preview

PREFIXES = ("", "A-", "B-", "2027-")


class _RolledBackError(Exception):
    pass


class Sequence(RuleBasedStateMachine):
    """One sequence, given out and set in any order; `taken` are numbers in use by other means."""

    def __init__(self) -> None:
        super().__init__()
        self.kind = f"kind_{new_id()}"
        self.given: list[str] = []
        self.taken: set[str] = set()
        self.begun = {"": 1}  # where counting began under each prefix, since nothing was lost
        self.prefix = ""
        self.gapless = True
        with transaction() as session:
            ensure(session, self.kind)

    @rule(count=st.integers(1, 4), commits=st.booleans())
    def give(self, count: int, commits: bool) -> None:
        with suppress(_RolledBackError), transaction() as session:
            made = allocate_many(
                session, self.kind, count, taken=lambda asked: self.taken & set(asked)
            )
            if not commits:
                raise _RolledBackError
            self.given.extend(made)
            return
        if not self.gapless:  # those are lost
            self.begun.clear()

    @rule(number=st.integers(1, 30), prefix=st.sampled_from(PREFIXES))
    def take_by_hand(self, number: int, prefix: str) -> None:
        if f"{prefix}{number}" not in self.given:
            self.taken.add(f"{prefix}{number}")

    @rule(prefix=st.sampled_from(PREFIXES), start=st.integers(1, 30), gapless=st.booleans())
    def set_anew(self, prefix: str, start: int, gapless: bool) -> None:
        with suppress(ValidationError), transaction() as session:
            configure(session, self.kind, prefix=prefix, start=start, gapless=gapless)
            self.prefix, self.gapless = prefix, gapless
            self.begun = {prefix: start}

    @rule()
    def look_ahead(self) -> None:
        with transaction() as session:
            told = preview(session, self.kind)
        if told in self.taken:
            return
        with transaction() as session:
            [made] = allocate_many(
                session, self.kind, 1, taken=lambda asked: self.taken & set(asked)
            )
        self.given.append(made)
        assert made == told

    @invariant()
    def none_is_given_twice_or_although_it_is_in_use(self) -> None:
        assert len(self.given) == len(set(self.given))

    @invariant()
    def those_that_may_have_no_gaps_have_none(self) -> None:
        first = self.begun.get(self.prefix)
        if first is None or not self.gapless:
            return
        values = [
            int(number.removeprefix(self.prefix))
            for number in self.given
            if number.startswith(self.prefix) and number.removeprefix(self.prefix).isdigit()
        ]
        since = {value for value in values if value >= first}
        if since:
            missing = set(range(first, max(since))) - since
            assert {f"{self.prefix}{value}" for value in missing} <= self.taken


def test_no_number_comes_twice_and_gapless_ones_have_no_gap(database: Engine) -> None:
    del database
    run_state_machine_as_test(
        Sequence,
        settings=settings(
            max_examples=15, stateful_step_count=15, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
