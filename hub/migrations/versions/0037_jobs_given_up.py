"""Who took a job from its queue or gave a dead one up, and why.

Revision: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns."""
    op.add_column("job", sa.Column("cancelled_by", sa.Uuid(), nullable=True))
    op.add_column("job", sa.Column("cancel_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take them away."""
    op.drop_column("job", "cancel_reason")
    op.drop_column("job", "cancelled_by")
