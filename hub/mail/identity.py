"""Names that a message keeps for life: reckoned, so that every try has the same."""

import hashlib
from email.utils import parseaddr
from uuid import UUID

from hub.mail.models import DeliveryKind
from hub.settings import get_settings

_MAX_DOMAIN_LENGTH = 64
_NOWHERE = "hub.localhost"


def domain() -> str:
    """Return the domain of the service's own mailbox, in ASCII, for message ids and event uids."""
    _, _, found = parseaddr(get_settings().mail_from)[1].rpartition("@")
    try:
        ascii_domain = found.encode("idna").decode("ascii")
    except UnicodeError:
        return _NOWHERE
    return ascii_domain if 0 < len(ascii_domain) <= _MAX_DOMAIN_LENGTH else _NOWHERE


def message_id(kind: DeliveryKind, source_id: UUID, sequence: int, recipient: str) -> str:
    """Return the Message-ID of a delivery, with its angle brackets."""
    reader = hashlib.sha256(recipient.encode()).hexdigest()[:12]  # no address in a public header
    return f"<{kind.value}.{sequence}.{source_id}.{reader}@{domain()}>"
