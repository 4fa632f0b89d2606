"""Searches of a registry say until when they wait; held jobs are released one after another.

Revision: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.add_column(
        "registry_lookup", sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("job", sa.Column("release_key", sa.Text(), nullable=True))
    op.create_index(
        "uq_job_running_release_key",
        "job",
        ["release_key"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "ix_job_release",
        "job",
        ["release_key", "id"],
        postgresql_where=sa.text("release_key is not null and state in ('queued', 'running')"),
    )


def downgrade() -> None:
    """Drop both."""
    op.drop_index("ix_job_release", table_name="job")
    op.drop_index("uq_job_running_release_key", table_name="job")
    op.drop_column("job", "release_key")
    op.drop_column("registry_lookup", "next_try_at")
