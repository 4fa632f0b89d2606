"""How a customer is shipped to, pays and gets into a portal; days of orders; a kind of activity.

Revision: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_TEXTS = ("shipping_method", "shipping_instructions", "payment_processor")
_DAYS = ("starts_on", "delivers_on")
_KINDS = "'call', 'meeting', 'task', 'mail', 'memo', 'todo'"


def upgrade() -> None:
    """Add them; nobody who is there may sign in to a portal."""
    for name in _TEXTS:
        op.add_column("customer", sa.Column(name, sa.Text(), nullable=True))
    op.add_column(
        "customer",
        sa.Column("portal_login", sa.Boolean(), server_default="false", nullable=False),
    )
    for name in _DAYS:
        op.add_column("doc_mirror", sa.Column(name, sa.Date(), nullable=True))
    _kinds(f"{_KINDS}, 'event'")


def downgrade() -> None:
    """Forget them; events become meetings."""
    op.execute("update activity set kind = 'meeting' where kind = 'event'")
    _kinds(_KINDS)
    for name in _DAYS:
        op.drop_column("doc_mirror", name)
    op.drop_column("customer", "portal_login")
    for name in _TEXTS:
        op.drop_column("customer", name)


def _kinds(allowed: str) -> None:
    op.drop_constraint(op.f("ck_activity_kind"), "activity")
    op.create_check_constraint(op.f("ck_activity_kind"), "activity", f"kind in ({allowed})")
