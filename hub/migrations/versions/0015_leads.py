"""Catalogues, workflows, leads.

Revision: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "catalogue_entry",
        sa.Column("catalogue", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_catalogue_entry")),
    )
    op.create_index("ix_catalogue_entry_label", "catalogue_entry", ["label", "id"], unique=False)
    op.create_index(
        "ix_catalogue_entry_sort", "catalogue_entry", ["catalogue", "sort", "id"], unique=False
    )
    op.create_index("uq_catalogue_entry", "catalogue_entry", ["catalogue", "code"], unique=True)
    op.create_table(
        "workflow",
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "moves", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status = 'live' or not is_default", name=op.f("ck_workflow_default_is_live")
        ),
        sa.CheckConstraint(
            "status in ('draft', 'live', 'retired')", name=op.f("ck_workflow_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow")),
    )
    op.create_index(
        "uq_workflow_default",
        "workflow",
        ["entity_name"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_index(
        "uq_workflow_draft",
        "workflow",
        ["entity_name", "code"],
        unique=True,
        postgresql_where=sa.text("status = 'draft' and deleted_at is null"),
    )
    op.create_index(
        "uq_workflow_live",
        "workflow",
        ["entity_name", "code"],
        unique=True,
        postgresql_where=sa.text("status = 'live'"),
    )
    op.create_index(
        "uq_workflow_revision", "workflow", ["entity_name", "code", "revision"], unique=True
    )
    op.create_table(
        "workflow_state",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("colour", sa.Text(), nullable=True),
        sa.Column("forced_probability", sa.Integer(), nullable=True),
        sa.Column("default_probability", sa.Integer(), nullable=True),
        sa.Column("fixed", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "case kind when 'won' then forced_probability is not distinct from 100 when 'lost' then forced_probability is not distinct from 0 else true end",
            name=op.f("ck_workflow_state_over_is_certain"),
        ),
        sa.CheckConstraint(
            "kind in ('new', 'working', 'won', 'lost', 'parked')",
            name=op.f("ck_workflow_state_kind"),
        ),
        sa.CheckConstraint(
            "default_probability between 0 and 100",
            name=op.f("ck_workflow_state_default_probability"),
        ),
        sa.CheckConstraint(
            "forced_probability between 0 and 100",
            name=op.f("ck_workflow_state_forced_probability"),
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflow.id"],
            name=op.f("fk_workflow_state_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_state")),
        sa.UniqueConstraint("workflow_id", "key", name=op.f("uq_workflow_state_workflow_id_key")),
    )
    op.create_table(
        "workflow_transition",
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("guard", sa.Text(), nullable=True),
        sa.Column("needs_assignee", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("needs_reason", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "on_enter", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("origin <> target", name=op.f("ck_workflow_transition_moves")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "origin"],
            ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_workflow_transition_origin",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id", "target"],
            ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_workflow_transition_target",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workflow_id"],
            ["workflow.id"],
            name=op.f("fk_workflow_transition_workflow_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_transition")),
        sa.UniqueConstraint(
            "workflow_id",
            "origin",
            "target",
            name=op.f("uq_workflow_transition_workflow_id_origin_target"),
        ),
    )
    op.create_table(
        "lead",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("sort_number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sort_name", sa.Text(), server_default="", nullable=False),
        sa.Column("company", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("job", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("cvr", sa.Text(), nullable=True),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("referrer", sa.Text(), nullable=True),
        sa.Column("owner_user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("inside_rep_id", sa.Uuid(), nullable=True),
        sa.Column("outside_rep_id", sa.Uuid(), nullable=True),
        sa.Column("est_conversion_on", sa.Date(), nullable=True),
        sa.Column("net_potential_value", sa.Numeric(precision=18, scale=4), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("refuses_calls", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("refuses_email", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("set_aside_until", sa.Date(), nullable=True),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), server_default="manual", nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("last_note_at", _INSTANT, nullable=True),
        sa.Column("converted_at", _INSTANT, nullable=True),
        sa.Column("converted_by", sa.Uuid(), nullable=True),
        sa.Column("converted_customer_id", sa.Uuid(), nullable=True),
        sa.Column("converted_contact_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_kind", sa.Text(), nullable=False),
        sa.Column("state_since", _INSTANT, nullable=False),
        sa.Column("probability", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_open", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=True),
        sa.Column("workflow_id", sa.Uuid(), nullable=False),
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
            name=op.f("ck_lead_over_is_certain"),
        ),
        sa.CheckConstraint(
            "state_kind in ('new', 'working', 'won', 'lost', 'parked')",
            name=op.f("ck_lead_state_kind"),
        ),
        sa.CheckConstraint(
            "(converted_at is null) = (converted_customer_id is null)",
            name=op.f("ck_lead_converted"),
        ),
        sa.CheckConstraint("char_length(name) between 1 and 255", name=op.f("ck_lead_name_length")),
        sa.CheckConstraint(
            "customer_id is not null or coalesce(company, person) is not null",
            name=op.f("ck_lead_somebody"),
        ),
        sa.CheckConstraint("is_open = (closed_at is null)", name=op.f("ck_lead_closed")),
        sa.CheckConstraint("net_potential_value >= 0", name=op.f("ck_lead_net_potential_value")),
        sa.CheckConstraint("probability between 0 and 100", name=op.f("ck_lead_probability")),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_lead_contact_id")),
        sa.ForeignKeyConstraint(
            ["converted_by"], ["app_user.id"], name=op.f("fk_lead_converted_by")
        ),
        sa.ForeignKeyConstraint(
            ["converted_contact_id"], ["contact.id"], name=op.f("fk_lead_converted_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["converted_customer_id"], ["customer.id"], name=op.f("fk_lead_converted_customer_id")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name=op.f("fk_lead_customer_id")),
        sa.ForeignKeyConstraint(
            ["inside_rep_id"], ["app_user.id"], name=op.f("fk_lead_inside_rep_id")
        ),
        sa.ForeignKeyConstraint(
            ["outside_rep_id"], ["app_user.id"], name=op.f("fk_lead_outside_rep_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_user_id"], ["app_user.id"], name=op.f("fk_lead_owner_user_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_lead_team_id")),
        sa.ForeignKeyConstraint(
            ["workflow_id", "state"],
            ["workflow_state.workflow_id", "workflow_state.key"],
            name="fk_lead_state",
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["workflow.id"], name=op.f("fk_lead_workflow_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lead")),
    )
    op.create_index(
        "ix_lead_converted_customer",
        "lead",
        ["converted_customer_id"],
        unique=False,
        postgresql_where=sa.text("converted_customer_id is not null"),
    )
    op.create_index("ix_lead_created_at", "lead", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_lead_customer",
        "lead",
        ["customer_id", "id"],
        unique=False,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_index("ix_lead_est_conversion_on", "lead", ["est_conversion_on", "id"], unique=False)
    op.create_index(
        "ix_lead_inside_rep",
        "lead",
        ["inside_rep_id"],
        unique=False,
        postgresql_where=sa.text("inside_rep_id is not null"),
    )
    op.create_index("ix_lead_last_note_at", "lead", ["last_note_at", "id"], unique=False)
    op.create_index(
        "ix_lead_net_potential_value", "lead", ["net_potential_value", "id"], unique=False
    )
    op.create_index(
        "ix_lead_outside_rep",
        "lead",
        ["outside_rep_id"],
        unique=False,
        postgresql_where=sa.text("outside_rep_id is not null"),
    )
    op.create_index("ix_lead_owner", "lead", ["owner_user_id", "id"], unique=False)
    op.create_index("ix_lead_probability", "lead", ["probability", "id"], unique=False)
    op.create_index("ix_lead_program", "lead", ["program", "is_open", "state"], unique=False)
    op.create_index(
        "ix_lead_search",
        "lead",
        [
            sa.literal_column("search_trigrams(search_text)"),
            sa.literal_column("search_slips(search_text)"),
        ],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index("ix_lead_sort_name", "lead", ["sort_name", "id"], unique=False)
    op.create_index("ix_lead_sort_number", "lead", ["sort_number", "id"], unique=False)
    op.create_index("ix_lead_source", "lead", ["source", "is_open", "state"], unique=False)
    op.create_index(
        "ix_lead_team",
        "lead",
        ["team_id", "id"],
        unique=False,
        postgresql_where=sa.text("team_id is not null"),
    )
    op.create_index("ix_lead_workflow", "lead", ["workflow_id", "state"], unique=False)
    op.create_index(
        "uq_lead_external_ref",
        "lead",
        ["external_ref"],
        unique=True,
        postgresql_where=sa.text("external_ref is not null and deleted_at is null"),
    )
    op.create_index("uq_lead_number", "lead", ["number"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_lead_number", table_name="lead")
    op.drop_index(
        "uq_lead_external_ref", table_name="lead", postgresql_where=sa.text("deleted_at is null")
    )
    op.drop_index("ix_lead_workflow", table_name="lead")
    op.drop_index(
        "ix_lead_team", table_name="lead", postgresql_where=sa.text("team_id is not null")
    )
    op.drop_index("ix_lead_source", table_name="lead")
    op.drop_index("ix_lead_sort_number", table_name="lead")
    op.drop_index("ix_lead_sort_name", table_name="lead")
    op.drop_index("ix_lead_search", table_name="lead", postgresql_using="gin")
    op.drop_index("ix_lead_program", table_name="lead")
    op.drop_index("ix_lead_probability", table_name="lead")
    op.drop_index("ix_lead_owner", table_name="lead")
    op.drop_index(
        "ix_lead_outside_rep",
        table_name="lead",
        postgresql_where=sa.text("outside_rep_id is not null"),
    )
    op.drop_index("ix_lead_net_potential_value", table_name="lead")
    op.drop_index("ix_lead_last_note_at", table_name="lead")
    op.drop_index(
        "ix_lead_inside_rep",
        table_name="lead",
        postgresql_where=sa.text("inside_rep_id is not null"),
    )
    op.drop_index("ix_lead_est_conversion_on", table_name="lead")
    op.drop_index(
        "ix_lead_customer", table_name="lead", postgresql_where=sa.text("customer_id is not null")
    )
    op.drop_index("ix_lead_created_at", table_name="lead")
    op.drop_index(
        "ix_lead_converted_customer",
        table_name="lead",
        postgresql_where=sa.text("converted_customer_id is not null"),
    )
    op.drop_table("lead")
    op.drop_table("workflow_transition")
    op.drop_table("workflow_state")
    op.drop_index("uq_workflow_revision", table_name="workflow")
    op.drop_index(
        "uq_workflow_live", table_name="workflow", postgresql_where=sa.text("status = 'live'")
    )
    op.drop_index(
        "uq_workflow_draft",
        table_name="workflow",
        postgresql_where=sa.text("status = 'draft' and deleted_at is null"),
    )
    op.drop_index(
        "uq_workflow_default", table_name="workflow", postgresql_where=sa.text("is_default")
    )
    op.drop_table("workflow")
    op.drop_index("uq_catalogue_entry", table_name="catalogue_entry")
    op.drop_index("ix_catalogue_entry_sort", table_name="catalogue_entry")
    op.drop_index("ix_catalogue_entry_label", table_name="catalogue_entry")
    op.drop_table("catalogue_entry")
