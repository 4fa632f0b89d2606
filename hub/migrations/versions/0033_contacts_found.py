"""Contacts are found by quick search, and sorted by name.

Revision: 0033
"""

import sqlalchemy as sa
from alembic import op

from hub.customers.keyed import texts
from hub.listing.search import search_document
from hub.listing.sorting import sort_text

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_AT_ONCE = 5_000
_READ = sa.text("""
    select id, first_name, last_name, job, email, office_phone, mobile, fax, address, handles
    from contact where id > :after order by id limit :some
""")
_FILL = sa.text("""
    update contact k set search_text = of.found, sort_name = of.sorted
    from unnest(cast(:ids as uuid[]), cast(:found as text[]), cast(:sorted as text[]))
        as of (id, found, sorted)
    where k.id = of.id
""")


def upgrade() -> None:
    """Add what they are found and sorted by, as it is for those that are there, and the indexes.

    How words are folded no SQL says, so that it is asked of what fills it from then on.
    """
    for column in ("search_text", "sort_name"):
        op.add_column("contact", sa.Column(column, sa.Text(), server_default="", nullable=False))
    connection = op.get_bind()
    after = "00000000-0000-0000-0000-000000000000"
    while rows := connection.execute(_READ, {"after": after, "some": _AT_ONCE}).all():
        connection.execute(
            _FILL,
            {
                "ids": [row.id for row in rows],
                "found": [_found(row) for row in rows],
                "sorted": [
                    sort_text(" ".join(_names(row)[::-1]) or row.email or "") for row in rows
                ],
            },
        )
        after = rows[-1].id
    op.create_index("ix_contact_sort_name", "contact", ["sort_name", "id"])
    op.create_index(
        "ix_contact_search",
        "contact",
        [sa.literal_column("search_trigrams(search_text)"),
         sa.literal_column("search_slips(search_text)")],
        postgresql_using="gin",
    )  # fmt: skip


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_contact_search", table_name="contact", postgresql_using="gin")
    op.drop_index("ix_contact_sort_name", table_name="contact")
    for column in ("sort_name", "search_text"):
        op.drop_column("contact", column)


def _names(row: sa.Row[tuple[object, ...]]) -> list[str]:
    return [name for name in (row.first_name, row.last_name) if name]


def _found(row: sa.Row[tuple[object, ...]]) -> str:
    others = (row.job, row.email, row.office_phone, row.mobile, row.fax, row.address)
    return search_document(" ".join(_names(row)), [*others, *texts(row.handles).values()])
