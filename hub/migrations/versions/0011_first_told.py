"""When somebody was first told of a record that he cannot see.

Revision: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "blind_match",
        sa.Column(
            "first_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
    )
    op.execute("update blind_match set first_at = at")
    op.drop_index("ix_blind_match_user", "blind_match")
    op.create_index("ix_blind_match_user", "blind_match", ["user_id", "first_at"])


def downgrade() -> None:
    op.drop_index("ix_blind_match_user", "blind_match")
    op.create_index("ix_blind_match_user", "blind_match", ["user_id", "at"])
    op.drop_column("blind_match", "first_at")
