"""Work that waits for a connection: never dropped, released in the order it was asked for.

What is put off for a while, since no call may be made or one failed, is not held: it is begun again
by itself, and sooner where somebody mends the connection.
"""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from hub.connections import gate
from hub.connections.models import USABLE, Connection
from hub.ledger import claims
from hub.ledger.models import Job, JobState
from hub.ledger.tasks import TaskName

_PREFIX = "connection:"
_CALLS_PREFIX = "calls:"
_KIND_PREFIX = "kind:"


def release(session: Session, connection: Connection) -> int:
    """Let the work go that waits for this connection, or for any of its kind, in its order."""
    if connection.state not in USABLE:
        return 0
    count = claims.release_waiting(session, waits_for_kind(connection.kind))
    if connection.outgoing_held:
        return count
    return count + claims.release_waiting(session, waits_for(connection.id))


def try_again(session: Session, connection_id: UUID) -> int:
    """Let calls be made again, and the work that was put off since; returns how much that is."""
    gate.reopen(session, connection_id)
    return claims.bring_forward(session, sooner_with(connection_id))


def release_stragglers(session: Session) -> int:
    """Let work go that still waits for a connection at work; returns how much.

    A job may be put back at the very moment its connection is released. The relay looks for such.
    """
    usable = session.execute(
        select(Connection.id, Connection.kind, Connection.outgoing_held).where(
            Connection.state.in_(USABLE), Connection.deleted_at.is_(None)
        )
    ).all()
    keys = [waits_for_kind(kind) for kind in sorted({row.kind for row in usable})]
    keys += [waits_for(row.id) for row in usable if not row.outgoing_held]
    return sum(claims.release_waiting(session, each) for each in keys)


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


def is_put_off_by(connection_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition for the jobs that calls of a connection, by its id as text, put off."""
    return and_(
        Job.state == JobState.QUEUED, Job.waits_for == literal(_CALLS_PREFIX).concat(connection_id)
    )


def waits_for(connection_id: UUID) -> str:
    """Return what a job that waits for a connection carries in `waits_for`."""
    return f"{_PREFIX}{connection_id}"


def waits_for_kind(kind: str) -> str:
    """Return what a job carries in `waits_for` where there is no connection of a kind."""
    return f"{_KIND_PREFIX}{kind}"


def sooner_with(connection_id: UUID) -> str:
    """Return what a job carries in `waits_for` that was put off by calls of a connection."""
    return f"{_CALLS_PREFIX}{connection_id}"


def connection_of(waiting_for: str | None) -> UUID | None:
    """Return the connection that a job waits for, None where it waits for something else."""
    if waiting_for is None or not waiting_for.startswith(_PREFIX):
        return None
    return UUID(waiting_for.removeprefix(_PREFIX))
