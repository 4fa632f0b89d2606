"""What changes somebody's rights is heard of: who calls is looked up again from its commit on.

So it holds at once in this process; in the others within the time that callers are remembered.
"""

from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from api.authentication import forget_tokens
from hub.access.models import AccessGrant, ApiToken, CustomRole, Team, TeamMember, User
from hub.custom_fields import CustomField
from hub.db import HubSession

_RIGHTS = (AccessGrant, ApiToken, CustomField, CustomRole, Team, TeamMember, User)
_CHANGED = "rights_changed"


def install() -> None:
    """Listen to the sessions of this process."""
    if not event.contains(HubSession, "after_flush", _notice):
        event.listen(HubSession, "after_flush", _notice)
        event.listen(HubSession, "after_commit", _forget)


def _notice(session: Session, context: UOWTransaction) -> None:
    del context
    if any(isinstance(row, _RIGHTS) for row in (*session.new, *session.dirty, *session.deleted)):
        session.info[_CHANGED] = True


def _forget(session: Session) -> None:
    if session.info.pop(_CHANGED, False):
        forget_tokens()
