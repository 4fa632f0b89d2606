"""How a customer stands in accounting is kept by system; so far the last to say so was shown.

Revision: 0039
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; each customer's is filled as something is noted of it."""
    op.add_column(
        "customer",
        sa.Column("accounting_standings", postgresql.JSONB(), server_default="{}", nullable=False),
    )


def downgrade() -> None:
    """Forget what is kept by system; what is shown of all stays."""
    op.drop_column("customer", "accounting_standings")
