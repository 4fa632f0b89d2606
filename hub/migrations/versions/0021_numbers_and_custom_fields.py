"""Number sequences as records; custom fields.

Revision: 0021
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_JSON = postgresql.JSONB(astext_type=sa.Text())
_INSTANT = sa.DateTime(timezone=True)


_CUSTOMISED = ("customer", "lead", "opportunity")


def upgrade() -> None:
    """Give sequences what records have, and records fields of the installation's own."""
    for table in _CUSTOMISED:
        op.add_column(table, sa.Column("custom", _JSON, server_default="{}", nullable=False))
    op.create_table(
        "custom_field",
        sa.Column("entity_name", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("sort", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("catalogue", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _INSTANT, server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_by", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", _INSTANT, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(type = 'choice') = (catalogue is not null)", name=op.f("ck_custom_field_catalogue")
        ),
        sa.CheckConstraint(
            "(type = 'reference') = (reference is not null)",
            name=op.f("ck_custom_field_reference"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_field")),
    )
    op.create_index(
        "uq_custom_field",
        "custom_field",
        ["entity_name", "key"],
        unique=True,
        postgresql_where=sa.text("deleted_at is null"),
    )
    op.create_index("ix_custom_field_sort", "custom_field", ["entity_name", "sort", "id"])
    op.create_index("ix_custom_field_place", "custom_field", ["sort", "id"])
    for name in ("created_at", "updated_at"):
        op.add_column(
            "number_sequence",
            sa.Column(name, _INSTANT, server_default=sa.text("now()"), nullable=False),
        )
    for name in ("created_by", "updated_by"):
        op.add_column("number_sequence", sa.Column(name, sa.Uuid(), nullable=True))
    op.add_column("number_sequence", sa.Column("deleted_at", _INSTANT, nullable=True))
    op.add_column(
        "number_sequence", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "number_sequence",
        sa.Column("automatic", sa.Boolean(), server_default="true", nullable=False),
    )
    op.drop_column("number_sequence", "former_prefixes")
    op.add_column(
        "number_sequence", sa.Column("reached", _JSON, server_default="{}", nullable=False)
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_table("custom_field")
    for table in _CUSTOMISED:
        op.drop_column(table, "custom")
    for name in (
        "created_at", "updated_at", "created_by", "updated_by", "deleted_at", "version",
        "automatic", "reached",
    ):  # fmt: skip
        op.drop_column("number_sequence", name)
    op.add_column(
        "number_sequence", sa.Column("former_prefixes", _JSON, server_default="[]", nullable=False)
    )
