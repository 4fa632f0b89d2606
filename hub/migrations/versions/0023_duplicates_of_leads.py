"""Pairs of leads, and of leads with customers; scans by chosen fields; errands of workflows.

Revision: 0023
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_TEXTS = postgresql.ARRAY(sa.Text())
_DELIVERY_KINDS = (
    "kind in ('invitation', 'update', 'cancellation', 'due', 'report', 'alert', 'recovery',"
    " 'digest', 'test', 'approval', 'recall_warning', 'welcome', 'password_reset',"
    " 'password_changed', 'address_verification')"
)
_WITH_MOVES = _DELIVERY_KINDS.replace("'recall_warning'", "'recall_warning', 'move'")
_JSON = postgresql.JSONB(astext_type=sa.Text())


def upgrade() -> None:
    """Let a pair be of two kinds of records, and a state have something done on entering it."""
    for side in ("a", "b"):
        op.drop_constraint(f"fk_dup_candidate_{side}_id", "dup_candidate", type_="foreignkey")
        op.add_column(
            "dup_candidate",
            sa.Column(f"{side}_entity", sa.Text(), server_default="customer", nullable=False),
        )
    op.create_check_constraint(
        op.f("ck_dup_candidate_entities"),
        "dup_candidate",
        "a_entity in ('customer', 'lead') and b_entity in ('customer', 'lead')",
    )
    op.add_column("dup_candidate", sa.Column("agrees", _TEXTS, server_default="{}", nullable=False))
    op.add_column("dup_candidate", sa.Column("chosen", _JSON, server_default="[]", nullable=False))
    op.add_column(
        "duplicate_scan",
        sa.Column("entities", _TEXTS, server_default="{customer,lead}", nullable=False),
    )
    op.add_column(
        "duplicate_scan", sa.Column("fields", _TEXTS, server_default="{}", nullable=False)
    )
    op.add_column(
        "duplicate_scan",
        sa.Column("entity", sa.Text(), server_default="customer", nullable=False),
    )
    op.add_column(
        "workflow_state", sa.Column("on_enter", _JSON, server_default="[]", nullable=False)
    )
    _allow_deliveries(_WITH_MOVES)


def _allow_deliveries(kinds: str) -> None:
    op.drop_constraint(op.f("ck_delivery_kind"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_kind"), "delivery", kinds)


def downgrade() -> None:
    """Forget what is not of customers alone, and what is done on entering states."""
    op.execute("delete from delivery where kind = 'move'")
    _allow_deliveries(_DELIVERY_KINDS)
    op.execute("update workflow_transition set on_enter = '[]'")
    op.drop_column("workflow_state", "on_enter")
    for name in ("entity", "fields", "entities"):
        op.drop_column("duplicate_scan", name)
    op.execute("delete from dup_candidate where a_entity <> 'customer' or b_entity <> 'customer'")
    op.drop_constraint(op.f("ck_dup_candidate_entities"), "dup_candidate", type_="check")
    for name in ("chosen", "agrees", "b_entity", "a_entity"):
        op.drop_column("dup_candidate", name)
    for side in ("a", "b"):
        op.create_foreign_key(
            op.f(f"fk_dup_candidate_{side}_id"), "dup_candidate", "customer", [f"{side}_id"], ["id"]
        )
