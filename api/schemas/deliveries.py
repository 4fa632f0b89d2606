"""Deliveries as the API shows them."""

from uuid import UUID

from pydantic import AwareDatetime, Field

from api.schemas.customers import MessageView
from api.schemas.shapes import RecordView
from hub.mail.models import DeliveryKind, DeliveryState


class DeliveryView(RecordView):
    """A mail to one address: how often it was tried, and what became of it."""

    source_type: str
    source_id: UUID
    kind: DeliveryKind
    sequence: int
    recipient: str
    channel: str
    user_id: UUID | None
    message_id: str
    state: DeliveryState
    possible_repeats: int = Field(description="Tries that may have sent it once more.")
    tries: int
    last_tried_at: AwareDatetime | None
    composed_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    provider_response: str | None
    message: MessageView | None
