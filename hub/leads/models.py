"""The table of leads."""

from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.custom_fields.models import Customised
from hub.external_refs import Referable, unique_reference
from hub.listing.search import Searchable, search_index
from hub.workflow.models import InWorkflow


class Lead(InWorkflow, Customised, Referable, Searchable):
    """Somebody's first interest, with or without a customer.

    Without one it holds the candidate itself: `name` is what it is listed by (the company, else the
    person), `company`, `person` and the rest are as they were told, kept apart from the customers
    (A1). `number` rises by exactly one. `owner_user_id` is whom it is assigned to. `program`,
    `source` and `lost_reason` are codes of catalogues. `converted_*` is what became of it.
    """

    __tablename__ = "lead"
    __derived__: ClassVar = frozenset(
        {"search_text", "sort_name", "sort_number", "last_note_at", "last_contact_at",
         "state_kind", "state_since",
         "name"}
    )  # fmt: skip

    number: Mapped[str]
    sort_number: Mapped[str]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    name: Mapped[str]
    sort_name: Mapped[str] = mapped_column(server_default="")
    company: Mapped[str | None]
    person: Mapped[str | None]
    job: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    mobile: Mapped[str | None]
    website: Mapped[str | None]
    address: Mapped[str | None]  # lines, parted by line breaks
    postcode: Mapped[str | None]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country: Mapped[str | None]
    industry: Mapped[str | None]
    cvr: Mapped[str | None]
    program: Mapped[str | None]
    source: Mapped[str | None]
    referrer: Mapped[str | None]
    owner_user_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    team_id: Mapped[UUID | None] = mapped_column(ForeignKey("team.id"))
    inside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    outside_rep_id: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    est_conversion_on: Mapped[date | None]
    net_potential_value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    currency: Mapped[str]
    refuses_calls: Mapped[bool] = mapped_column(default=False, server_default="false")
    refuses_email: Mapped[bool] = mapped_column(default=False, server_default="false")
    set_aside_until: Mapped[date | None]
    lost_reason: Mapped[str | None]
    description: Mapped[str | None]
    channel: Mapped[str] = mapped_column(default="manual", server_default="manual")
    last_note_at: Mapped[datetime | None]
    last_contact_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    converted_by: Mapped[UUID | None] = mapped_column(ForeignKey("app_user.id"))
    converted_customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    converted_contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))

    __table_args__ = (
        *InWorkflow.constraints("lead"),
        CheckConstraint("char_length(name) between 1 and 255", name="name_length"),
        CheckConstraint(
            "customer_id is not null or coalesce(company, person) is not null", name="somebody"
        ),
        CheckConstraint("net_potential_value >= 0", name="net_potential_value"),
        CheckConstraint(
            "(converted_at is null) = (converted_customer_id is null)", name="converted"
        ),
        Index("uq_lead_number", "number", unique=True),
        unique_reference("lead"),
        Index("ix_lead_sort_number", "sort_number", "id"),
        Index("ix_lead_sort_name", "sort_name", "id"),
        Index("ix_lead_created_at", "created_at", "id"),
        Index("ix_lead_last_note_at", "last_note_at", "id"),
        Index("ix_lead_last_contact_at", "last_contact_at", "id"),
        Index("ix_lead_est_conversion_on", "est_conversion_on", "id"),
        Index("ix_lead_net_potential_value", "net_potential_value", "id"),
        Index("ix_lead_probability", "probability", "id"),
        Index("ix_lead_customer", "customer_id", "id",
              postgresql_where=text("customer_id is not null")),
        Index("ix_lead_contact", "contact_id", postgresql_where=text("contact_id is not null")),
        Index("ix_lead_converted_contact", "converted_contact_id",
              postgresql_where=text("converted_contact_id is not null")),
        Index("ix_lead_converted_customer", "converted_customer_id",
              postgresql_where=text("converted_customer_id is not null")),
        Index("ix_lead_converted_at", "converted_at", "id",
              postgresql_where=text("converted_at is not null")),
        Index("ix_lead_refuses_email", text("casefold(email)"),
              postgresql_where=text("refuses_email")),
        Index("ix_lead_open_email", text("casefold(email)"), "id",
              postgresql_where=text("is_open and email is not null")),
        Index("ix_lead_workflow", "workflow_id", "state"),
        Index("ix_lead_owner", "owner_user_id", "id", postgresql_include=["deleted_at"]),
        Index("ix_lead_team", "team_id", "id", postgresql_where=text("team_id is not null")),
        Index("ix_lead_program", "program", "is_open", "state"),
        Index("ix_lead_source", "source", "is_open", "state"),
        Index("ix_lead_inside_rep", "inside_rep_id",
              postgresql_where=text("inside_rep_id is not null")),
        Index("ix_lead_outside_rep", "outside_rep_id",
              postgresql_where=text("outside_rep_id is not null")),
        search_index("lead"),
    )  # fmt: skip
