"""What refers to a customer or a part of his, which then may not be taken away (domain.md, 15).

Tables are named, not imported: most of them belong to concepts and processes that build upon
customers. A test holds the two lists against every foreign key there is.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from hub.held import LOOKED_AT, HeldError, Holder
from hub.i18n import N_

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


CONTACT_REFERENCES = (
    "lead.contact_id", "lead.converted_contact_id", "opportunity.contact_id",
)  # fmt: skip
"""What names a contact; while the record lives, it holds the contact."""


def known_references() -> frozenset[str]:
    """Return the columns that were decided over, each as ``table.column``."""
    return frozenset(_HOLDERS) | frozenset(_PARTS) | _TRACES


def refuse_held(session: Session, customer_id: UUID) -> None:
    """Refuse where something lives that refers to a customer.

    Its row must be locked against new references (``for update``), or one may come meanwhile.

    Raises:
        HeldError: ``in_use``.
    """
    _refuse(session, _ONLY_HOLDERS, customer_id)


def held_with_parts(session: Session, customer_ids: Sequence[UUID]) -> dict[UUID, HeldError]:
    """Return why some of many customers may not be taken away: parts of theirs count as well.

    Their rows must be locked likewise.
    """
    return _held(session, _WITH_PARTS, customer_ids)


def refuse_held_contact(session: Session, contact_id: UUID) -> None:
    """Refuse where somebody works with a contact, or documents go to it.

    Raises:
        HeldError: ``in_use``.
    """
    _refuse(session, _OF_A_CONTACT, contact_id)


def refuse_held_address(session: Session, address_id: UUID) -> None:
    """Refuse where documents go to an address.

    Raises:
        HeldError: ``in_use``.
    """
    _refuse(session, _OF_AN_ADDRESS, address_id)


def held_parts(
    session: Session, *, contact_ids: Sequence[UUID], address_ids: Sequence[UUID]
) -> set[UUID]:
    """Return those of many contacts and addresses that would be refused likewise."""
    return {
        *_held(session, _OF_A_CONTACT, contact_ids), *_held(session, _OF_AN_ADDRESS, address_ids)
    }  # fmt: skip


def _refuse(session: Session, question: TextClause, identifier: UUID) -> None:
    for error in _held(session, question, [identifier]).values():
        raise error


def _held(
    session: Session, question: TextClause, identifiers: Sequence[UUID]
) -> dict[UUID, HeldError]:
    """Return the refusals of those that something refers to."""
    rows = session.execute(question, {"ids": list(identifiers)}).all()
    found = {}
    for identifier, each in groupby(rows, lambda row: row.asked_id):
        holders = list(each)
        found[identifier] = HeldError(
            N_("It is kept, something refers to it: {what}."),
            [Holder(row.entity, row.id) for row in holders],
            {row.entity: row.alike for row in holders},
        )
    return found


def _question(references: Mapping[str, str]) -> TextClause:
    return _asked(
        (*_NAMED.get(table, (table, "id")), table, f"{column} = asked_id and {condition}")
        for (table, column), condition in (
            (reference.split("."), condition) for reference, condition in references.items()
        )
    )


def _asked(sources: Iterable[tuple[str, str, str, str]]) -> TextClause:
    """Return the question for what holds each of some: its entity, its id, where it is, and when.

    The condition says ``asked_id`` of what is held.
    """
    each = " union ".join(
        f"select asked_id, '{entity}' as entity, {identifier} as id"  # noqa: S608 - made of the constants above
        f" from {table}, unnest(cast(:ids as uuid[])) as asked (asked_id) where {condition}"
        for entity, identifier, table, condition in sources
    )
    return text(f"""
        select asked_id, entity, id, alike
        from (
            select asked_id, entity, id, count(*) over (partition by asked_id, entity) as alike,
                   row_number() over (partition by asked_id, entity order by id) as place
            from ({each}) held
        ) counted
        where place <= {LOOKED_AT}
        order by asked_id, place, entity
    """)  # noqa: S608 - likewise


def _routed(part: str) -> tuple[str, str, str, str]:
    """Return what asks for the customer whose documents go to a part of his."""
    condition = f"""
        id = (select customer_id from {part} where id = asked_id) and {_LIVING}
        and exists (
            select from unnest(mail_routes) as route
            where split_part(route, ':', 2) = '{part}'
              and split_part(route, ':', 3) = cast(asked_id as text)
        )
    """  # noqa: S608 - made of a constant
    return ("customer", "id", "customer", condition)


_ONLY_HOLDERS = _question(_HOLDERS)
_WITH_PARTS = _question({**_HOLDERS, **_PARTS})
_ATTENDED = f"""
    {_LIVING} and state in ('planned', 'in_progress') and (
        contact_ids @> array[cast(asked_id as uuid)]
        or attendees @> jsonb_build_array(jsonb_build_object('contact_id', cast(asked_id as text)))
    )
"""
_NAMING_A_CONTACT = (
    (table, "id", table, f"{column} = asked_id and {_LIVING}")
    for table, column in (each.split(".") for each in CONTACT_REFERENCES)
)
_OF_A_CONTACT = _asked(
    (*_NAMING_A_CONTACT, ("activity", "id", "activity", _ATTENDED), _routed("contact"))
)
_OF_AN_ADDRESS = _asked([_routed("address")])
