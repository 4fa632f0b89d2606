"""The workflows that Hub brings: those of Cetec, Axelor and Tracelink (features.md §6)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hub.i18n import N_
from hub.workflow.definition import Definition, State, Transition, everywhere
from hub.workflow.models import StateKind

_NEW, _WORKING = StateKind.NEW, StateKind.WORKING
_WON, _LOST, _PARKED = StateKind.WON, StateKind.LOST, StateKind.PARKED


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow to begin with; `name` and the labels of its states are English source texts."""

    code: str
    name: str
    definition: Definition


def _ways(**targets: str) -> tuple[Transition, ...]:
    return tuple(Transition(a, b) for a, names in targets.items() for b in names.split())


CETEC = Template("cetec", N_("Qualification to customer"), Definition(
    (
        State("pending_qualification", N_("Pending qualification"), _NEW,
              default_probability=10),
        State("development", N_("Development"), _WORKING, default_probability=30),
        State("quoting", N_("Quoting"), _WORKING, default_probability=60),
        State("customer", N_("Customer"), _WON),
        State("inactive", N_("Inactive"), _PARKED),
    ),
    # The source shows its edges as a picture only; these are domain.md's choice.
    _ways(
        pending_qualification="development inactive",
        development="quoting pending_qualification inactive",
        quoting="customer development inactive",
        inactive="pending_qualification development",
    ),
))  # fmt: skip
AXELOR_LEAD = Template("axelor", N_("Assigned to converted"), Definition(
    (
        State("new", N_("New"), _NEW, colour="blue"),
        State("assigned", N_("Assigned"), _WORKING),
        State("in_progress", N_("In progress"), _WORKING),
        State("converted", N_("Converted"), _WON, colour="green"),
        State("lost", N_("Lost"), _LOST),
    ),
    (
        *_ways(
            new="assigned in_progress converted lost",
            assigned="in_progress converted lost",
            in_progress="converted lost",
        ),
        Transition("lost", "in_progress", needs_reason=True),
    ),
))  # fmt: skip
AXELOR_OPPORTUNITY = Template("axelor", N_("Sales pipeline"), Definition(
    (
        State("new", N_("New"), _NEW, default_probability=10),
        State("qualification", N_("Qualification"), _WORKING, default_probability=25),
        State("proposition", N_("Proposition"), _WORKING, default_probability=50),
        State("negotiation", N_("Negotiation"), _WORKING, default_probability=75),
        State("won", N_("Won"), _WON, colour="green", fixed=True),
        State("lost", N_("Lost"), _LOST, colour="red", fixed=True),
    ),
    (
        *_ways(
            new="qualification won lost",
            qualification="new proposition won lost",
            proposition="qualification negotiation won lost",
            negotiation="proposition won lost",
        ),
        Transition("lost", "negotiation", roles=("manager", "administrator"), needs_reason=True),
        Transition("won", "negotiation", guard="no_order", needs_reason=True),
    ),
))  # fmt: skip
_USERS_STATES = ("offer_missing", "offer_given", "in_dialogue")
TRACELINK = Template("tracelink", N_("Cases"), Definition(
    (
        State("offer_missing", N_("Offer missing"), _NEW),
        State("offer_given", N_("Offer given"), _WORKING),
        State("in_dialogue", N_("In dialogue"), _WORKING),
        State("won", N_("Won"), _WON, colour="green", fixed=True),
        State("lost", N_("Lost"), _LOST, colour="red", fixed=True),
    ),
    (
        *everywhere(_USERS_STATES),
        *_ways(**dict.fromkeys(_USERS_STATES, "won lost"), won="lost", lost="won"),
    ),
))  # fmt: skip

TEMPLATES: Mapping[str, tuple[Template, ...]] = MappingProxyType({
    "lead": (CETEC, AXELOR_LEAD, TRACELINK),
    "opportunity": (AXELOR_OPPORTUNITY, CETEC, TRACELINK),
})  # fmt: skip
"""By kind of records; the first one is the default."""
