"""Customers found by the numbers of their contacts; classes and tabs of custom fields.

Revision: 0025
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_OF_CONTACTS = (
    ("ix_lead_contact", "lead", "contact_id"),
    ("ix_lead_converted_contact", "lead", "converted_contact_id"),
    ("ix_opportunity_contact", "opportunity", "contact_id"),
)
_TAGS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    """Add what is kept of contacts with their customer, and have it found.

    Phones are kept as E.164 has them, so that their digits are the words they are found by.
    """
    op.add_column(
        "customer", sa.Column("contact_numbers", _TAGS, server_default="{}", nullable=False)
    )
    op.execute("""
        update customer c
        set contact_numbers = of.numbers, search_text = c.search_text || of.found
        from (
            select k.customer_id,
                array_agg(p.number order by k.id, p.place) as numbers,
                string_agg(
                    case when p.place < 3 then regexp_replace(p.number, '[^0-9]', '', 'g')
                    else lower(p.number) end || '  ',
                    '' order by k.id, p.place
                ) as found
            from contact k
            cross join lateral (
                select k.office_phone, 1 union all select k.mobile, 2
                union all
                select substr(handle, strpos(handle, ':') + 1), 2 + place
                from unnest(k.handles) with ordinality as h (handle, place)
            ) as p (number, place)
            where k.deleted_at is null and p.number is not null
            group by k.customer_id
        ) as of
        where of.customer_id = c.id and c.deleted_at is null
    """)
    _formats("'xlsx', 'csv', 'html'")
    op.add_column("custom_field", sa.Column("tab", sa.Text(), nullable=True))
    op.add_column(
        "custom_field",
        sa.Column("field_class", sa.Text(), server_default="public", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_custom_field_field_class"),
        "custom_field",
        "field_class in ('public', 'internal', 'sensitive')",
    )
    for name, table, column in _OF_CONTACTS:
        op.create_index(name, table, [column], postgresql_where=sa.text(f"{column} is not null"))
    op.create_index(
        "ix_activity_attendees",
        "activity",
        ["attendees"],
        postgresql_using="gin",
        postgresql_ops={"attendees": "jsonb_path_ops"},
        postgresql_where=sa.text("attendees <> '[]'::jsonb"),
    )
    op.create_index("ix_shop_identity_customer", "shop_identity", ["customer_id"])
    op.create_index(
        "ix_shop_identity_of_shop", "shop_identity", ["shop_customer_id", "customer_id"]
    )


def downgrade() -> None:
    """Forget them; the next change of a customer leaves them out of what it is found by."""
    op.drop_index("ix_shop_identity_of_shop", table_name="shop_identity")
    op.drop_index("ix_shop_identity_customer", table_name="shop_identity")
    op.execute("delete from export where format = 'html'")
    op.execute("update report_def set format = 'xlsx' where format = 'html'")
    _formats("'xlsx', 'csv'")
    op.drop_index("ix_activity_attendees", table_name="activity")
    for name, table, _ in _OF_CONTACTS:
        op.drop_index(name, table_name=table)
    op.drop_column("custom_field", "field_class")
    op.drop_column("custom_field", "tab")
    op.drop_column("customer", "contact_numbers")


def _formats(allowed: str) -> None:
    for table in ("export", "report_def"):
        name = op.f(f"ck_{table}_format")
        op.drop_constraint(name, table)
        op.create_check_constraint(name, table, f"format in ({allowed})")
