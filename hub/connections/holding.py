"""Work that waits for a connection: never dropped, released in the order it was asked for."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
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
    """Return how much is held back for a connection: changes to be sent, and customers to fill."""
    wanted = is_held_back_for(literal(str(connection_id)))
    return session.scalar(select(func.count()).select_from(Job).where(wanted)) or 0


def is_held_back_for(connection_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition for the jobs that a connection, by its id as text, keeps waiting.

    A change names its connection from the beginning; a look-up asks any registry, and is held for
    the one that it was about to ask.
    """
    return and_(
        Job.state == JobState.QUEUED,
        or_(
            and_(
                Job.task == TaskName.PUSH_CUSTOMER.value,
                Job.args["connection_id"].astext == connection_id,
            ),
            and_(
                Job.task == TaskName.LOOK_UP_COMPANY.value,
                Job.waits_for == literal(_PREFIX).concat(connection_id),
            ),
        ),
    )


def waits_for(connection_id: UUID) -> str:
    """Return what a job that waits for a connection carries in `waits_for`."""
    return f"{_PREFIX}{connection_id}"


def connection_of(waiting_for: str | None) -> UUID | None:
    """Return the connection that a job waits for, None where it waits for something else."""
    if waiting_for is None or not waiting_for.startswith(_PREFIX):
        return None
    return UUID(waiting_for.removeprefix(_PREFIX))
