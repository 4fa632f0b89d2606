"""A search with slips starts no parallel workers, which takes longer than the search.

Revision: 0032
"""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.execute("alter function search_slips(text) parallel restricted")


def downgrade() -> None:
    """Take back."""
    op.execute("alter function search_slips(text) parallel safe")
