"""Customers' depth: profile, registration numbers, bank, handles, routes of mail, addresses.

Revision: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)
_TEXTS = (
    "qualification", "value_class", "source", "follow_up_method", "price_list", "tax_group", "bic",
    "bank_account",
)  # fmt: skip
_MIXES = {
    "customer": ("registrations", "handles", "classifications", "mail_routes"),
    "contact": ("roles", "handles"),
}
_SWITCHES = ("refuses_calls", "refuses_email")
_TERMS = """
    insert into catalogue_entry (id, catalogue, code, label, sort)
    select gen_random_uuid(), 'terms_codes', terms_code, terms_code, 1000
    from customer where terms_code is not null group by terms_code
    on conflict do nothing
"""
"""What customers have already are entries, so that they keep what they have."""


def upgrade() -> None:
    """Add the columns and the table; terms that customers have become a catalogue's entries."""
    for name in _TEXTS:
        op.add_column("customer", sa.Column(name, sa.Text(), nullable=True))
    for table, names in _MIXES.items():
        for name in names:
            op.add_column(
                table,
                sa.Column(name, postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
            )
    for name in _SWITCHES:
        op.add_column(
            "customer", sa.Column(name, sa.Boolean(), server_default="false", nullable=False)
        )
    op.add_column("contact", sa.Column("address", sa.Text(), nullable=True))
    op.create_table(
        "address",
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("ean", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("is_default", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind in ('billing', 'shipping', 'other')", name=op.f("ck_address_kind")
        ),
        sa.CheckConstraint(
            "coalesce(address, city, postcode, email) is not null",
            name=op.f("ck_address_somewhere"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_address_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address")),
    )
    op.create_index("ix_address_customer", "address", ["customer_id", "id"])
    op.create_index("ix_address_created_at", "address", ["created_at", "id"])
    op.create_index(
        "uq_address_external_ref",
        "address",
        ["external_ref"],
        unique=True,
        postgresql_where=sa.text("external_ref is not null and deleted_at is null"),
    )
    op.create_index(
        "uq_address_default",
        "address",
        ["customer_id", "kind"],
        unique=True,
        postgresql_where=sa.text("is_default and deleted_at is null"),
    )
    op.create_index(
        "ix_lead_refuses_email",
        "lead",
        [sa.text("casefold(email)")],
        postgresql_where=sa.text("refuses_email"),
    )
    op.execute(_TERMS)


def downgrade() -> None:
    """Take them away, with what they held."""
    op.drop_index("ix_lead_refuses_email", table_name="lead")
    op.drop_table("address")
    op.drop_column("contact", "address")
    for name in _SWITCHES:
        op.drop_column("customer", name)
    for table, names in _MIXES.items():
        for name in names:
            op.drop_column(table, name)
    for name in _TEXTS:
        op.drop_column("customer", name)
