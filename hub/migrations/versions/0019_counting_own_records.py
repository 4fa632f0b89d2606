"""How many records somebody owns is read from an index alone.

Revision: 0019
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TABLES = ("customer", "lead", "opportunity")


def upgrade() -> None:
    """Have the indexes of owners say which rows are deleted."""
    _index(["deleted_at"])


def downgrade() -> None:
    """Leave it to the rows."""
    _index([])


def _index(columns: list[str]) -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_owner", table)
        op.create_index(
            f"ix_{table}_owner", table, ["owner_user_id", "id"], postgresql_include=columns
        )
