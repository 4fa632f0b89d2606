"""Calls and mails that are held altogether, as after a restore."""

from sqlalchemy.orm import Session

from hub import outside
from hub.configuration import stored
from hub.i18n import N_
from hub.problems.cause import Cause, Words
from hub.problems.models import ProblemKind


def find(session: Session) -> list[Cause]:
    """See `hub.problems.cause.Finder`."""
    found = stored(session, outside.OutsidePolicy)
    if not found.policy.held or found.updated_at is None:
        return []
    return [
        Cause(
            key="outside_held",
            kind=ProblemKind.CONNECTION_HELD,
            subject_name=N_("Calls and mails"),
            since=found.updated_at,
            count=outside.waiting(session),
            message=Words("outside_held", outside.HELD),
            remedy=Words("release", outside.RELEASE),
            link=outside.PATH,
            alerts=False,  # such an alert would be held, too
        )
    ]
