"""What is here already that a batch of rows may mean: looked up in sets, never row by row."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Text, any_, literal, select
from sqlalchemy.orm import Session

from hub.access import owning
from hub.customers import facts
from hub.customers.models import Customer
from hub.customers.services import WRITABLE
from hub.history.recording import plain
from hub.imports.models import ImportIdentity
from hub.imports.nesting import spread
from hub.imports.reading import ReadRow
from hub.intake import knowing

IMPORTED_FIELDS = tuple(sorted((WRITABLE - {"custom"}) | owning.FIELDS))
"""Whatever a row may say, and more: each as it is here."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A customer as it is here: its values as JSON carries them, and which an import gave."""

    id: UUID
    version: int
    name_is_provisional: bool
    values: Mapping[str, Any]
    imported: frozenset[str]

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.values["name"])


@dataclass(frozen=True, slots=True)
class Known:
    """The answers for one batch."""

    by_reference: Mapping[str, UUID]
    by_digest: Mapping[bytes, UUID]
    by_number: Mapping[str, Sequence[UUID]]
    by_mail: Mapping[str, Sequence[UUID]]

    def without(self, customer_ids: AbstractSet[UUID]) -> "Known":
        """Return the answers as if some customers were not there."""
        return Known(
            {said: each for said, each in self.by_reference.items() if each not in customer_ids},
            {said: each for said, each in self.by_digest.items() if each not in customer_ids},
            _without(self.by_number, customer_ids),
            _without(self.by_mail, customer_ids),
        )

    @property
    def customer_ids(self) -> set[UUID]:
        """Return the customers that they name."""
        return {
            *self.by_reference.values(),
            *self.by_digest.values(),
            *(each for some in self.by_number.values() for each in some),
            *(each for some in self.by_mail.values() for each in some),
        }


def look_up(session: Session, rows: Iterable[ReadRow]) -> Known:
    """Return which customers the rows' references, numbers and mail addresses belong to."""
    rows = list(rows)
    references = {row.external_ref for row in rows if row.external_ref is not None}
    numbers = {row.values["cvr"] for row in rows if "cvr" in row.values}
    mails = {row.values["email"] for row in rows if "email" in row.values}
    return Known(
        by_reference=_by_reference(session, references) if references else {},
        by_digest=_by_digest(session, {row.digest for row in rows if row.values}),
        by_number=_by_number(session, numbers) if numbers else {},
        by_mail=knowing.with_mail(session, mails) if mails else {},
    )


def _without(
    found: Mapping[str, Sequence[UUID]], customer_ids: AbstractSet[UUID]
) -> dict[str, Sequence[UUID]]:
    return {
        said: [each for each in some if each not in customer_ids] for said, some in found.items()
    }


def snapshots(session: Session, customer_ids: Iterable[UUID]) -> dict[UUID, Snapshot]:
    """Return living customers as they are here."""
    wanted = list(set(customer_ids))
    if not wanted:
        return {}
    rows = session.scalars(select(Customer).where(Customer.id.in_(wanted))).all()
    origins = facts.provenance_of_many(session, rows)
    return {
        row.id: Snapshot(
            row.id,
            row.version,
            row.name_provisional,
            {field: plain(getattr(row, field)) for field in IMPORTED_FIELDS} | spread(row.custom),
            frozenset(
                field for field, found in origins[row.id].items() if found.origin == "import"
            ),
        )
        for row in rows
    }


def _by_reference(session: Session, references: set[str]) -> dict[str, UUID]:
    rows = session.execute(
        select(Customer.external_ref, Customer.id).where(
            Customer.external_ref == any_(literal(list(references), ARRAY(Text))),
            Customer.deleted_at.is_(None),
        )
    ).all()
    answering = knowing.survivors(session, [row.id for row in rows])
    return {str(row.external_ref): answering[row.id] for row in rows if row.id in answering}


def _by_digest(session: Session, digests: set[bytes]) -> dict[bytes, UUID]:
    rows = session.execute(
        select(ImportIdentity.digest, ImportIdentity.customer_id).where(
            ImportIdentity.digest == any_(literal(list(digests), ARRAY(LargeBinary))),
            ImportIdentity.customer_id.is_not(None),
        )
    ).all()
    answering = knowing.survivors(session, [row.customer_id for row in rows])
    return {row.digest: answering[row.customer_id] for row in rows if row.customer_id in answering}


def _by_number(session: Session, numbers: set[str]) -> dict[str, list[UUID]]:
    rows = session.execute(
        select(Customer.cvr, Customer.id)
        .where(
            Customer.cvr == any_(literal(list(numbers), ARRAY(Text))),
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
        )
        .order_by(Customer.id)
    )
    found: dict[str, list[UUID]] = {}
    for number, customer_id in rows:
        found.setdefault(str(number), []).append(customer_id)
    return found
