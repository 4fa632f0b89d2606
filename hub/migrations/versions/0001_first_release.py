"""The schema of the first release.

Revision: 0001
"""

from alembic import op

from hub.migrations.schema import complete_metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TRIGGER = """
create function note_unsealed_event() returns trigger language plpgsql as $$
begin
    insert into event_unsealed (id) select id from added;
    return null;
end $$;
create trigger event_is_unsealed after insert on event
    referencing new table as added for each statement execute function note_unsealed_event();
"""


def upgrade() -> None:
    complete_metadata().create_all(op.get_bind())
    op.execute(_TRIGGER)


def downgrade() -> None:
    op.execute("drop trigger event_is_unsealed on event; drop function note_unsealed_event()")
    complete_metadata().drop_all(op.get_bind())
