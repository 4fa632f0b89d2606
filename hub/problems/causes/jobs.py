"""Work that has failed for good, and work that nobody does."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from hub.i18n import N_
from hub.ledger.labels import label_of
from hub.ledger.tasks import Queue, TaskName, queue_of
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind

# A job whose like has succeeded since, or is on its way, is mended. Mails, and reports that know of
# their failure, have causes of their own.
DEAD = """
    from job j
    where j.state = 'dead' and j.task <> 'mail.send_delivery'
      and not exists (
          select from job n
          where n.subject_type = j.subject_type and n.subject_id = j.subject_id
            and n.task = j.task and n.created_at > j.created_at
            and n.state in ('queued', 'running', 'succeeded'))
      and not (j.subject_type = 'report_run' and exists (
          select from report_run r where r.id = j.subject_id and r.state = 'failed'))
"""

_DEAD = text(f"""
    select j.task, coalesce(j.error->>'class', '') as error, count(*) as number,
           min(j.finished_at) as since,
           (array_agg(coalesce(j.error->'words', j.error->'message')
                      order by j.finished_at desc, j.id desc))[1] as message,
           (array_agg(j.subject_type order by j.finished_at desc, j.id desc))[1] as subject_type,
           (array_agg(j.subject_id order by j.finished_at desc, j.id desc))[1] as subject_id
    {DEAD}
    group by 1, 2
    order by 1, 2
""")

# As the relay looks for due work: one probe of an index for each task and queue.
_STUCK = text("""
    select kind.queue, min(due.run_at) as since, count(*) as tasks
    from unnest(cast(:tasks as text[]), cast(:queues as text[])) as kind(task, queue)
    cross join lateral (
        select j.run_at from job j
        where j.state = 'queued' and j.task = kind.task and j.queue = kind.queue
        order by j.priority, j.run_at limit 1
    ) due
    where due.run_at < clock_timestamp() - interval '60 seconds'
      and not exists (select from job r where r.state = 'running' and r.queue = kind.queue
                      and r.lease_until > clock_timestamp())
    group by kind.queue
""")
_KINDS = [(t.value, q.value) for t in TaskName for q in Queue if q in {queue_of(t), Queue.BULK}]


def find_dead(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: dead jobs, grouped by task and class of error."""
    return [
        Cause(
            key=f"dead_jobs:{row.task}:{row.error}",
            kind=ProblemKind.DEAD_JOBS,
            subject_name=label_of(row.task),
            since=row.since,
            count=row.number,
            message=_what_died(session, row),
            remedy=Words(
                "mend_and_replay",
                N_("Mend what it says, then send them again; give up what cannot be mended."),
            ),
            link=f"/api/v1/jobs?state=dead&task={row.task}",
            detail={"task": row.task, "class": row.error},
        )
        for row in session.execute(_DEAD)
    ]


def _what_died(session: Session, row: Row[Any]) -> Words:
    said: dict[str, Any] = {"count": row.number, "reason": row.message or row.error}
    name = _name_of(session, row.subject_type, row.subject_id)
    if name is None:
        return Words("dead_jobs", _ONE if row.number == 1 else _SEVERAL, said)
    named = _ONE_NAMED if row.number == 1 else _SEVERAL_NAMED
    return Words("dead_jobs", named, {**said, "name": name})


def _name_of(session: Session, subject_type: str | None, subject_id: UUID | None) -> str | None:
    """Return the name of what a job is about; None where it has none, or is nobody's to be told."""
    query = _NAMES.get(subject_type or "")
    return None if query is None else session.scalar(query, {"id": subject_id})


_ONE = N_("A job failed: {reason}")
_ONE_NAMED = N_("A job for “{name}” failed: {reason}")
_SEVERAL = N_("{count} jobs failed. The last one said: {reason}")
_SEVERAL_NAMED = N_("{count} jobs failed. The last one, for “{name}”, said: {reason}")
_NAMES = {
    "customer": text("""
        select name from customer where id = :id and deleted_at is null
           and (protected_until is null or protected_until <= now())
    """),
    "lead": text("select name from lead where id = :id and deleted_at is null"),
    "connection": text("select name from connection where id = :id"),
    "hook_delivery": text("""
        select c.name from hook_delivery d join connection c on c.id = d.connection_id
        where d.id = :id
    """),
}


def find_stuck(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: work due for over a minute in a queue where nobody works."""
    tasks, queues = zip(*_KINDS, strict=True)
    rows = session.execute(_STUCK, {"tasks": list(tasks), "queues": list(queues)})
    return [
        Cause(
            key=f"stuck:{row.queue}",
            kind=ProblemKind.STUCK_WORK,
            subject_name=N_("Workers"),
            since=row.since,
            count=row.tasks,
            message=Words(
                "stuck",
                N_("Work of the queue {queue} is due and nobody takes it."),
                {"queue": row.queue},
            ),
            remedy=Words("look_at_workers", N_("See whether the workers and Redis are running.")),
            link="/api/v1/jobs?state=queued",
        )
        for row in rows
    ]
