"""Incoming webhooks and mails as the API shows them."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import MessageView
from api.schemas.shapes import PageQuery, View
from hub.hooks.models import DeliveryState


class HookAnswer(View):
    """What a shop is told; it looks at nothing but the status."""

    hook_delivery_id: UUID | None = Field(description="None for a greeting, which is not kept.")
    is_new: bool = Field(description="False for a second copy: nothing is done for it.")


class HookDeliveryQuery(PageQuery):
    """Which deliveries."""

    connection_id: UUID | None = None
    state: DeliveryState | None = None


class HookDeliveryView(View):
    """A believed delivery of a shop, or a message of a mailbox, and what became of it."""

    id: UUID
    connection_id: UUID
    deduplication_id: str
    received_at: AwareDatetime
    state: DeliveryState
    topic: str | None
    summary: str | None
    customer_id: UUID | None
    lead_id: UUID | None
    message: MessageView | None = Field(description="Why it failed, or why a mail is not taken.")
    imported_at: AwareDatetime | None


class HookDeliveryWithBody(HookDeliveryView):
    """The same with what was sent."""

    headers: dict[str, Any]
    body: str = Field(description="As text; what is not UTF-8 is shown as \\xNN.")
