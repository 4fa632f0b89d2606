"""Contacts and activities have fields of the installation's own, customers a second number.

Revision: 0034
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

_CUSTOMISED = ("contact", "activity")


def upgrade() -> None:
    """Add the column of their values, and that of the number."""
    json = postgresql.JSONB(astext_type=sa.Text())
    for table in _CUSTOMISED:
        op.add_column(table, sa.Column("custom", json, server_default="{}", nullable=False))
    op.add_column("customer", sa.Column("mobile", sa.Text(), nullable=True))


def downgrade() -> None:
    """Forget them, with the fields whose values they are."""
    op.drop_column("customer", "mobile")
    op.execute("delete from custom_field where entity_name in ('contact', 'activity')")
    for table in _CUSTOMISED:
        op.drop_column(table, "custom")
