"""What the relay looks at: which tasks have due work."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.ledger.tasks import Queue, TaskName, queue_of

_DUE = text("""
    select kind.task, kind.queue, due.jobs
    from unnest(cast(:tasks as text[]), cast(:queues as text[])) as kind(task, queue)
    cross join lateral (
        select count(*) as jobs from (
            select from job j where j.state = 'queued' and j.task = kind.task
               and j.queue = kind.queue and j.run_at <= clock_timestamp() limit :most
        ) few
    ) due
    where due.jobs > 0
""")


@dataclass(frozen=True, slots=True)
class DueWork:
    """A task and queue with due jobs, counted up to a bound."""

    task: str
    queue: str
    jobs: int


_KINDS = [(t.value, q.value) for t in TaskName for q in Queue if q in {queue_of(t), Queue.BULK}]


def due_work(session: Session, most: int) -> list[DueWork]:
    """Return the tasks with due jobs; each count stops at `most`."""
    tasks, queues = zip(*_KINDS, strict=True)
    rows = session.execute(_DUE, {"tasks": list(tasks), "queues": list(queues), "most": most})
    return [DueWork(row.task, row.queue, row.jobs) for row in rows]
