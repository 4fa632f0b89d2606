"""Sharing: the list of grants in its order, and what people were told of records they cannot see.

Revision: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_access_grant_created_at", "access_grant", ["created_at", "id"])
    op.create_table(
        "blind_match",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("subject_type", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_blind_match_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blind_match")),
    )
    op.create_index(
        "uq_blind_match",
        "blind_match",
        ["user_id", "subject_type", "subject_id", "fingerprint"],
        unique=True,
    )
    op.create_index("ix_blind_match_user", "blind_match", ["user_id", "at"])


def downgrade() -> None:
    op.drop_table("blind_match")
    op.drop_index("ix_access_grant_created_at", "access_grant")
