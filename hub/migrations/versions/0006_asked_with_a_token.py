"""What shows rows of other records knows the token that it was asked with.

Revision: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TABLES = ("export", "report_schedule", "report_run", "import_job", "plan")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("token_id", sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_{table}_token_id"), table, "api_token", ["token_id"], ["id"]
        )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "token_id")
