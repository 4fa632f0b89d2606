"""Pools: rules, claims, draws; customers know the pool that they wait in or came from.

Revision: 0010
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_IDS = postgresql.ARRAY(sa.Uuid())
_TEXTS = postgresql.ARRAY(sa.Text())
_DELIVERY_KINDS = (
    "kind in ('invitation', 'update', 'cancellation', 'due', 'report', 'alert', 'recovery',"
    " 'digest', 'test', 'approval', 'welcome', 'password_reset', 'password_changed',"
    " 'address_verification')"
)
_WITH_WARNINGS = _DELIVERY_KINDS.replace("'approval'", "'approval', 'recall_warning'")
_POOL_STATE = (
    "case when pool_state is null then pool_id is null and pooled_at is null"
    " else pool_id is not null and pool_state in ('in_pool', 'applied', 'owned')"
    " and (pool_state = 'owned') = (owner_user_id is not null)"
    " and (pool_state = 'owned') = (pooled_at is null) end"
)


_WHOSE = ("owner_user_id", "team_id", "inside_rep_id", "outside_rep_id", "protected_until")
_PAGES = {
    "ix_customer_city_name": ["city", "sort_name", "id"],
    "ix_customer_sort_name": ["sort_name", "id"],
    "ix_customer_created_at": ["created_at", "id"],
}


def _record(name: str, *parts: sa.Column[Any] | sa.Constraint) -> None:
    columns = [each for each in parts if isinstance(each, sa.Column)]
    constraints = [each for each in parts if isinstance(each, sa.Constraint)]
    op.create_table(
        name,
        *columns,
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.func.now(), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        *constraints,
    )


def _refers(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    _create_pools()
    _create_draws()
    _create_claims()
    _create_seen_cards()
    _extend_customers()
    _say_whose(*_WHOSE, "pool_id", "pooled_at", "deleted_at")
    _allow_deliveries(_WITH_WARNINGS)


def _create_pools() -> None:
    _record(
        "pool",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("entity_name", sa.Text(), server_default="customer", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("claim_team_ids", _IDS, nullable=False),
        sa.Column("manager_user_ids", _IDS, nullable=False),
        sa.Column("manager_team_ids", _IDS, nullable=False),
        sa.Column("modes", _TEXTS, nullable=False),
        sa.Column("held_quota", sa.Integer(), nullable=True),
        sa.Column("daily_quota", sa.Integer(), nullable=True),
        sa.Column("cooldown_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("recall_after_days", sa.Integer(), nullable=True),
        sa.Column("notice_days", sa.Integer(), server_default="0", nullable=False),
        sa.Column("application_days", sa.Integer(), server_default="7", nullable=False),
        sa.Column("batch_limit", sa.Integer(), server_default="100", nullable=False),
        sa.Column("draw_order", sa.Text(), nullable=False),
        sa.Column("daily_views", sa.Integer(), nullable=True),
        sa.CheckConstraint("entity_name = 'customer'", name=op.f("ck_pool_entity_name")),
        sa.CheckConstraint("modes <@ array['apply', 'random', 'self']", name=op.f("ck_pool_modes")),
        sa.CheckConstraint(
            "draw_order in ('random', 'load', 'oldest')", name=op.f("ck_pool_draw_order")
        ),
        sa.CheckConstraint(
            "held_quota >= 0 and daily_quota >= 0 and cooldown_days >= 0 and notice_days >= 0"
            " and application_days >= 1 and batch_limit >= 1 and daily_views >= 0",
            name=op.f("ck_pool_limits"),
        ),
        sa.CheckConstraint("recall_after_days > notice_days", name=op.f("ck_pool_notice")),
    )
    op.create_index(
        "uq_pool_name", "pool", [sa.literal_column("casefold(name)")], unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )  # fmt: skip


def _create_draws() -> None:
    _record(
        "pool_draw",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("draw_order", sa.Text(), nullable=False),
        sa.Column("seed", sa.Text(), nullable=False),
        sa.Column("candidates", sa.LargeBinary(), nullable=False),
        sa.Column("candidates_sha256", sa.Text(), nullable=False),
        sa.Column("candidate_count", sa.Integer(), nullable=False),
        sa.Column("hands", _JSON, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        _refers("pool_draw", "pool_id", "pool"),
    )
    op.create_index("ix_pool_draw_pool", "pool_draw", ["pool_id", "id"])


def _create_claims() -> None:
    _record(
        "pool_claim",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("approval_id", sa.Uuid(), nullable=True),
        sa.Column("draw_id", sa.Uuid(), nullable=True),
        sa.Column("draw_position", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Uuid(), nullable=True),
        sa.Column("owned_at", _INSTANT, nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("ended_by", sa.Uuid(), nullable=True),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.Column("warned_since", _INSTANT, nullable=True),
        sa.Column("warnings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("warning_out_on", sa.Date(), nullable=True),
        sa.Column("recall_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "state in ('applied', 'owned', 'refused', 'withdrawn', 'expired', 'released',"
            " 'taken_back', 'recalled', 'passed_on')",
            name=op.f("ck_pool_claim_state"),
        ),
        sa.CheckConstraint(
            "mode in ('apply', 'assign', 'random', 'self')", name=op.f("ck_pool_claim_mode")
        ),
        sa.CheckConstraint(
            "(state in ('applied', 'owned')) = (ended_at is null)"
            " and (state <> 'owned' or owned_at is not null)",
            name=op.f("ck_pool_claim_ended"),
        ),
        sa.CheckConstraint(
            "(draw_id is null) = (draw_position is null)", name=op.f("ck_pool_claim_draw")
        ),
        _refers("pool_claim", "customer_id", "customer"),
        _refers("pool_claim", "pool_id", "pool"),
        _refers("pool_claim", "user_id", "app_user"),
        _refers("pool_claim", "approval_id", "approval"),
        _refers("pool_claim", "draw_id", "pool_draw"),
        _refers("pool_claim", "decided_by", "app_user"),
        _refers("pool_claim", "ended_by", "app_user"),
    )
    op.create_index(
        "uq_pool_claim_live", "pool_claim", ["customer_id"], unique=True,
        postgresql_where=sa.text("state in ('applied', 'owned')"),
    )  # fmt: skip
    op.create_index("uq_pool_claim_draw", "pool_claim", ["draw_id", "draw_position"], unique=True)
    op.create_index("uq_pool_claim_approval", "pool_claim", ["approval_id"], unique=True)
    op.create_index("ix_pool_claim_customer", "pool_claim", ["customer_id", "user_id", "ended_at"])
    op.create_index("ix_pool_claim_taken", "pool_claim", ["pool_id", "user_id", "taken_on"])
    op.create_index(
        "ix_pool_claim_owned", "pool_claim", ["id"],
        postgresql_where=sa.text("state = 'owned'"),
    )  # fmt: skip
    op.create_index("ix_pool_claim_created_at", "pool_claim", ["created_at", "id"])


def _create_seen_cards() -> None:
    op.create_table(
        "pool_seen_card",
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("seen_on", sa.Date(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        _refers("pool_seen_card", "pool_id", "pool"),
        _refers("pool_seen_card", "user_id", "app_user"),
        _refers("pool_seen_card", "customer_id", "customer"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pool_seen_card")),
    )
    op.create_index(
        "uq_pool_seen_card", "pool_seen_card", ["user_id", "pool_id", "seen_on", "customer_id"],
        unique=True,
    )  # fmt: skip


def _extend_customers() -> None:
    op.add_column("customer", sa.Column("pool_id", sa.Uuid(), nullable=True))
    op.add_column("customer", sa.Column("pool_state", sa.Text(), nullable=True))
    op.add_column("customer", sa.Column("pooled_at", _INSTANT, nullable=True))
    op.create_foreign_key(op.f("fk_customer_pool_id"), "customer", "pool", ["pool_id"], ["id"])
    op.create_check_constraint(op.f("ck_customer_pool_state"), "customer", _POOL_STATE)
    op.create_index(
        "ix_customer_pool_owner", "customer", ["pool_id", "owner_user_id"],
        postgresql_where=sa.text("pool_id is not null"),
    )  # fmt: skip
    op.create_index(
        "ix_customer_pooled_at", "customer", ["pool_id", "pooled_at", "id"],
        postgresql_where=sa.text("pooled_at is not null"),
    )  # fmt: skip


def _say_whose(*columns: str) -> None:
    """Make the indexes of pages anew, with all columns that say who may see a row."""
    for name, keys in _PAGES.items():
        op.drop_index(name, "customer")
        op.create_index(name, "customer", keys, postgresql_include=columns)


def downgrade() -> None:
    _say_whose(*_WHOSE, "deleted_at")
    op.execute("delete from delivery where kind = 'recall_warning'")
    _allow_deliveries(_DELIVERY_KINDS)
    op.drop_index("ix_customer_pooled_at", "customer")
    op.drop_index("ix_customer_pool_owner", "customer")
    op.drop_constraint(op.f("ck_customer_pool_state"), "customer", type_="check")
    for name in ("pooled_at", "pool_state", "pool_id"):
        op.drop_column("customer", name)
    for table in ("pool_seen_card", "pool_claim", "pool_draw", "pool"):
        op.drop_table(table)


def _allow_deliveries(kinds: str) -> None:
    op.drop_constraint(op.f("ck_delivery_kind"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_kind"), "delivery", kinds)
