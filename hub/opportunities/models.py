"""The table of opportunities."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.access.roles import FieldClass
from hub.custom_fields.models import Customised
from hub.db import EnumText
from hub.external_refs import Referable, unique_reference
from hub.listing.search import Searchable, search_index
from hub.money import minor_units_sql
from hub.workflow.models import InWorkflow


class OpportunityType(StrEnum):
    """With whom the business would be (A23)."""

    NEW_CUSTOMER = "new_customer"
    EXISTING_CUSTOMER = "existing_customer"
    RECURRING = "recurring"


class Period(StrEnum):
    """How often recurring business is paid for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ProbabilitySource(StrEnum):
    """Who said how probable it is."""

    STAGE = "stage"
    USER = "user"


def _values(enum: type[StrEnum]) -> str:
    return ", ".join(repr(each.value) for each in enum)


WEIGHTED = f"round(amount * probability::numeric / 100::numeric, {minor_units_sql('currency')})"
"""SQL of what is to be expected of it, rounded half up to the currency's minor unit.

PostgreSQL's ``round`` of a numeric goes away from zero, which is up: amounts are not negative.
"""


_DECIDED_AT = (
    "case when state_kind = any (array['won'::text, 'lost'::text]) then state_since"
    " else null::timestamp with time zone end"
)


class Opportunity(InWorkflow, Customised, Referable, Searchable):
    """Business that may come (A5): with an amount, and a probability by which it is weighted.

    Its pipeline is its workflow, and its stage the state there. `number` rises by exactly one.
    `customer_name` is that of the customer, kept for lists. `decided_at` is when it was won or
    lost. `order_refs` are the numbers of the orders that came of it, `lead_id` the lead that it
    came from. `program`, `source`, `competitor` and `lost_reason` are codes of catalogues.
    """

    __tablename__ = "opportunity"
    __derived__: ClassVar = frozenset(
        {"search_text", "sort_name", "sort_number", "customer_name", "last_note_at", "state_kind",
         "state_since", "weighted", "decided_at", "probability_source"}
    )  # fmt: skip
    __classes__: ClassVar = MappingProxyType({"customer_description": FieldClass.INTERNAL})

    number: Mapped[str]
    sort_number: Mapped[str]
    name: Mapped[str]
    sort_name: Mapped[str] = mapped_column(server_default="")
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    customer_name: Mapped[str | None]
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("lead.id"))
    type: Mapped[OpportunityType] = mapped_column(EnumText(OpportunityType))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    best_case: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    worst_case: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    currency: Mapped[str]
    probability_source: Mapped[ProbabilitySource] = mapped_column(
        EnumText(ProbabilitySource),
        default=ProbabilitySource.STAGE,
        server_default=ProbabilitySource.STAGE,
    )
    weighted: Mapped[Decimal | None] = mapped_column(
        Numeric(20, 4), Computed(WEIGHTED, persisted=True)
    )
    recurring_amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    recurring_period: Mapped[Period | None] = mapped_column(EnumText(Period))
    recurring_from: Mapped[date | None]
    recurring_until: Mapped[date | None]
    follow_up_on: Mapped[date | None]
    expected_close_on: Mapped[date | None]
    decided_at: Mapped[datetime | None] = mapped_column(Computed(_DECIDED_AT, persisted=True))
    next_step: Mapped[str | None]
    description: Mapped[str | None]
    customer_description: Mapped[str | None]
    program: Mapped[str | None]
    source: Mapped[str | None]
    competitor: Mapped[str | None]
    lost_reason: Mapped[str | None]
    lost_text: Mapped[str | None]
    order_refs: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    owner_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    inside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    outside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    last_note_at: Mapped[datetime | None]

    __table_args__ = (
        *InWorkflow.constraints("opportunity"),
        CheckConstraint("char_length(name) between 1 and 255", name="name_length"),
        CheckConstraint(f"type in ({_values(OpportunityType)})", name="type"),
        CheckConstraint(f"recurring_period in ({_values(Period)})", name="recurring_period"),
        CheckConstraint(
            f"probability_source in ({_values(ProbabilitySource)})", name="probability_source"
        ),
        CheckConstraint(
            "least(amount, best_case, worst_case, recurring_amount) >= 0", name="amounts"
        ),
        CheckConstraint("worst_case <= best_case", name="cases"),
        CheckConstraint(
            "num_nulls(recurring_amount, recurring_period, recurring_from) in (0, 3)"
            " and (recurring_until is null or recurring_until >= recurring_from)",
            name="recurring",
        ),
        CheckConstraint("contact_id is null or customer_id is not null", name="contact"),
        CheckConstraint("(customer_id is null) = (customer_name is null)", name="customer"),
        Index("uq_opportunity_number", "number", unique=True),
        unique_reference("opportunity"),
        Index("ix_opportunity_sort_number", "sort_number", "id"),
        Index("ix_opportunity_sort_name", "sort_name", "id"),
        Index("ix_opportunity_created_at", "created_at", "id"),
        Index("ix_opportunity_last_note_at", "last_note_at", "id"),
        Index("ix_opportunity_follow_up_on", "follow_up_on", "id"),
        Index("ix_opportunity_expected_close_on", "expected_close_on", "id"),
        Index("ix_opportunity_decided_at", "decided_at", "id"),
        Index("ix_opportunity_amount", "amount", "id"),
        Index("ix_opportunity_weighted", "weighted", "id"),
        Index("ix_opportunity_probability", "probability", "id"),
        Index("ix_opportunity_customer", "customer_id", "id",
              postgresql_where=text("customer_id is not null")),
        Index("ix_opportunity_contact", "contact_id",
              postgresql_where=text("contact_id is not null")),
        Index("ix_opportunity_lead", "lead_id", postgresql_where=text("lead_id is not null")),
        Index("ix_opportunity_workflow", "workflow_id", "state"),
        Index("ix_opportunity_owner", "owner_user_id", "id", postgresql_include=["deleted_at"]),
        Index("ix_opportunity_team", "team_id", "id",
              postgresql_where=text("team_id is not null")),
        Index("ix_opportunity_program", "program", "is_open", "state"),
        Index("ix_opportunity_source", "source", "is_open", "state"),
        Index("ix_opportunity_inside_rep", "inside_rep_id",
              postgresql_where=text("inside_rep_id is not null")),
        Index("ix_opportunity_outside_rep", "outside_rep_id",
              postgresql_where=text("outside_rep_id is not null")),
        search_index("opportunity"),
    )  # fmt: skip

    def take_probability(self, percent: int) -> None:
        """See `InWorkflow.take_probability`."""
        self.probability, self.probability_source = percent, ProbabilitySource.STAGE
