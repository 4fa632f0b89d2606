"""An open lead is found by the mail address of whoever writes.

Revision: 0035
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_NAME = "ix_lead_open_email"


def upgrade() -> None:
    """Index the addresses of open leads."""
    op.create_index(
        _NAME, "lead", [sa.text("casefold(email)"), "id"],
        postgresql_where=sa.text("is_open and email is not null"),
    )  # fmt: skip


def downgrade() -> None:
    """Take the index away."""
    op.drop_index(_NAME, table_name="lead")
