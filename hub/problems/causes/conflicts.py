"""Fields that both sides changed, each in its own way, and nobody has chosen yet."""

from sqlalchemy.orm import Session

from hub.connections.models import Conflict
from hub.i18n import N_
from hub.problems.cause import Cause, Words
from hub.problems.causes.by_connection import counted_by_connection
from hub.problems.models import ProblemKind


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`."""
    rows = session.execute(
        counted_by_connection(Conflict, Conflict.created_at).where(
            Conflict.state == "open", Conflict.deleted_at.is_(None)
        )
    )
    return [
        Cause(
            key=f"conflicts:{row.id}",
            kind=ProblemKind.CONFLICTS,
            subject_name=row.name,
            subject=("connection", row.id),
            since=row.since,
            count=row.number,
            message=Words(
                "conflicts",
                N_("Both sides have changed the same fields: {count} to decide."),
                {"count": row.number},
            ),
            remedy=Words("choose", N_("Choose for each of them whose value is to hold.")),
            link=f"/api/v1/conflicts?state=open&connection={row.id}",
            owner_user_id=row.owner_user_id,
        )
        for row in rows
    ]
