"""Approvals, and the policies that administrators set.

Revision: 0003
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DELIVERY_KINDS = (
    "kind in ('invitation', 'update', 'cancellation', 'due', 'report', 'alert', 'recovery',"
    " 'digest', 'test')"
)
_WITH_APPROVALS = _DELIVERY_KINDS.replace("'test'", "'test', 'approval'")
_OPEN = sa.text("state = 'requested'")


def _record(
    name: str, *columns: sa.Column[Any], constraints: tuple[sa.Constraint, ...] = ()
) -> None:
    op.create_table(
        name,
        *columns,
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *constraints,
    )


def upgrade() -> None:
    _record(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        constraints=(sa.UniqueConstraint("key", name=op.f("uq_setting_key")),),
    )
    _record(
        "approval",
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column(
            "data",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("state", sa.Text(), server_default="requested", nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        constraints=(
            sa.CheckConstraint(
                "state in ('requested', 'approved', 'refused', 'withdrawn', 'expired')",
                name=op.f("ck_approval_state"),
            ),
            sa.CheckConstraint(
                "(state = 'requested') = (decided_at is null)", name=op.f("ck_approval_decided")
            ),
            sa.CheckConstraint(
                "state not in ('approved', 'refused') or decided_by <> requested_by",
                name=op.f("ck_approval_not_own"),
            ),
            sa.ForeignKeyConstraint(
                ["requested_by"], ["app_user.id"], name=op.f("fk_approval_requested_by")
            ),
            sa.ForeignKeyConstraint(
                ["decided_by"], ["app_user.id"], name=op.f("fk_approval_decided_by")
            ),
        ),
    )
    op.create_index(
        "uq_approval_open",
        "approval",
        ["subject_id", "action", "requested_by", "reference"],
        unique=True,
        postgresql_where=_OPEN,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_approval_subject", "approval", ["subject_id", "action", "reference"])
    op.create_index("ix_approval_requested_by", "approval", ["requested_by", "id"])
    op.create_index("ix_approval_decided_by", "approval", ["decided_by", "id"])
    op.create_index("ix_approval_created_at", "approval", ["created_at", "id"])
    op.create_index("ix_approval_decided_at", "approval", ["decided_at", "id"])
    op.create_index("ix_approval_expires_at", "approval", ["expires_at"], postgresql_where=_OPEN)
    _allow_deliveries(_WITH_APPROVALS)


def downgrade() -> None:
    op.execute("delete from delivery where kind = 'approval'")
    _allow_deliveries(_DELIVERY_KINDS)
    op.drop_table("approval")
    op.drop_table("setting")


def _allow_deliveries(kinds: str) -> None:
    op.drop_constraint(op.f("ck_delivery_kind"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_kind"), "delivery", kinds)
