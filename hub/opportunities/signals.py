"""What about an opportunity asks for attention (A28, A29, T15; domain.md §3)."""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import ColumnElement, case, func, true

from hub.i18n import N_
from hub.listing import Reader
from hub.opportunities.models import Opportunity, ProbabilitySource
from hub.signals import Paints, Rule, SignalTable
from hub.workflow.models import StateKind

SOON_DAYS = 7
"""So many days or fewer to the expected close are few."""

NEAR_DAYS = 14
"""Fewer than 15 days are not many."""

OLD_DAYS = 7
"""From then on it is not new any more."""

_Holds = Callable[[Reader], ColumnElement[bool]]


def _to_close(days: int) -> _Holds:
    """Return that so many days or fewer are left to the expected close."""
    return lambda reader: Opportunity.expected_close_on <= reader.today + timedelta(days)


def _deadline() -> ColumnElement[date]:
    """Return the first of its days; NULL only where it has none."""
    return func.least(Opportunity.follow_up_on, Opportunity.expected_close_on)


def _decided(reader: Reader) -> ColumnElement[date]:
    return reader.day_of(Opportunity.decided_at)


def _created(reader: Reader) -> ColumnElement[date]:
    return reader.day_of(Opportunity.created_at)


def _in_stage(reader: Reader) -> ColumnElement[date]:
    """Return since when it has the probability of its stage; of one's own nobody can say."""
    is_stages = Opportunity.probability_source == ProbabilitySource.STAGE
    return case((is_stages, reader.day_of(Opportunity.state_since)))


SIGNAL = SignalTable("signal", N_("Signal"), Opportunity, (
    Rule(
        "lost", N_("Lost"), "red", Paints.BACKGROUND, "cross",
        lambda _: Opportunity.state_kind == StateKind.LOST, _decided,
    ),
    Rule(
        "won", N_("Won"), "green", Paints.BACKGROUND, "check",
        lambda _: Opportunity.state_kind == StateKind.WON, _decided,
    ),
    Rule(
        "closing_soon", N_("7 days or fewer to the expected close"), "red", Paints.TEXT, "alarm",
        _to_close(SOON_DAYS), lambda _: Opportunity.expected_close_on - SOON_DAYS,
    ),
    Rule(
        "closing_near", N_("Fewer than 15 days to the expected close"), "orange", Paints.TEXT,
        "hourglass",
        _to_close(NEAR_DAYS), lambda _: Opportunity.expected_close_on - NEAR_DAYS,
    ),
    Rule(
        "old", N_("7 days old or more"), "blue", Paints.TEXT, "calendar",
        lambda reader: Opportunity.created_at
        < reader.midnight(reader.today - timedelta(OLD_DAYS - 1)),
        lambda reader: _created(reader) + OLD_DAYS,
    ),
    Rule("fresh", N_("New"), "black", Paints.TEXT, None, lambda _: true(), _created),
))  # fmt: skip
"""The colour of its row in a list (A28)."""

EDGE = SignalTable("edge", N_("Edge"), Opportunity, (
    Rule(
        "improbable", N_("25 % or less"), "red", Paints.EDGE, None,
        lambda _: Opportunity.probability <= 25,  # noqa: PLR2004 - as the rule says
        _in_stage,
    ),
    Rule(
        "probable", N_("75 % or more"), "green", Paints.EDGE, None,
        lambda _: Opportunity.probability >= 75,  # noqa: PLR2004 - likewise
        _in_stage,
    ),
    Rule(
        "even", N_("50 % or more"), "black", Paints.EDGE, None,
        lambda _: Opportunity.probability >= 50,  # noqa: PLR2004 - likewise
        _in_stage,
    ),
    Rule(
        "doubtful", N_("Less than 50 %"), "orange", Paints.EDGE, None, lambda _: true(), _in_stage
    ),
))  # fmt: skip
"""The left edge of its card on a board (A29)."""

OVERDUE = SignalTable("overdue", N_("Overdue"), Opportunity, (
    Rule(
        "overdue", N_("Past its follow-up or its expected close"), "red", Paints.ICON, "clock",
        lambda reader: Opportunity.is_open & (_deadline() < reader.today),
        lambda _: _deadline() + 1,
    ),
))  # fmt: skip
"""The clock at the right of its row (T15)."""

TABLES = (SIGNAL, EDGE, OVERDUE)
