"""What makes the message of each kind of delivery.

    @renders(DeliveryKind.REPORT)
    def report(session: Session, delivery: Delivery) -> Composer:
        facts = …                                     # read here, inside the transaction
        return lambda reader, envelope: compose(…)    # made later, outside of it

A kind is rendered once; its bytes are stored and sent at every try.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.errors import PermanentError
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from hub.settings import get_settings
from workers.rendering.mails import Envelope
from workers.rendering.readers import Reader

Composer = Callable[[Reader, Envelope], OutgoingMail]
"""Makes the message, with no transaction open."""

Renderer = Callable[[Session, Delivery], Composer]
"""Reads what the message tells, and returns what makes it."""

_RENDERERS: dict[DeliveryKind, Renderer] = {}


def renders(*kinds: DeliveryKind) -> Callable[[Renderer], Renderer]:
    """Make a function the renderer of some kinds."""

    def register(renderer: Renderer) -> Renderer:
        for kind in kinds:
            _RENDERERS[kind] = renderer
        return renderer

    return register


def renderer_of(kind: DeliveryKind) -> Renderer:
    """Return the renderer of a kind.

    Raises:
        PermanentError: nothing renders it.
    """
    try:
        return _RENDERERS[kind]
    except KeyError as error:
        raise PermanentError("mail", "Nothing renders mails of the kind {kind}.", kind=kind.value) \
            from error  # fmt: skip


def reader_of(user: User | None) -> Reader:
    """Return who will read: a user's own language and zone, else those of the installation."""
    settings = get_settings()
    return Reader(
        locale=(user.locale if user else None) or settings.locale,
        zone=(user.zone if user else None) or settings.zone,
    )
