"""Scheduled reports that could not be made; one that was made and not taken is a matter of mail."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.i18n import N_
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind

# A later run that was made for the same reader mends an earlier one; one given up is no trouble.
_FAILED = text("""
    select r.schedule_id, d.name, s.owner_user_id, count(*) as number, min(r.updated_at) as since,
           (array_agg(r.message order by r.planned_at desc, r.id desc))[1] as message
    from report_run r
    join schedule s on s.id = r.schedule_id
    join report_def d on d.id = r.report_id
    where r.state = 'failed' and r.deleted_at is null and s.deleted_at is null
      and not exists (
          select from delivery m where m.source_type = 'report_run' and m.source_id = r.id
            and m.state in ('failed', 'held'))
      and not exists (
          select from report_run n
          where n.recipient_user_id = r.recipient_user_id and n.schedule_id = r.schedule_id
            and n.planned_at > r.planned_at and n.state <> 'failed')
      and not exists (
          select from job j
          where j.subject_type = 'report_run' and j.subject_id = r.id and j.state = 'cancelled'
            and not exists (
                select from job l
                where l.subject_type = 'report_run' and l.subject_id = r.id
                  and l.created_at > j.created_at))
    group by 1, 2, 3
""")
_UNKNOWN: dict[str, Any] = {
    "code": "failed",
    "text": N_("The report could not be made."),
    "params": {},
}


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`: failed runs, by their schedule."""
    found = []
    for row in session.execute(_FAILED):
        told: dict[str, Any] = row.message or _UNKNOWN
        found.append(
            Cause(
                key=f"report_failed:{row.schedule_id}",
                kind=ProblemKind.REPORT_FAILED,
                subject_name=row.name,
                subject=("schedule", row.schedule_id),
                since=row.since,
                count=row.number,
                message=Words(told["code"], told["text"], told.get("params") or {}),
                remedy=Words("mend_report", N_("Mend what it says, then have it made again.")),
                link="/api/v1/report-runs?state=failed",
                owner_user_id=row.owner_user_id,
                detail={"schedule_id": str(row.schedule_id)},
            )
        )
    return found
