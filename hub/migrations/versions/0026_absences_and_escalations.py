"""Absences of people; requests that go up; recall by class of value, classification and program.

Revision: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add them; pools and requests that there are go on as before."""
    op.create_table(
        "absence",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_absence_window")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_absence_user_id_app_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_starts_on", "absence", ["starts_on", "id"])
    op.create_index("ix_absence_ends_on", "absence", ["ends_on", "id"])
    op.create_index("ix_absence_created_at", "absence", ["created_at", "id"])
    op.create_index("ix_absence_user", "absence", ["user_id", "id"])
    op.add_column("approval", sa.Column("escalates_at", _INSTANT, nullable=True))
    op.add_column("approval", sa.Column("escalated_at", _INSTANT, nullable=True))
    op.add_column(
        "approval",
        sa.Column("escalated_to", postgresql.ARRAY(sa.Uuid()), server_default="{}", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_approval_escalation"), "approval", "escalates_at < expires_at"
    )
    op.create_index(
        "ix_approval_escalates_at",
        "approval",
        ["escalates_at"],
        postgresql_where=sa.text("state = 'requested' and escalated_at is null"),
    )
    op.add_column("pool", sa.Column("escalation_hours", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_pool_escalation"),
        "pool",
        "escalation_hours >= 1 and escalation_hours < application_days * 24",
    )
    op.add_column(
        "pool", sa.Column("recall_exceptions", _JSON, server_default="[]", nullable=False)
    )
    op.add_column("pool_claim", sa.Column("escalated_at", _INSTANT, nullable=True))


def downgrade() -> None:
    """Forget them; what was to go up waits where it is."""
    op.drop_column("pool_claim", "escalated_at")
    op.drop_column("pool", "recall_exceptions")
    op.drop_constraint(op.f("ck_pool_escalation"), "pool")
    op.drop_column("pool", "escalation_hours")
    op.drop_index("ix_approval_escalates_at", table_name="approval")
    op.drop_constraint(op.f("ck_approval_escalation"), "approval")
    op.drop_column("approval", "escalated_to")
    op.drop_column("approval", "escalated_at")
    op.drop_column("approval", "escalates_at")
    op.drop_table("absence")
