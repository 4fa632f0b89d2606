"""The plan of `make chaos`."""

import pytest

from bench.chaos.plan import WEIGHTS, make_plan
from tests.chaos.faults import MORE_FAULTS


def test_the_same_seed_makes_the_same_plan_and_another_another() -> None:
    assert make_plan(1, 50) == make_plan(1, 50)
    assert make_plan(1, 50) != make_plan(2, 50)


@pytest.mark.parametrize("count", [11, 30, 200])
def test_each_kind_of_fault_strikes_and_there_is_a_hand_for_it(count: int) -> None:
    plan = make_plan(1, count)

    assert len(plan) == count
    assert {strike.fault for strike in plan} == set(WEIGHTS) == set(MORE_FAULTS)
