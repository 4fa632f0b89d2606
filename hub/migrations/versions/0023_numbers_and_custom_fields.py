"""Number sequences as records; custom fields.

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Give sequences what records have."""
    for name in ("created_at", "updated_at"):
        op.add_column(
            "number_sequence",
            sa.Column(name, _INSTANT, server_default=sa.text("now()"), nullable=False),
        )
    for name in ("created_by", "updated_by"):
        op.add_column("number_sequence", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("number_sequence", sa.Column("deleted_at", _INSTANT, nullable=True))
    op.add_column(
        "number_sequence", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "number_sequence",
        sa.Column("automatic", sa.Boolean(), server_default="true", nullable=False),
    )
    op.drop_column("number_sequence", "former_prefixes")
    op.add_column(
        "number_sequence", sa.Column("reached", _JSON, server_default="{}", nullable=False)
    )


def downgrade() -> None:
    """Take it away."""
    for name in (
        "created_at", "updated_at", "created_by", "updated_by", "deleted_at", "version",
        "automatic", "reached",
    ):  # fmt: skip
        op.drop_column("number_sequence", name)
    op.add_column(
        "number_sequence", sa.Column("former_prefixes", _JSON, server_default="[]", nullable=False)
    )
