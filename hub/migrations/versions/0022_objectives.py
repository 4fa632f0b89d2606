"""Objectives, their progress and their templates; who follows the history, and how far.

Revision: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables; what happened before there were objectives need not be followed."""
    op.create_table(
        "event_reader",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_reader")),
        sa.UniqueConstraint("name", name=op.f("uq_event_reader_name")),
    )
    op.create_table(
        "objective_template",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("targets", _JSON, nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "frequency in ('once', 'daily', 'weekly', 'monthly')",
            name=op.f("ck_objective_template_frequency"),
        ),
        sa.CheckConstraint(
            "not targets ? 'opp_amount_won' or currency is not null",
            name=op.f("ck_objective_template_currency"),
        ),
        sa.CheckConstraint("targets <> '{}'", name=op.f("ck_objective_template_targets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective_template")),
    )
    op.create_index(
        "ix_objective_template_name", "objective_template", ["name", "id"], unique=False
    )
    op.create_index(
        "ix_objective_template_sort", "objective_template", ["sort", "id"], unique=False
    )
    op.create_index(
        "uq_objective_template_name", "objective_template", [sa.text("casefold(name)")], unique=True
    )
    op.create_table(
        "objective",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("template_id", sa.Uuid(), nullable=True),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("targets", _JSON, nullable=False),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("measures", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("computed_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ends_on >= starts_on and (ends_on is not null or frequency <> 'once')",
            name=op.f("ck_objective_window"),
        ),
        sa.CheckConstraint(
            "frequency in ('once', 'daily', 'weekly', 'monthly')",
            name=op.f("ck_objective_frequency"),
        ),
        sa.CheckConstraint(
            "not targets ? 'opp_amount_won' or currency is not null",
            name=op.f("ck_objective_currency"),
        ),
        sa.CheckConstraint("targets <> '{}'", name=op.f("ck_objective_targets")),
        sa.CheckConstraint(
            "(user_id is null) <> (team_id is null)", name=op.f("ck_objective_subject")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_objective_team_id")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["objective_template.id"], name=op.f("fk_objective_template_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_objective_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective")),
    )
    op.create_index("ix_objective_created_at", "objective", ["created_at", "id"], unique=False)
    op.create_index("ix_objective_name", "objective", ["name", "id"], unique=False)
    op.create_index("ix_objective_starts_on", "objective", ["starts_on", "id"], unique=False)
    op.create_index(
        "ix_objective_team",
        "objective",
        ["team_id", "id"],
        unique=False,
        postgresql_where=sa.text("team_id is not null"),
    )
    op.create_index(
        "ix_objective_user",
        "objective",
        ["user_id", "id"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_table(
        "objective_progress",
        sa.Column("objective_id", sa.Uuid(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("value", sa.Numeric(precision=22, scale=4), nullable=False),
        sa.Column("target", sa.Numeric(precision=22, scale=4), nullable=False),
        sa.Column(
            "ratio",
            sa.Numeric(precision=24, scale=4),
            sa.Computed("round(value / target, 4)", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "met", sa.Boolean(), sa.Computed("value >= target", persisted=True), nullable=False
        ),
        sa.Column("computed_at", _INSTANT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "measure in ('opp_amount_won', 'opp_created', 'opp_won', 'calls', 'meetings', 'leads_converted')",
            name=op.f("ck_objective_progress_measure"),
        ),
        sa.CheckConstraint("target > 0", name=op.f("ck_objective_progress_target")),
        sa.ForeignKeyConstraint(
            ["objective_id"], ["objective.id"], name=op.f("fk_objective_progress_objective_id")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["team.id"], name=op.f("fk_objective_progress_team_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_objective_progress_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objective_progress")),
    )
    op.create_index(
        "ix_objective_progress_ratio", "objective_progress", ["ratio", "id"], unique=False
    )
    op.create_index(
        "ix_objective_progress_starts_on", "objective_progress", ["starts_on", "id"], unique=False
    )
    op.create_index(
        "ix_objective_progress_team",
        "objective_progress",
        ["team_id", "starts_on"],
        unique=False,
        postgresql_where=sa.text("team_id is not null"),
    )
    op.create_index(
        "ix_objective_progress_user",
        "objective_progress",
        ["user_id", "starts_on"],
        unique=False,
        postgresql_where=sa.text("user_id is not null"),
    )
    op.create_index(
        "uq_objective_progress",
        "objective_progress",
        ["objective_id", "starts_on", "measure"],
        unique=True,
    )
    op.create_index(
        "ix_lead_converted_at",
        "lead",
        ["converted_at", "id"],
        postgresql_where=sa.text("converted_at is not null"),
    )
    op.execute(
        "insert into event_reader (id, name, position)"
        " select gen_random_uuid(), 'objectives', coalesce(max(position), 0) from event_seal"
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_index("ix_lead_converted_at", table_name="lead")
    op.drop_table("objective_progress")
    op.drop_table("objective")
    op.drop_table("objective_template")
    op.drop_table("event_reader")
