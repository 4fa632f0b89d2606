"""Work that waits for a connection: never dropped, released in the order it was asked for."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.connections.models import USABLE, Connection
from hub.ledger import claims
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName

_PREFIX = "connection:"


def release(session: Session, connection: Connection) -> int:
    """Let the work that waits for this connection go, in the order it was asked for."""
    if connection.outgoing_held or connection.state not in USABLE:
        return 0
    return claims.release_waiting(session, waits_for(connection.id))


def release_stragglers(session: Session) -> int:
    """Let work go that still waits for a connection at work; returns how much.

    A job may be put back at the very moment its connection is released. The relay looks for such.
    """
    usable = session.scalars(
        select(Connection.id).where(
            Connection.state.in_(USABLE),
            Connection.deleted_at.is_(None),
            Connection.outgoing_held.is_(False),
        )
    )
    return sum(claims.release_waiting(session, waits_for(each)) for each in usable)


def waiting_changes(session: Session, connection_id: UUID) -> int:
    """Return how many changes are held back for a connection."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Job)
            .where(
                Job.state == JobState.QUEUED,
                Job.task == TaskName.PUSH_CUSTOMER.value,
                Job.args["connection_id"].astext == str(connection_id),
            )
        )
        or 0
    )


def waits_for(connection_id: UUID) -> str:
    """Return what a job that waits for a connection carries in `waits_for`."""
    return f"{_PREFIX}{connection_id}"


def connection_of(waiting_for: str | None) -> UUID | None:
    """Return the connection that a job waits for, None where it waits for something else."""
    if waiting_for is None or not waiting_for.startswith(_PREFIX):
        return None
    return UUID(waiting_for.removeprefix(_PREFIX))
