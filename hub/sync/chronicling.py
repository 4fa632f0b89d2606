"""What a customer's history tells of its other half in an accounting system.

That a conflict came up, and what became of it; that the other half is gone. What both sides had of
a field stands under its name, so that it is for those alone who are shown that field.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from hub.connections.models import Conflict, ExternalLink
from hub.customers import services as customers
from hub.history.recording import origin_of, record
from hub.origin import CauseKind, Origin


def tell_made(session: Session, conflict: Conflict) -> None:
    """Tell that both sides have changed a field: nobody's doing, whoever had it found out."""
    _tell(session, conflict, "customer.conflict_made", _from_there(session, conflict))


def tell_decided(session: Session, conflict: Conflict) -> None:
    """Tell whose value holds, as whoever acts decided: a person, or by the mapping a job."""
    origin = replace(origin_of(session), cause_kind=CauseKind.CONFLICT, cause_id=str(conflict.id))
    _tell(session, conflict, f"customer.conflict_{conflict.chosen}_holds", origin)


def tell_gone(session: Session, conflict: Conflict) -> None:
    """Tell that there is nothing to decide any more: the two agree, or are no pair."""
    _tell(session, conflict, "customer.conflict_gone")


def tell_gone_there(session: Session, link: ExternalLink) -> None:
    """Tell that the other half of a customer is gone: nobody's doing, whoever had it found out."""
    record(
        session,
        "customer.gone_there",
        subject_type=customers.ENTITY,
        subject_id=link.customer_id,
        data={"connection_id": str(link.connection_id), "remote_id": link.remote_id},
        origin=_from_there(session, link),
    )


def _from_there(session: Session, found: Conflict | ExternalLink) -> Origin:
    return replace(
        origin_of(session),
        user_id=None,
        cause_kind=CauseKind.ACCOUNTING,
        cause_id=str(found.connection_id),
    )


def _tell(session: Session, conflict: Conflict, what: str, origin: Origin | None = None) -> None:
    record(
        session,
        what,
        subject_type=customers.ENTITY,
        subject_id=conflict.customer_id,
        data={
            "conflict_id": str(conflict.id),
            "connection_id": str(conflict.connection_id),
            conflict.field: {
                "base": conflict.base, "local": conflict.local, "remote": conflict.remote,
            },
        },
        origin=origin,
    )  # fmt: skip
