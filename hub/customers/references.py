"""What refers to a customer: it may not be taken away while something does (domain.md, 15).

Tables are named, not imported: most of them belong to concepts and processes that build upon
customers. A test holds the two lists against every foreign key there is.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hub.errors import ConflictError
from hub.i18n import N_

NAMED = 100  # holders that a refusal names at most; it counts all of them

_LIVING = "deleted_at is null"
_HOLDERS: Mapping[str, str] = {
    "activity_subject.customer_id": "exists (select from activity a"
    f" where a.id = activity_id and a.{_LIVING})",
    "conflict.customer_id": "state = 'open'",
    "customer.merged_into_id": _LIVING,
    "doc_mirror.customer_id": "true",  # the books name it for ever
    "external_link.customer_id": "state <> 'severed'",
    "lead.converted_customer_id": _LIVING,
    "lead.customer_id": _LIVING,
    "note.customer_id": _LIVING,
    "opportunity.customer_id": _LIVING,
    "pool_claim.customer_id": "state = 'applied'",
    "reminder.customer_id": f"closed_at is null and {_LIVING}",
}
"""What people or other systems did with a customer and would lose with it, and when it counts."""

_NAMED: Mapping[str, tuple[str, str]] = {"activity_subject": ("activity", "activity_id")}
"""What a refusal names in place of a row that is no record: its record's entity, and its id."""

_PARTS: Mapping[str, str] = {
    "address.customer_id": _LIVING,
    "contact.customer_id": _LIVING,
    "hook_resource.customer_id": "not deleted",
    "shop_identity.customer_id": "true",
}
"""What is the customer's own and goes with it, but was not there when a process made it."""

_TRACES = frozenset(
    {
        "field_fact.customer_id",
        "import_identity.customer_id",
        "pool_seen_card.customer_id",
    }
)
"""What Hub itself noted beside a customer: it holds nothing, and nobody misses it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A row that refers to a customer: of which table, and its id."""

    entity: str
    id: UUID


def known_references() -> frozenset[str]:
    """Return the columns that were decided over, each as ``table.column``."""
    return frozenset(_HOLDERS) | frozenset(_PARTS) | _TRACES


def refuse_held(session: Session, customer_id: UUID, *, with_parts: bool = False) -> None:
    """Refuse where something lives that refers to a customer; `with_parts` counts its parts too.

    Its row must be locked against new references (``for update``), or one may come meanwhile.

    Raises:
        ConflictError: ``in_use``; `details` counts the holders and names them (`blockers`).
    """
    rows = session.execute(_WITH_PARTS if with_parts else _ONLY_HOLDERS, {"id": customer_id}).all()
    if not rows:
        return
    found = [Holder(row.entity, row.id) for row in rows]
    counted = Counter({row.entity: row.alike for row in rows})
    raise ConflictError(
        "in_use",
        N_("It is kept, something refers to it: {what}."),
        details={
            "count": rows[0].total,
            "blockers": [{"entity": holder.entity, "id": str(holder.id)} for holder in found],
        },
        what=", ".join(f"{entity} ({count})" for entity, count in sorted(counted.items())),
    )


def _question(references: Mapping[str, str]) -> TextClause:
    each = " union all ".join(
        f"select '{entity}' as entity, {identifier} as id from {table}"  # noqa: S608 - made of the constants above
        f" where {column} = :id and {condition}"
        for (table, column), condition in (
            (reference.split("."), condition) for reference, condition in references.items()
        )
        for entity, identifier in (_NAMED.get(table, (table, "id")),)
    )
    return text(f"""
        select entity, id, count(*) over (partition by entity) as alike, count(*) over () as total
        from ({each}) held
        order by row_number() over (partition by entity order by id), entity limit {NAMED}
    """)  # noqa: S608 - likewise


_ONLY_HOLDERS = _question(_HOLDERS)
_WITH_PARTS = _question({**_HOLDERS, **_PARTS})
