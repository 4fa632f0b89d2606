"""The strictest rule wins, whatever the rules are."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.credit.models import Effect
from hub.credit.policy import HoldAllows
from hub.credit.rules import (
    Answer,
    Spoken,
    Transaction,
    Verdict,
    code_says,
    hold_says,
    judge,
)
from hub.customers.models import HoldState

MESSAGE = {"code": "x", "text": "On hold.", "params": {}}
ANSWER_OF = {
    "none": Answer.YES, "warn": Answer.YES, "require_approval": Answer.WITH_APPROVAL,
    "block": Answer.NO,
}  # fmt: skip
LOOSEST_FIRST = [Answer.YES, Answer.WITH_APPROVAL, Answer.NO]

spoken = st.builds(
    Spoken,
    code=st.sampled_from(["a", "b", "c"]),
    effect=st.sampled_from(Effect),
    message=st.just(MESSAGE),
    makes_pending=st.booleans(),
)


@given(st.lists(spoken, max_size=6), st.randoms())
def test_the_answer_is_that_of_the_strictest_in_whatever_order_they_speak(
    rules: list[Spoken], random: object
) -> None:
    verdict = judge(rules)
    shuffled = list(rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis' own Random

    answers = [ANSWER_OF[rule.effect.value] for rule in rules]
    assert verdict.answer is max(answers, key=LOOSEST_FIRST.index, default=Answer.YES)
    assert judge(shuffled).answer is verdict.answer
    assert judge(shuffled).makes_pending is verdict.makes_pending


@given(st.lists(spoken, max_size=6), spoken)
def test_one_more_rule_never_allows_more(rules: list[Spoken], other: Spoken) -> None:
    before, after = judge(rules), judge([*rules, other])

    assert LOOSEST_FIRST.index(after.answer) >= LOOSEST_FIRST.index(before.answer)
    if before.makes_pending and after.answer is not Answer.NO:
        assert after.makes_pending


@given(st.lists(spoken, max_size=6))
def test_every_rule_that_spoke_is_named_once_the_strictest_first(rules: list[Spoken]) -> None:
    verdict = judge(rules)

    assert sorted(map(repr, verdict.rules)) == sorted(map(repr, rules))
    strictness = [rule.effect.strictness for rule in verdict.rules]
    assert strictness == sorted(strictness, reverse=True)
    assert [rule.effect for rule in verdict.warnings] == [
        Effect.WARN for rule in rules if rule.effect is Effect.WARN
    ]


def asked(
    effect: Effect, hold: HoldState, allows: HoldAllows, wanted: Transaction, *, approved: bool
) -> Verdict:
    rules = (
        code_says("x", "X", effect, is_approved=approved),
        hold_says(hold, MESSAGE, allows, wanted),
    )
    return judge(rule for rule in rules if rule is not None)


def expected(
    effect: Effect, hold: HoldState, allows: HoldAllows, wanted: Transaction, *, approved: bool
) -> tuple[str, bool]:
    """Say the same in the words of features.md (C9, S21, S26), another way round."""
    on_hold = hold is not HoldState.CLEAR
    exempt = (wanted is Transaction.ORDER and "pending_orders" in allows) or (
        wanted is Transaction.CASH_SALE and "cash_sales" in allows
    )
    if effect is Effect.BLOCK or (on_hold and not exempt):
        return "no", False
    pending = on_hold and wanted is Transaction.ORDER
    if effect is Effect.REQUIRE_APPROVAL and not approved:
        return "with_approval", pending
    return "yes", pending


@pytest.mark.parametrize("wanted", list(Transaction))
def test_every_combination_of_code_hold_policy_and_approval(wanted: Transaction) -> None:
    compared = 0
    for effect, hold, allows, approved in product(Effect, HoldState, HoldAllows, (False, True)):
        verdict = asked(effect, hold, allows, wanted, approved=approved)
        words = expected(effect, hold, allows, wanted, approved=approved)
        assert (verdict.answer.value, verdict.makes_pending) == words, (effect, hold, allows)
        compared += 1
    assert compared == 4 * 3 * 4 * 2


def test_without_a_code_that_does_anything_and_without_a_hold_nothing_is_said() -> None:
    verdict = asked(
        Effect.NONE, HoldState.CLEAR, HoldAllows.NOTHING, Transaction.ORDER, approved=False
    )

    assert verdict == Verdict(Answer.YES, (), makes_pending=False)


def test_an_approval_does_not_lift_a_hold() -> None:
    verdict = asked(
        Effect.REQUIRE_APPROVAL, HoldState.HELD_MANUAL, HoldAllows.NOTHING, Transaction.ORDER,
        approved=True,
    )  # fmt: skip

    assert verdict.answer is Answer.NO
    assert [(rule.code, rule.effect) for rule in verdict.rules] == [
        ("held_manual", Effect.BLOCK), ("x", Effect.NONE),
    ]  # fmt: skip
