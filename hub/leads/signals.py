"""What about a lead asks for attention (A17; domain.md §3)."""

from hub.i18n import N_
from hub.leads.models import Lead
from hub.signals import Paints, Rule, SignalTable
from hub.workflow.models import StateKind

SIGNAL = SignalTable("signal", N_("Signal"), Lead, (
    Rule(
        "converted", N_("Converted"), "green", Paints.TEXT, "check",
        lambda _: Lead.converted_at.is_not(None), lambda reader: reader.day_of(Lead.converted_at),
    ),
    Rule(
        "new", N_("New"), "blue", Paints.TEXT, "star",
        lambda _: Lead.state_kind == StateKind.NEW, lambda reader: reader.day_of(Lead.state_since),
    ),
    Rule(
        "won", N_("Won"), "green", Paints.TEXT, "check",
        lambda _: Lead.state_kind == StateKind.WON, lambda reader: reader.day_of(Lead.state_since),
    ),
))  # fmt: skip
"""The colour of its row in a list."""

TABLES = (SIGNAL,)
