"""Leads come in by files and by hooks.

Revision: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let what comes from outside be known again as a lead."""
    op.alter_column("import_identity", "customer_id", nullable=True)
    op.add_column("import_identity", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_import_identity_lead_id"), "import_identity", "lead", ["lead_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_import_identity_whose"),
        "import_identity",
        "num_nonnulls(customer_id, lead_id) = 1",
    )
    op.create_index(
        "ix_import_identity_lead",
        "import_identity",
        ["lead_id"],
        postgresql_where=sa.text("lead_id is not null"),
    )
    op.add_column("hook_delivery", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.add_column("hook_resource", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_hook_resource_lead_id"), "hook_resource", "lead", ["lead_id"], ["id"]
    )


def downgrade() -> None:
    """Forget by what leads are known again."""
    op.drop_constraint(op.f("fk_hook_resource_lead_id"), "hook_resource", type_="foreignkey")
    op.drop_column("hook_resource", "lead_id")
    op.drop_column("hook_delivery", "lead_id")
    op.drop_index("ix_import_identity_lead", table_name="import_identity")
    op.execute("delete from import_identity where lead_id is not null")
    op.drop_constraint(op.f("ck_import_identity_whose"), "import_identity", type_="check")
    op.drop_constraint(op.f("fk_import_identity_lead_id"), "import_identity", type_="foreignkey")
    op.drop_column("import_identity", "lead_id")
    op.alter_column("import_identity", "customer_id", nullable=False)
