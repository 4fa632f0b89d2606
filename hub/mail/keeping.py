"""The bytes of a message while they may have to be sent again (reliability.md R-20).

Those of a mail that lets its reader in are sealed, and let go once the mail is out or withdrawn:
who reads the database finds nothing to get in with.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub import sealing
from hub.mail.models import Delivery, DeliveryKind

CONFIDENTIAL = frozenset(
    {DeliveryKind.WELCOME, DeliveryKind.PASSWORD_RESET, DeliveryKind.ADDRESS_VERIFICATION}
)
LONGEST = timedelta(days=8)  # beyond it what any of them carries is over


def keep(delivery: Delivery, raw: bytes) -> None:
    """Keep the bytes of a message, to be sent at every try."""
    sealed = delivery.kind in CONFIDENTIAL
    delivery.raw = sealing.seal(raw, place(delivery.id)) if sealed else raw


def kept(delivery: Delivery) -> bytes:
    """Return the bytes of a message.

    Raises:
        ValueError: none are kept.
    """
    if delivery.raw is None:
        raise ValueError("the message was not composed, or was let go")
    if delivery.kind in CONFIDENTIAL:
        return sealing.unseal(delivery.raw, place(delivery.id))
    return delivery.raw


def let_go(delivery: Delivery) -> None:
    """Forget the bytes of a mail that lets its reader in: it is out, or nobody wants it."""
    if delivery.kind in CONFIDENTIAL:
        delivery.raw = None


def let_old_go(session: Session, now: datetime, limit: int) -> int:
    """Forget the bytes of those that never went out; returns how many, at most `limit`."""
    due = (
        select(Delivery.id)
        .where(
            Delivery.kind.in_(CONFIDENTIAL),
            Delivery.raw.is_not(None),
            Delivery.composed_at < now - LONGEST,
        )
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    gone: Any = session.execute(
        update(Delivery)
        .where(Delivery.id.in_(due))
        .values(raw=None)
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)


def place(delivery_id: UUID) -> str:
    """Return for which place the bytes of a delivery are sealed."""
    return f"delivery.raw:{delivery_id}"
