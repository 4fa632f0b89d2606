"""Passwords, sessions, tickets by mail, counted attempts; from where and how often a token is used.

Revision: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_OLD_KINDS = (
    "invitation", "update", "cancellation", "due", "report", "alert", "recovery", "digest", "test",
    "approval",
)  # fmt: skip
_NEW_KINDS = ("welcome", "password_reset", "password_changed", "address_verification")


def upgrade() -> None:
    _create_passwords()
    _create_sessions()
    _create_tickets()
    op.create_table(
        "attempt_count",
        sa.Column("at", postgresql.ARRAY(_INSTANT), nullable=False),
        sa.Column("last_at", _INSTANT, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt_count")),
    )
    op.create_index(op.f("ix_attempt_count_last_at"), "attempt_count", ["last_at"])
    op.add_column("api_token", sa.Column("networks", postgresql.ARRAY(sa.TEXT()), nullable=True))
    op.add_column("api_token", sa.Column("request_rate", sa.Integer(), nullable=True))
    _allow_kinds(*_OLD_KINDS, *_NEW_KINDS)
    _bind_bytes(
        "(raw is null or composed_at is not null) and (composed_at is null) = (sender is null)"
    )


def downgrade() -> None:
    delivery = sa.table("delivery", sa.column("kind"))
    op.execute(sa.delete(delivery).where(delivery.c.kind.in_(_NEW_KINDS)))
    _bind_bytes("(raw is null) = (composed_at is null) and (raw is null) = (sender is null)")
    _allow_kinds(*_OLD_KINDS)
    op.drop_column("api_token", "request_rate")
    op.drop_column("api_token", "networks")
    for table in ("attempt_count", "ticket", "user_session", "user_password"):
        op.drop_table(table)


def _create_passwords() -> None:
    op.create_table(
        "user_password",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("changed_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["app_user.id"], name=op.f("fk_user_password_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_password")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_password_user_id")),
    )


def _create_sessions() -> None:
    op.create_table(
        "user_session",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("last_seen_at", _INSTANT, nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("ended_at", _INSTANT, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(ended_at is null) = (end_reason is null)", name=op.f("ck_user_session_ended")
        ),
        sa.CheckConstraint(
            "end_reason in"
            " ('signed_out', 'revoked', 'replaced', 'password_changed', 'user_inactive')",
            name=op.f("ck_user_session_end_reason"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_user_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_user_session_secret_hash")),
    )
    op.create_index("ix_user_session_user", "user_session", ["user_id", "id"])
    op.create_index(
        "ix_user_session_live", "user_session", ["user_id"],
        postgresql_where=sa.text("ended_at is null"),
    )  # fmt: skip
    op.create_index("ix_user_session_expires_at", "user_session", ["expires_at"])


def _create_tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "purpose in ('invitation', 'password_reset', 'address_verification')",
            name=op.f("ck_ticket_purpose"),
        ),
        sa.ForeignKeyConstraint(["user_id"], ["app_user.id"], name=op.f("fk_ticket_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_ticket_secret_hash")),
    )
    op.create_index(op.f("ix_ticket_user_id"), "ticket", ["user_id"])
    op.create_index("ix_ticket_expires_at", "ticket", ["expires_at"])


def _allow_kinds(*kinds: str) -> None:
    op.drop_constraint(op.f("ck_delivery_kind"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_kind"), "delivery", f"kind in ({_quoted(kinds)})")


def _bind_bytes(condition: str) -> None:
    op.drop_constraint(op.f("ck_delivery_composed"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_composed"), "delivery", condition)


def _quoted(kinds: tuple[str, ...]) -> str:
    return ", ".join(f"'{kind}'" for kind in kinds)
