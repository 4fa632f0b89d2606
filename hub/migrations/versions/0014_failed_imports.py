"""An import whose file cannot be read has failed; so far it was said to be uploaded still.

Revision: 0014
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BEFORE = "state in ('uploaded', 'analysed', 'planned', 'applying', 'done', 'partial', 'undone')"
_AFTER = _BEFORE.replace("'uploaded', ", "'uploaded', 'failed', ")


def upgrade() -> None:
    """Allow the state, and give it to those that have failed."""
    _allow(_AFTER)
    op.execute(
        "update import_job set state = 'failed'"
        " where state = 'uploaded' and message ->> 'code' like 'file.%'"
    )


def downgrade() -> None:
    """Call them uploaded again."""
    op.execute("update import_job set state = 'uploaded' where state = 'failed'")
    _allow(_BEFORE)


def _allow(states: str) -> None:
    op.drop_constraint(op.f("ck_import_job_state"), "import_job", type_="check")
    op.create_check_constraint(op.f("ck_import_job_state"), "import_job", states)
