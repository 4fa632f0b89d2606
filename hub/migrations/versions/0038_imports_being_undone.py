"""An import that is being taken back says so; so far it was said to be done until the last row.

Revision: 0038
"""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_BEFORE = (
    "state in ('uploaded', 'failed', 'analysed', 'planned', 'applying', 'done', 'partial',"
    " 'undone')"
)
_AFTER = _BEFORE.replace("'undone'", "'undoing', 'undone'")


def upgrade() -> None:
    """Allow the state; whoever is at work takes it up with the next import."""
    _allow(_AFTER)


def downgrade() -> None:
    """Call them done again, or done in part."""
    op.execute(
        "update import_job set state = case"
        " when coalesce(cast(counters ->> 'refuse' as int), 0)"
        " + coalesce(cast(counters ->> 'failed' as int), 0) > 0 then 'partial' else 'done' end"
        " where state = 'undoing'"
    )
    _allow(_BEFORE)


def _allow(states: str) -> None:
    op.drop_constraint(op.f("ck_import_job_state"), "import_job", type_="check")
    op.create_check_constraint(op.f("ck_import_job_state"), "import_job", states)
