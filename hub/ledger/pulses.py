"""Who is alive: relays and processes of workers say so every few seconds."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hub.ledger.models import ProcessKind, Pulse
from hub.ledger.tasks import Queue

PULSE_S = 5.0
"""Seconds between two beats of a process."""

SILENT_S = 20
"""Seconds after which a process that was not heard is taken for gone: some beats, and a pause."""

_FORGOTTEN_H = 1


@dataclass(frozen=True, slots=True)
class Alive:
    """How many processes were heard lately."""

    relays: int
    workers: dict[Queue, int]  # of every queue


def beat(session: Session, kind: ProcessKind, queues: Sequence[str] = ()) -> None:
    """Note that this process is alive, by the database's clock."""
    values = {"kind": kind, "queues": list(queues), "seen_at": func.clock_timestamp()}
    session.execute(
        insert(Pulse)
        .values(host=socket.gethostname(), process_id=os.getpid(), **values)
        .on_conflict_do_update(index_elements=["host", "process_id"], set_=values)
    )


def end(session: Session) -> None:
    """Note that this process ends."""
    session.execute(
        delete(Pulse).where(Pulse.host == socket.gethostname(), Pulse.process_id == os.getpid())
    )


def alive(session: Session, *, host: str | None = None) -> Alive:
    """Return how many relays and workers of each queue were heard lately, on a host or anywhere."""
    heard = select(Pulse.kind, Pulse.queues).where(
        Pulse.seen_at > func.clock_timestamp() - text(f"interval '{SILENT_S} seconds'")
    )
    if host is not None:
        heard = heard.where(Pulse.host == host)
    rows = session.execute(heard).all()
    return Alive(
        relays=sum(row.kind is ProcessKind.RELAY for row in rows),
        workers={queue: sum(queue.value in row.queues for row in rows) for queue in Queue},
    )


def forget_silent(session: Session) -> None:
    """Remove what processes that were killed have left, once it is old."""
    session.execute(
        delete(Pulse).where(
            Pulse.seen_at < func.clock_timestamp() - text(f"interval '{_FORGOTTEN_H} hours'")
        )
    )


def forget_dead(session: Session) -> None:
    """Remove what killed processes of this host have left: nobody is to take them for alive."""
    left = select(Pulse).where(Pulse.host == socket.gethostname())
    for pulse in session.scalars(left):
        if not _is_running(pulse.process_id):
            session.delete(pulse)


def _is_running(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
