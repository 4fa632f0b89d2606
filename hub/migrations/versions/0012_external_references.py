"""References of scripts: notes and reminders have them too, and a deleted record frees its own.

Revision: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NEW = ("note", "reminder")
_OLD = ("customer", "contact")
_LIVING = sa.text("external_ref is not null and deleted_at is null")


def upgrade() -> None:
    """Give notes and reminders the column, and all four the index over living records."""
    for table in _NEW:
        op.add_column(table, sa.Column("external_ref", sa.Text(), nullable=True))
    for table in _OLD:
        op.drop_index(f"uq_{table}_external_ref", table_name=table)
    for table in (*_OLD, *_NEW):
        op.create_index(
            f"uq_{table}_external_ref",
            table,
            ["external_ref"],
            unique=True,
            postgresql_where=_LIVING,
        )


def downgrade() -> None:
    """Take them away; a deleted record loses a reference that another one has now."""
    for table in (*_OLD, *_NEW):
        op.drop_index(f"uq_{table}_external_ref", table_name=table)
    for table in _NEW:
        op.drop_column(table, "external_ref")
    for table in _OLD:
        op.execute(f"update {table} set external_ref = null where deleted_at is not null")  # noqa: S608 - names of ours
        op.create_index(f"uq_{table}_external_ref", table, ["external_ref"], unique=True)
