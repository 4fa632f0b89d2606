"""The currency of a customer is settled with its first save (domain.md invariant 2).

Revision: 0030
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_REFUSE = """
create function refuse_other_currency() returns trigger language plpgsql as $$
begin
    raise exception 'the currency of a customer is settled with its first save'
        using errcode = 'check_violation', constraint = 'ck_customer_currency_settled',
            table = tg_table_name;
end $$
"""


def upgrade() -> None:
    """Have the database refuse another one."""
    op.execute(_REFUSE)
    op.execute(
        "create trigger currency_is_settled before update of currency on customer"
        " for each row when (old.currency is distinct from new.currency)"
        " execute function refuse_other_currency()"
    )


def downgrade() -> None:
    """Have it take any."""
    op.execute("drop trigger currency_is_settled on customer")
    op.execute("drop function refuse_other_currency()")
