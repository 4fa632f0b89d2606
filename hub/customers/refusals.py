"""Who refuses mail: a person who said so anywhere gets none, whatever it is and whoever sends it.

`hub.mail` asks before each mail to somebody who is no user of Hub (`hub.mail.sources.Gate`);
whoever is about to telephone sees `refuses_calls` on the record.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from hub.customers.models import Contact, Customer
from hub.i18n import N_
from hub.mail.models import Delivery

REFUSES_CODE = "refuses_email"
REFUSES = N_("Whoever reads this address refuses mail.")

_REFUSERS: list[type[Any]] = [Contact, Customer]


def declare_refuser(model: type[Any]) -> None:
    """Hear records of a model: it has `email`, `refuses_email` and `deleted_at`."""
    if model not in _REFUSERS:
        _REFUSERS.append(model)


def refuses_mail(session: Session, address: str) -> bool:
    """Say whether whoever reads a mail address refuses mail: on any living record that has it."""
    folded = func.casefold(address)
    said = (
        exists().where(
            func.casefold(model.email) == folded, model.refuses_email, model.deleted_at.is_(None)
        )
        for model in _REFUSERS
    )
    return bool(session.scalar(select(or_(*said))))


def refuse_unwanted(session: Session, delivery: Delivery) -> Mapping[str, Any] | None:
    """Return why a mail may not go out, None where it may; a `hub.mail.sources.Gate`."""
    if delivery.user_id is not None or not refuses_mail(session, delivery.recipient):
        return None
    return {"code": REFUSES_CODE, "text": REFUSES, "params": {}}
