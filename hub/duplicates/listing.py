"""The list of pairs."""

from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from hub.access.models import User
from hub.duplicates.kinds import KINDS
from hub.duplicates.models import DupCandidate, DupState
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, Operator
from hub.listing.declaration import Predicate

_DECIDER = (
    select(User.name)
    .where(User.id == DupCandidate.decided_by)
    .correlate(DupCandidate)
    .scalar_subquery()
)


_KIND_LABELS = {"customer": N_("Customer"), "lead": N_("Lead")}
_KIND_CHOICES = tuple(Choice(entity, _KIND_LABELS[entity]) for entity in KINDS)


def _name_of(column: InstrumentedAttribute[Any]) -> Any:
    return func.coalesce(
        *(
            select(kind.model.name)
            .where(kind.model.id == column)
            .correlate(DupCandidate)
            .scalar_subquery()
            for kind in KINDS.values()
        )
    )


def _with_record(operator: Operator, value: Any) -> Predicate:
    del operator  # equality is the only one declared
    return or_(DupCandidate.a_id == value, DupCandidate.b_id == value)


_OF = case(
    (DupCandidate.a_entity == DupCandidate.b_entity, DupCandidate.a_entity),
    else_="lead_customer",
)
"""Of what a pair is: two of a kind, or one of each."""

DUPLICATES = Listing(
    name="duplicates",
    model=DupCandidate,
    fields=(
        Field("id", DupCandidate.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("a", DupCandidate.a_id, label=N_("One record"), kind=Kind.UUID,
              caption=_name_of(DupCandidate.a_id), width=40),
        Field("b", DupCandidate.b_id, label=N_("Other record"), kind=Kind.UUID,
              caption=_name_of(DupCandidate.b_id), width=40),
        Field("of", _OF, label=N_("Of"), kind=Kind.ENUM, facet=True, choices=(
            *_KIND_CHOICES,
            Choice("lead_customer", N_("Lead and customer")),
        )),
        Field("customer", None, label=N_("Either customer"), kind=Kind.UUID, shown=False,
              operators=(Operator.EQ,), condition=_with_record),
        Field("lead", None, label=N_("Either lead"), kind=Kind.UUID, shown=False,
              operators=(Operator.EQ,), condition=_with_record),
        Field("agrees", DupCandidate.agrees, label=N_("Agrees in"), kind=Kind.TAGS, facet=True,
              width=30),
        Field("score", DupCandidate.score, label=N_("Score"), kind=Kind.DECIMAL, sortable=True),
        Field(
            "state", DupCandidate.state, label=N_("State"), kind=Kind.ENUM, facet=True,
            choices=(
                Choice(DupState.OPEN, N_("Open")),
                Choice(DupState.DISMISSED, N_("Dismissed")),
                Choice(DupState.MERGED, N_("Merged")),
                Choice(DupState.OBSOLETE, N_("Obsolete")),
            ),
        ),
        Field("reason", DupCandidate.reason, label=N_("Reason"), width=40),
        Field("decided_by", DupCandidate.decided_by, label=N_("Decided by"), kind=Kind.USER,
              facet=True, caption=_DECIDER, width=20),
        Field("decided_at", DupCandidate.decided_at, label=N_("Decided"), kind=Kind.DATETIME,
              sortable=True, width=18),
        Field("created_at", DupCandidate.created_at, label=N_("Found"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-score",),
)  # fmt: skip
