"""Work that has failed for good, and work that nobody does."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.i18n import N_
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
    select j.task, coalesce(j.error->>'class', '') as class, count(*) as number,
           min(j.finished_at) as since,
           (array_agg(coalesce(j.error->'words', j.error->'message')
                      order by j.finished_at desc))[1] as message
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
            key=f"dead_jobs:{row.task}:{row[1]}",
            kind=ProblemKind.DEAD_JOBS,
            subject_name=row.task,
            since=row.since,
            count=row.number,
            message=Words(
                "dead_jobs",
                N_("Jobs that ended without success: {count}. The last one said: {reason}"),
                {"count": row.number, "reason": row.message or row[1]},
            ),
            remedy=Words("mend_and_replay", N_("Mend what it says, then send them again.")),
            link=f"/api/v1/jobs?state=dead&task={row.task}",
            detail={"task": row.task, "class": row[1]},
        )
        for row in session.execute(_DEAD)
    ]


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
