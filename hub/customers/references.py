"""What refers to a customer: it may not be taken away while something does (domain.md, 15)."""

from functools import cache
from uuid import UUID

from sqlalchemy import Column, literal, select, union_all
from sqlalchemy.orm import Session

from hub.customers.models import Customer

_OWN = frozenset({"field_fact", "import_identity", "dup_candidate"})
"""Tables whose rows are part of the customer itself, or only say what may be; they go with it."""


def refers_to(session: Session, customer_id: UUID) -> str | None:
    """Return the name of a table with a living row that refers to a customer, None for no such."""
    questions = [
        select(literal(column.table.name)).where(
            column == customer_id, *([deleted.is_(None)] if deleted is not None else [])
        )
        for column, deleted in _references()
    ]
    return session.scalar(union_all(*(question.limit(1) for question in questions)).limit(1))


@cache
def _references() -> tuple[tuple[Column[UUID], Column[object] | None], ...]:
    from hub.migrations.schema import complete_metadata  # knows every table, imported or not

    customer = Customer.__table__
    return tuple(
        (key.parent, table.columns.get("deleted_at"))
        for table in complete_metadata().sorted_tables
        if table.name not in _OWN
        for key in table.foreign_keys
        if key.column.table is customer
    )
