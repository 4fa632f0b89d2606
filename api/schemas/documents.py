"""Mirrored documents as the API shows them."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.shapes import View
from hub.documents.models import DocMirror, DocumentKind, DocumentState


class DocumentView(View):
    """A document as the accounting system or a shop has it; amounts are signed as there."""

    classes: ClassVar = DocMirror.__classes__

    id: UUID
    connection_id: UUID
    customer_id: UUID
    kind: DocumentKind
    number: str
    state: DocumentState
    issued_on: date
    due_on: date | None
    starts_on: date | None = Field(description="Of an order: when work on it begins.")
    delivers_on: date | None = Field(description="Of an order: when it is delivered.")
    currency: str
    amount: Decimal
    remaining: Decimal = Field(description="What is still to be settled of it.")
    mirrored_at: AwareDatetime
