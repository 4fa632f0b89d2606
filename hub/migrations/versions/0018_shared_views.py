"""Reports, which are saved views, are their author's, a team's, or everybody's.

Revision: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "report_def",
        sa.Column("audience", sa.Text(), server_default="author", nullable=False),
    )
    op.add_column("report_def", sa.Column("team_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_report_def_team_id_team"), "report_def", "team", ["team_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_report_def_audience"), "report_def", "audience in ('author', 'team', 'everybody')"
    )
    op.create_check_constraint(
        op.f("ck_report_def_team"), "report_def", "(audience = 'team') = (team_id is not null)"
    )


def downgrade() -> None:
    op.drop_column("report_def", "team_id")
    op.drop_column("report_def", "audience")
