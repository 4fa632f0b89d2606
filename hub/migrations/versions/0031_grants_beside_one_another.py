"""Of one record somebody may have two shares, one that goes further and one that lasts longer.

Revision: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_NAME, _TABLE = "uq_access_grant", "access_grant"
_OF_WHOM = ("subject_type", "subject_id", sa.text("coalesce(user_id, team_id)"))
_LIVING = sa.text("deleted_at is null")


def upgrade() -> None:
    """Let there be one of each level."""
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, [*_OF_WHOM, "level"], unique=True, postgresql_where=_LIVING)


def downgrade() -> None:
    """Let there be one, that which goes furthest."""
    op.execute(
        "update access_grant g set deleted_at = now() where g.deleted_at is null and exists ("
        "select from access_grant o where o.deleted_at is null and o.subject_id = g.subject_id"
        " and o.subject_type = g.subject_type"
        " and coalesce(o.user_id, o.team_id) = coalesce(g.user_id, g.team_id)"
        " and array_position(array['read', 'comment', 'write'], o.level)"
        " > array_position(array['read', 'comment', 'write'], g.level))"
    )
    op.drop_index(_NAME, table_name=_TABLE)
    op.create_index(_NAME, _TABLE, [*_OF_WHOM], unique=True, postgresql_where=_LIVING)
