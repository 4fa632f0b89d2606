"""Conflicts in the history of their customer: that one came up, and what became of it.

What both sides had stands under the name of the field, so that it is for those alone who are shown
that field.
"""

from dataclasses import replace

from sqlalchemy.orm import Session

from hub.connections.models import Conflict
from hub.customers import services as customers
from hub.history.recording import origin_of, record
from hub.origin import CauseKind, Origin


def tell_made(session: Session, conflict: Conflict) -> None:
    """Tell that both sides have changed a field: nobody's doing, whoever had it found out."""
    origin = replace(
        origin_of(session),
        user_id=None,
        cause_kind=CauseKind.ACCOUNTING,
        cause_id=str(conflict.connection_id),
    )
    _tell(session, conflict, "customer.conflict_made", origin)


def tell_decided(session: Session, conflict: Conflict) -> None:
    """Tell whose value holds, as whoever acts decided: a person, or by the mapping a job."""
    origin = replace(origin_of(session), cause_kind=CauseKind.CONFLICT, cause_id=str(conflict.id))
    _tell(session, conflict, f"customer.conflict_{conflict.chosen}_holds", origin)


def tell_gone(session: Session, conflict: Conflict) -> None:
    """Tell that there is nothing to decide any more: the two agree, or are no pair."""
    _tell(session, conflict, "customer.conflict_gone")


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
