"""Moving finished jobs out of the way: the ledger stays small, nothing of it is lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

DEAD_KEPT = timedelta(days=365)
"""Dead jobs wait for a person: they are listed and can be replayed for a year."""

BATCH = 1000
START = UUID(int=0)  # before all jobs

# Ids rise with time, so that the oldest jobs stand at the beginning of the primary key: no further
# index is needed, which every job would have to pay for. The state is asked of the row itself,
# which is looked at again as it is locked: a dead job replayed at this moment is over no more.
_MOVE = text("""
    with seen as (
        select id from job where id > :after and id < :before order by id limit :batch
    ), moved as (
        delete from job using (
            select j.id from job j join seen on seen.id = j.id
            where (j.state in ('succeeded', 'cancelled', 'absorbed')
                   and j.finished_at < :finished_before)
               or (j.state = 'dead' and j.finished_at < :dead_before)
            for update of j skip locked
        ) due
        where job.id = due.id returning job.*
    ), kept as (
        insert into job_archive (id, task, state, finished_at, row)
        select id, task, state, finished_at, to_jsonb(moved) from moved
        on conflict (id) do nothing
    )
    select (select count(*) from moved) as moved, (select max(id::text) from seen) as last
""")


@dataclass(frozen=True, slots=True)
class Archived:
    """What one batch did: how many jobs were moved, and where the next one begins, None at the end.

    Pass `following` on as `after`.
    """

    moved: int
    following: UUID | None


def archive_batch(
    session: Session,
    *,
    finished_before: datetime,
    dead_before: datetime,
    after: UUID = START,
    batch: int = BATCH,
) -> Archived:
    """Look at the next jobs in the order of their ids and move those that are over to the archive.

    Args:
        session: commit it after each batch.
        finished_before: succeeded, cancelled and absorbed jobs that ended before it are moved.
        dead_before: likewise of dead ones.
        after: where the batch before ended.
        batch: how many jobs to look at.
    """
    row = session.execute(
        _MOVE,
        {
            "after": after,
            "before": _first_id_of(finished_before),
            "finished_before": finished_before,
            "dead_before": dead_before,
            "batch": batch,
        },
    ).one()
    return Archived(row.moved, UUID(row.last) if row.last else None)


def _first_id_of(moment: datetime) -> UUID:
    """Return the lowest id that is made at a moment: UUIDv7 begins with its milliseconds."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
