"""Pulses: which relays and workers are alive.

Revision: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "pulse",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("process_id", sa.Integer(), nullable=False),
        sa.Column("queues", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("started_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("seen_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('relay', 'worker')", name=op.f("ck_pulse_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pulse")),
        sa.UniqueConstraint("host", "process_id", name=op.f("uq_pulse_host_process_id")),
    )


def downgrade() -> None:
    """Remove it."""
    op.drop_table("pulse")
