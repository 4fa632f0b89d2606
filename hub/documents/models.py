"""The table of mirrored documents."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, func, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.access.roles import FieldClass
from hub.db import Base, EnumText


class DocumentKind(StrEnum):
    """What a document is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PAYMENT = "payment"
    ORDER = "order"


OWED = (DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE, DocumentKind.PAYMENT)
"""The kinds whose remainders add up to what a customer owes."""


class DocumentState(StrEnum):
    """Whether anything of a document is still to be settled."""

    OPEN = "open"
    SETTLED = "settled"


BEGINS_AT = "(issued_on::timestamp at time zone 'UTC')"
"""When the day of a document begins, by a clock that an index may know."""


class DocMirror(Base):
    """An invoice, credit note, payment or order as the accounting system or a shop has it.

    Nobody writes it here, so that it has no history of its own. `amount` and `remaining` are signed
    as there: what a credit note or a payment takes off is negative. `remote_id` names it among
    those of its kind. An order may say when work on it begins and when it is delivered.
    """

    __tablename__ = "doc_mirror"
    __classes__: ClassVar = MappingProxyType(
        dict.fromkeys(("amount", "remaining"), FieldClass.INTERNAL)
    )

    connection_id: Mapped[UUID] = mapped_column(ForeignKey("connection.id"))
    kind: Mapped[DocumentKind] = mapped_column(EnumText(DocumentKind))
    remote_id: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    number: Mapped[str]
    issued_on: Mapped[date]
    due_on: Mapped[date | None]
    starts_on: Mapped[date | None]
    delivers_on: Mapped[date | None]
    currency: Mapped[str]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    remaining: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    state: Mapped[DocumentState] = mapped_column(EnumText(DocumentState))
    mirrored_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint(f"kind in ({', '.join(repr(k.value) for k in DocumentKind)})", name="kind"),
        CheckConstraint("(state = 'open') = (remaining <> 0)", name="state"),
        Index("uq_doc_mirror_remote", "connection_id", "kind", "remote_id", unique=True),
        Index("ix_doc_mirror_customer", "customer_id", "issued_on", "id"),
        Index("ix_doc_mirror_begins", "customer_id", text(BEGINS_AT), "id"),
        Index("ix_doc_mirror_issued_on", "issued_on", "id"),
        Index("ix_doc_mirror_due_on", "due_on", "id"),
        Index(
            "ix_doc_mirror_open", "customer_id", "currency", postgresql_where=text("state = 'open'")
        ),
    )

    @classmethod
    def entity(cls) -> str:
        """Return what people call it."""
        return "document"

    @classmethod
    def collection(cls) -> str:
        """Return the name of the collection in rights and paths."""
        return "documents"
