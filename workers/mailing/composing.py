"""From a delivery to its message: what is read inside the transaction, and made outside of it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.mail.models import Delivery
from hub.ports import OutgoingMail
from hub.settings import get_settings
from workers.mailing.renderers import Composer, reader_of, renderer_of
from workers.rendering.mailboxes import Mailbox
from workers.rendering.mails import Envelope
from workers.rendering.readers import Reader


@dataclass(frozen=True, slots=True)
class Draft:
    """All that the message of a delivery is made of."""

    composer: Composer
    reader: Reader
    name: str
    address: str
    message_id: str

    def compose(self, sender: Mailbox, *, now: datetime) -> OutgoingMail:
        """Return the message; equal for equal arguments.

        Raises:
            ValidationError: the recipient's address is none that mail can be sent to.
        """
        envelope = Envelope(
            sender=sender,
            recipient=Mailbox(self.name, self.address),
            message_id=self.message_id,
            composed_at=now,
        )
        return self.composer(self.reader, envelope)


def draft_of(session: Session, delivery: Delivery, user: User | None) -> Draft | None:
    """Return what a message to a user, if it is for one, is made of; None where one is stored.

    Raises:
        PermanentError: nothing renders mails of this kind.
    """
    if delivery.composed_at is not None:
        return None
    return Draft(
        composer=renderer_of(delivery.kind)(session, delivery),
        reader=reader_of(user),
        name=user.name if user else "",
        address=delivery.recipient,
        message_id=delivery.message_id,
    )


def sender() -> Mailbox:
    """Return the service's own mailbox.

    Raises:
        ValidationError: the setting ``HUB_MAIL_FROM`` holds no address.
    """
    return Mailbox.of(get_settings().mail_from)
