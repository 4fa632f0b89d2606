"""The person a file is made for, as he stands when it is made (invariant 12)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.callers import principal_of, speaking
from hub.access.models import ApiToken
from hub.access.people import find_active_user
from hub.access.principals import Permission, Principal
from hub.access.readers import reader_of
from hub.errors import ForbiddenError
from hub.i18n import N_
from hub.listing import Reader

GONE = N_("The person this was for is not active here any more.")
NO_RIGHT = N_("{name} has no right to export this list: it needs {permission}.")


@dataclass(frozen=True, slots=True)
class FileReader:
    """Who will read a file: his rights, and his language, zone and day."""

    principal: Principal
    reader: Reader


def get_file_reader(
    session: Session,
    user_id: UUID,
    exporting: Permission,
    *,
    now: datetime,
    token_id: UUID | None = None,
    locale: str | None = None,
    zone: str | None = None,
) -> FileReader:
    """Return an active user who may export a list now, whatever he could when it was asked for.

    Args:
        session: where to look.
        user_id: who.
        exporting: the right that is needed.
        now: the instant that `today` in a query is reckoned from.
        token_id: with which it was asked for; the file is narrowed as that token is, for ever.
        locale: his language at the time, where he chose one then; None takes that of his profile.
        zone: likewise.

    Raises:
        ForbiddenError: he is inactive, or lacks the right.
    """
    user = find_active_user(session, user_id)
    if user is None:
        raise ForbiddenError(GONE)
    token = session.get_one(ApiToken, token_id) if token_id is not None else None
    principal = principal_of(session, user) if token is None else speaking(session, user, token)
    if not principal.may(exporting):
        raise ForbiddenError(NO_RIGHT, name=user.name, permission=str(exporting))
    return FileReader(
        principal, reader_of(principal, now=now, locale=locale, zone=zone, session=session)
    )
