"""Customers that are gone in the accounting system are a problem that people are told of.

Revision: 0040
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

_KINDS = (
    "connection_revoked", "connection_paused", "connection_degraded", "connection_blocked",
    "connection_held", "dead_jobs", "stuck_work", "report_failed", "conflicts", "mail_failed",
    "mail_unsure", "mail_waiting", "mail_server_down",
)  # fmt: skip
_GONE = "gone_there"
_CHECK = "ck_problem_kind"
_INDEX = "ix_external_link_orphaned"


def upgrade() -> None:
    """Allow the kind of problem, and have its customers found among all."""
    _allow((*_KINDS[:9], _GONE, *_KINDS[9:]))
    op.create_index(
        _INDEX, "external_link", ["connection_id"],
        postgresql_where=sa.text("state = 'orphaned'"),
    )  # fmt: skip


def downgrade() -> None:
    """Take the problems of that kind away, and the kind."""
    op.drop_index(_INDEX, "external_link")
    op.execute(f"delete from problem where kind = '{_GONE}'")  # noqa: S608 - a constant above
    op.execute(
        f"update problem set alerted_kind = null where alerted_kind = '{_GONE}'"  # noqa: S608 - a constant above
    )
    _allow(_KINDS)


def _allow(kinds: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(_CHECK), "problem", type_="check")
    op.create_check_constraint(op.f(_CHECK), "problem", f"kind in ({', '.join(map(repr, kinds))})")
