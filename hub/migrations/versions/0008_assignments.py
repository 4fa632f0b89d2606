"""Plans that assign: an action of their own.

Revision: 0008
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ACTION = "ck_plan_item_action"
_BEFORE = "action in ('create', 'update', 'link', 'skip', 'conflict', 'refuse')"
_AFTER = "action in ('create', 'update', 'link', 'assign', 'skip', 'conflict', 'refuse')"


def upgrade() -> None:
    """Let plan items assign."""
    _replace(_AFTER)


def downgrade() -> None:
    """Leave plans that assign behind as what they were to read."""
    op.execute("update plan_item set action = 'update' where action = 'assign'")
    _replace(_BEFORE)


def _replace(condition: str) -> None:
    op.drop_constraint(op.f(_ACTION), "plan_item", type_="check")
    op.create_check_constraint(op.f(_ACTION), "plan_item", condition)
