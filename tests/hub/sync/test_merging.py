"""The three-way merge, by example and as a rule."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sync.merging import (
    Clash,
    Direction,
    FieldRule,
    Merged,
    Policy,
    Times,
    let_be,
    merge,
)

PHONE = FieldRule("phone")
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVENING = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
OURS_IS_NEWER = Times({"phone": EVENING}, NOON)
THEIRS_IS_NEWER = Times({"phone": NOON}, EVENING)
CLASH = Merged(clashes=(Clash("phone", "1", "2", "3"),))


@pytest.mark.parametrize(
    ("base", "local", "remote", "wanted"),
    [
        (None, None, None, Merged()),
        ("1", "1", "1", Merged()),
        ("1", "2", "1", Merged(send={"phone": "2"})),
        ("1", "1", "2", Merged(take={"phone": "2"})),
        ("1", "2", "2", Merged(agreed={"phone": "2"})),
        ("1", None, "1", Merged(send={"phone": None})),
        ("1", "1", None, Merged(take={"phone": None})),
        (None, "1", None, Merged(send={"phone": "1"})),
        ("1", "2", "3", Merged(clashes=(Clash("phone", "1", "2", "3"),))),
        ("1", "2", None, Merged(clashes=(Clash("phone", "1", "2", None),))),
    ],
)
def test_one_change_wins_two_equal_ones_agree_two_different_ones_clash(
    base: str | None, local: str | None, remote: str | None, wanted: Merged
) -> None:
    sides = [{"phone": side} for side in (base, local, remote)]

    assert merge([PHONE], *sides) == wanted


@pytest.mark.parametrize(
    ("policy", "times", "wanted"),
    [
        (Policy.LOCAL, OURS_IS_NEWER, Merged(send={"phone": "2"})),
        (Policy.LOCAL, THEIRS_IS_NEWER, Merged(send={"phone": "2"})),
        (Policy.REMOTE, OURS_IS_NEWER, Merged(take={"phone": "3"})),
        (Policy.NEWEST, OURS_IS_NEWER, Merged(send={"phone": "2"})),
        (Policy.NEWEST, THEIRS_IS_NEWER, Merged(take={"phone": "3"})),
        (Policy.NEWEST, Times({"phone": NOON}, None), CLASH),
        (Policy.NEWEST, Times({"city": NOON}, EVENING), CLASH),
    ],
)
def test_a_policy_decides_in_place_of_a_person_where_it_is_known_who_was_first(
    policy: Policy, times: Times, wanted: Merged
) -> None:
    rule = FieldRule("phone", policy=policy)

    found = merge([rule], {"phone": "1"}, {"phone": "2"}, {"phone": "3"}, times=times)

    assert found == wanted


@pytest.mark.parametrize(
    ("direction", "wanted"),
    [
        (Direction.OUT, Merged(send={"phone": "2"})),
        (Direction.IN, Merged(take={"phone": "3"})),
    ],
)
def test_a_field_that_goes_one_way_never_clashes(direction: Direction, wanted: Merged) -> None:
    rule = FieldRule("phone", direction)

    assert merge([rule], {"phone": "1"}, {"phone": "2"}, {"phone": "3"}) == wanted


NAMES = ("a", "b", "c", "d")
VALUES = st.sampled_from([None, "1", "2", "3"])
SIDES = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
TIMES = st.builds(
    Times,
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([NOON, EVENING])),
    st.sampled_from([None, NOON, EVENING]),
)
RULES = st.tuples(
    *(
        st.builds(FieldRule, st.just(name), st.sampled_from(Direction), st.sampled_from(Policy))
        for name in NAMES
    )
)


@given(RULES, SIDES, SIDES, SIDES, TIMES)
def test_both_sides_are_equal_afterwards_but_for_what_clashes_or_goes_one_way(
    rules: tuple[FieldRule, ...],
    base: dict[str, Any],
    local: dict[str, Any],
    remote: dict[str, Any],
    times: Times,
) -> None:
    found = merge(rules, base, local, remote, times=times)

    here, there = {**local, **found.take}, {**remote, **found.send}
    clashing = {clash.name for clash in found.clashes}
    assert not set(found.send) & set(found.take)
    assert not clashing & (set(found.send) | set(found.take) | set(found.agreed))
    for rule in rules:
        if rule.name not in clashing and rule.direction is Direction.BOTH:
            assert here[rule.name] == there[rule.name]


@given(RULES, SIDES, SIDES, SIDES, TIMES)
def test_merging_again_what_was_merged_changes_nothing(
    rules: tuple[FieldRule, ...],
    base: dict[str, Any],
    local: dict[str, Any],
    remote: dict[str, Any],
    times: Times,
) -> None:
    found = merge(rules, base, local, remote, times=times)
    here, there = {**local, **found.take}, {**remote, **found.send}
    agreed = {**base, **found.agreed, **found.send, **found.take}

    again = merge(rules, agreed, here, there, times=times)

    assert (again.send, again.take) == ({}, {})
    assert again.clashes == found.clashes


@given(SIDES, SIDES)
def test_nothing_is_written_over_that_somebody_changed(
    base: dict[str, Any], changed: dict[str, Any]
) -> None:
    rules = [FieldRule(name) for name in NAMES]

    from_here = merge(rules, base, changed, base)
    from_there = merge(rules, base, base, changed)

    assert (from_here.take, from_here.clashes) == ({}, ())
    assert (from_there.send, from_there.clashes) == ({}, ())


@pytest.mark.parametrize(
    ("base", "local", "rule", "wanted"),
    [
        ("1", "1", PHONE, Merged(left={"phone": "?"})),
        (None, None, PHONE, Merged(left={"phone": "?"})),
        ("1", "2", PHONE, Merged(clashes=(Clash("phone", "1", "2", "?"),))),
        ("?", "2", PHONE, Merged(send={"phone": "2"})),
        ("1", "2", FieldRule("phone", Direction.IN), Merged(left={"phone": "?"})),
        (
            "1",
            "2",
            FieldRule("phone", policy=Policy.REMOTE),
            Merged(clashes=(Clash("phone", "1", "2", "?"),)),
        ),
        (
            "1",
            "2",
            FieldRule("phone", policy=Policy.LOCAL),
            Merged(send={"phone": "2"}, overruled=(Clash("phone", "1", "2", "?"),)),
        ),
    ],
)
def test_what_cannot_be_read_there_is_a_change_that_is_never_taken_over(
    base: str | None, local: str | None, rule: FieldRule, wanted: Merged
) -> None:
    sides = [{"phone": side} for side in (base, local, "?")]

    assert merge([rule], *sides, unreadable={"phone"}) == wanted


@pytest.mark.parametrize(
    ("local", "remote", "wanted"),
    [
        ("1", "2", Merged()),
        ("3", "2", Merged(send={"phone": "3"})),
        ("1", "3", Merged(take={"phone": "3"})),
        ("3", "4", Merged(clashes=(Clash("phone", "2", "3", "4"),))),
        ("1", "1", Merged(agreed={"phone": "1"})),
    ],
)
def test_a_difference_that_is_let_be_stays_until_one_side_changes(
    local: str, remote: str, wanted: Merged
) -> None:
    base = {"phone": let_be("1", "2")}

    assert merge([PHONE], base, {"phone": local}, {"phone": remote}) == wanted
