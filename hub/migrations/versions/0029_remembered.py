"""What processes remember is told to them as it changes (`hub.remembering`).

Revision: 0029
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_REMEMBERED = {
    "setting": "update",
    "custom_field": "update",
    # What changes all the time is not remembered: how a connection fares, which number comes next.
    "connection": "update of kind, settings, account, numbering_owner, deleted_at",
    "app_user": "update of roles, active, deleted_at",
    "team_member": "update",
    "number_sequence": "update of kind, automatic, deleted_at",
}
_TELL = """
create function tell_what_is_remembered() returns trigger language plpgsql as $$
begin
    perform pg_notify('remembered', pg_current_xact_id()::text);
    return null;
end $$
"""


def upgrade() -> None:
    """Have the tables tell."""
    op.execute(_TELL)
    for table, update in _REMEMBERED.items():
        op.execute(
            f"create trigger is_remembered after insert or delete or {update} on {table}"
            " for each statement execute function tell_what_is_remembered()"
        )


def downgrade() -> None:
    """Have them tell nothing."""
    for table in _REMEMBERED:
        op.execute(f"drop trigger is_remembered on {table}")
    op.execute("drop function tell_what_is_remembered()")
