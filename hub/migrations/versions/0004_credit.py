"""Credit codes, holds, and documents mirrored from accounting.

Revision: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_codes()
    _create_documents()
    _extend_customers()


def _create_codes() -> None:
    op.create_table(
        "credit_code",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "effect in ('none', 'warn', 'require_approval', 'block')",
            name=op.f("ck_credit_code_effect"),
        ),
        sa.CheckConstraint(
            "code <> 'current_account' or (active and effect = 'none')",
            name=op.f("ck_credit_code_default_is_free"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_code")),
        sa.UniqueConstraint("code", name=op.f("uq_credit_code_code")),
    )
    op.execute("""
        insert into credit_code (id, code, label, effect, sort) values
            (uuidv7(), 'current_account', 'Current account', 'none', 10),
            (uuidv7(), 'past_due', 'Past due', 'warn', 20),
            (uuidv7(), 'new_account', 'New account', 'require_approval', 30),
            (uuidv7(), 'credit_hold', 'Credit hold', 'block', 40)
    """)


def _create_documents() -> None:
    op.create_table(
        "doc_mirror",
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("remote_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("remaining", sa.Numeric(18, 4), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("mirrored_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind in ('invoice', 'credit_note', 'payment', 'order')",
            name=op.f("ck_doc_mirror_kind"),
        ),
        sa.CheckConstraint("(state = 'open') = (remaining <> 0)", name=op.f("ck_doc_mirror_state")),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["connection.id"], name=op.f("fk_doc_mirror_connection_id")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_doc_mirror_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doc_mirror")),
    )
    op.create_index(
        "uq_doc_mirror_remote", "doc_mirror", ["connection_id", "kind", "remote_id"], unique=True
    )
    op.create_index("ix_doc_mirror_customer", "doc_mirror", ["customer_id", "issued_on", "id"])
    op.create_index("ix_doc_mirror_issued_on", "doc_mirror", ["issued_on", "id"])
    op.create_index("ix_doc_mirror_due_on", "doc_mirror", ["due_on", "id"])
    op.create_index(
        "ix_doc_mirror_open",
        "doc_mirror",
        ["customer_id", "currency"],
        postgresql_where=sa.text("state = 'open'"),
    )


def _extend_customers() -> None:
    op.add_column(
        "customer",
        sa.Column("credit_code", sa.Text(), server_default="current_account", nullable=False),
    )
    op.add_column("customer", sa.Column("hold", sa.Text(), server_default="clear", nullable=False))
    op.add_column("customer", sa.Column("hold_message", postgresql.JSONB(), nullable=True))
    op.add_column("customer", sa.Column("hold_by", sa.Uuid(), nullable=True))
    op.add_column("customer", sa.Column("hold_at", _INSTANT, nullable=True))
    op.create_foreign_key(op.f("fk_customer_hold_by"), "customer", "app_user", ["hold_by"], ["id"])
    op.create_check_constraint(
        op.f("ck_customer_hold"), "customer", "hold in ('clear', 'held_auto', 'held_manual')"
    )
    op.create_check_constraint(
        op.f("ck_customer_hold_dated"), "customer", "(hold = 'clear') = (hold_at is null)"
    )
    op.create_index(
        "ix_customer_hold", "customer", ["hold", "id"], postgresql_where=sa.text("hold <> 'clear'")
    )


def downgrade() -> None:
    op.drop_index("ix_customer_hold", table_name="customer")
    for column in ("hold_at", "hold_by", "hold_message", "hold", "credit_code"):
        op.drop_column("customer", column)
    op.drop_table("doc_mirror")
    op.drop_table("credit_code")
