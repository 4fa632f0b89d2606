"""A connection that may not be called says why, and people are told of it.

Revision: 0036
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_KINDS = (
    "connection_revoked", "connection_paused", "connection_degraded", "connection_held",
    "dead_jobs", "stuck_work", "report_failed", "conflicts", "mail_failed", "mail_unsure",
    "mail_waiting", "mail_server_down",
)  # fmt: skip
_BLOCKED = "connection_blocked"
_CHECK = "ck_problem_kind"


def upgrade() -> None:
    """Add the reason and its time, and allow the kind of problem."""
    op.add_column("connection_gate", sa.Column("blocked_at", sa.DateTime(timezone=True)))
    op.add_column("connection_gate", sa.Column("blocked_reason", postgresql.JSONB()))
    _allow((*_KINDS[:3], _BLOCKED, *_KINDS[3:]))


def downgrade() -> None:
    """Take them away, and the problems of that kind."""
    op.execute(f"delete from problem where kind = '{_BLOCKED}'")  # noqa: S608 - a constant above
    op.execute(
        f"update problem set alerted_kind = null where alerted_kind = '{_BLOCKED}'"  # noqa: S608 - a constant above
    )
    _allow(_KINDS)
    op.drop_column("connection_gate", "blocked_reason")
    op.drop_column("connection_gate", "blocked_at")


def _allow(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(_CHECK), "problem", type_="check")
    op.create_check_constraint(op.f(_CHECK), "problem", f"kind in ({', '.join(map(repr, kinds))})")
