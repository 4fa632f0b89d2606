"""Opportunities.

Revision: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_WITHOUT_DECIMALS = (
    "ADP AFN ALL BIF BYR CLP DJF ESP GNF IQD IRR ISK ITL JPY KMF KPW KRW LAK LBP LUF "
    "MGA MGF MMK MRO PYG RSD RWF SLL SOS STD SYP TMM TRL UGX UYI VND VUV XAF XOF XPF "
    "YER ZMK ZWD"
)


def _among(*codes: str) -> str:
    listed = ", ".join(f"'{code}'::text" for code in codes)
    return f"currency = any (array[{listed}])"


_WEIGHTED = (
    "round(amount * probability::numeric / 100::numeric,"
    f" case when {_among(*_WITHOUT_DECIMALS.split())} then 0"
    f" when {_among('BHD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND')} then 3"
    f" when {_among('CLF', 'UYW')} then 4 else 2 end)"
)
_DECIDED_AT = (
    "case when state_kind = any (array['won'::text, 'lost'::text]) then state_since"
    " else null::timestamp with time zone end"
)


def upgrade() -> None:
    op.create_table(
        "opportunity",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sort_number", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), server_default="", nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("best_case", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("worst_case", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("probability_source", sa.Text(), server_default="stage", nullable=False),
        sa.Column(
            "weighted",
            sa.Numeric(precision=20, scale=4),
            sa.Computed(_WEIGHTED, persisted=True),
            nullable=True,
        ),
        sa.Column("recurring_amount", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("recurring_period", sa.Text(), nullable=True),
        sa.Column("recurring_from", sa.Date(), nullable=True),
        sa.Column("recurring_until", sa.Date(), nullable=True),
        sa.Column("follow_up_on", sa.Date(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column(
            "decided_at",
            _INSTANT,
            sa.Computed(_DECIDED_AT, persisted=True),
            nullable=True,
        ),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("customer_description", sa.Text(), nullable=True),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("competitor", sa.Text(), nullable=True),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("lost_text", sa.Text(), nullable=True),
        sa.Column("order_refs", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("inside_rep_id", sa.Uuid(), nullable=True),
        sa.Column("outside_rep_id", sa.Uuid(), nullable=True),
        sa.Column("last_note_at", _INSTANT, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_kind", sa.Text(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("probability", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("search_text", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "(state_kind <> 'won' or probability = 100) and (state_kind <> 'lost' or probability = 0)",
            name=op.f("ck_opportunity_over_is_certain"),
        ),
        sa.CheckConstraint(
            "probability_source in ('stage', 'user')",
            name=op.f("ck_opportunity_probability_source"),
        ),
        sa.CheckConstraint(
            "recurring_period in ('month', 'quarter', 'year')",
            name=op.f("ck_opportunity_recurring_period"),
        ),
        sa.CheckConstraint(
            "state_kind in ('new', 'working', 'won', 'lost', 'parked')",
            name=op.f("ck_opportunity_state_kind"),
        ),
        sa.CheckConstraint(
            "type in ('new_customer', 'existing_customer', 'recurring')",
            name=op.f("ck_opportunity_type"),
        ),
        sa.CheckConstraint(
            "(customer_id is null) = (customer_name is null)", name=op.f("ck_opportunity_customer")
        ),
        sa.CheckConstraint(
            "char_length(name) between 1 and 255", name=op.f("ck_opportunity_name_length")
        ),
        sa.CheckConstraint(
            "contact_id is null or customer_id is not null", name=op.f("ck_opportunity_contact")
        ),
        sa.CheckConstraint("is_open = (closed_at is null)", name=op.f("ck_opportunity_closed")),
        sa.CheckConstraint(
            "least(amount, best_case, worst_case, recurring_amount) >= 0",
            name=op.f("ck_opportunity_amounts"),
        ),
        sa.CheckConstraint(
            "num_nulls(recurring_amount, recurring_period, recurring_from) in (0, 3) and (recurring_until is null or recurring_until >= recurring_from)",
            name=op.f("ck_opportunity_recurring"),
        ),
        sa.CheckConstraint(
            "probability between 0 and 100", name=op.f("ck_opportunity_probability")
        ),
        sa.CheckConstraint("worst_case <= best_case", name=op.f("ck_opportunity_cases")),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_opportunity_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_opportunity_customer_id")
        ),
        sa.ForeignKeyConstraint(
            ["inside_rep_id"], ["app_user.id"], name=op.f("fk_opportunity_inside_rep_id")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"], name=op.f("fk_opportunity_lead_id")),
        sa.ForeignKeyConstraint(
            ["outside_rep_id"], ["app_user.id"], name=op.f("fk_opportunity_outside_rep_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["app_user.id"], name=op.f("fk_opportunity_owner_user_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_opportunity_team_id")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "state"],
            ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_opportunity_state",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"], ["workflow.id"], name=op.f("fk_opportunity_workflow_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunity")),
    )
    op.create_index("ix_opportunity_amount", "opportunity", ["amount", "id"], unique=False)
    op.create_index("ix_opportunity_created_at", "opportunity", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_opportunity_customer",
        "opportunity",
        ["customer_id", "id"],
        unique=False,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_index("ix_opportunity_decided_at", "opportunity", ["decided_at", "id"], unique=False)
    op.create_index(
        "ix_opportunity_expected_close_on", "opportunity", ["expected_close_on", "id"], unique=False
    )
    op.create_index(
        "ix_opportunity_follow_up_on", "opportunity", ["follow_up_on", "id"], unique=False
    )
    op.create_index(
        "ix_opportunity_inside_rep",
        "opportunity",
        ["inside_rep_id"],
        unique=False,
        postgresql_where=sa.text("inside_rep_id is not null"),
    )
    op.create_index(
        "ix_opportunity_last_note_at", "opportunity", ["last_note_at", "id"], unique=False
    )
    op.create_index(
        "ix_opportunity_lead",
        "opportunity",
        ["lead_id"],
        unique=False,
        postgresql_where=sa.text("lead_id is not null"),
    )
    op.create_index(
        "ix_opportunity_outside_rep",
        "opportunity",
        ["outside_rep_id"],
        unique=False,
        postgresql_where=sa.text("outside_rep_id is not null"),
    )
    op.create_index("ix_opportunity_owner", "opportunity", ["owner_user_id", "id"], unique=False)
    op.create_index(
        "ix_opportunity_probability", "opportunity", ["probability", "id"], unique=False
    )
    op.create_index(
        "ix_opportunity_program", "opportunity", ["program", "is_open", "state"], unique=False
    )
    op.create_index(
        "ix_opportunity_search",
        "opportunity",
        [
            sa.literal_column("search_trigrams(search_text)"),
            sa.literal_column("search_slips(search_text)"),
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_opportunity_sort_name", "opportunity", ["sort_name", "id"], unique=False)
    op.create_index(
        "ix_opportunity_sort_number", "opportunity", ["sort_number", "id"], unique=False
    )
    op.create_index(
        "ix_opportunity_source", "opportunity", ["source", "is_open", "state"], unique=False
    )
    op.create_index(
        "ix_opportunity_team",
        "opportunity",
        ["team_id", "id"],
        unique=False,
        postgresql_where=sa.text("team_id is not null"),
    )
    op.create_index("ix_opportunity_weighted", "opportunity", ["weighted", "id"], unique=False)
    op.create_index(
        "ix_opportunity_workflow", "opportunity", ["workflow_id", "state"], unique=False
    )
    op.create_index(
        "uq_opportunity_external_ref",
        "opportunity",
        ["external_ref"],
        unique=True,
        postgresql_where=sa.text("external_ref is not null and deleted_at is null"),
    )
    op.create_index("uq_opportunity_number", "opportunity", ["number"], unique=True)


def downgrade() -> None:
    op.drop_table("opportunity")
