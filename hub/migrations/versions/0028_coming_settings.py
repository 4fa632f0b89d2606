"""Changes of policies that hold from an instant to come.

Revision: 0028
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Make their table."""
    op.create_table(
        "coming_setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("changes", _JSON, nullable=False),
        sa.Column("effective_at", _INSTANT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("applied_at", _INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coming_setting")),
    )
    op.create_index("ix_coming_setting_key", "coming_setting", ["key", "effective_at", "id"])


def downgrade() -> None:
    """Forget what was to come."""
    op.drop_table("coming_setting")
