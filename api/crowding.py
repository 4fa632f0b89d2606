"""Two at a time: requests that cost the database much, for each user, in all processes together.

The place is a lock that the database lets go of when the request's transaction ends, whatever
becomes of the process.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.rates import too_many
from hub.i18n import N_

AT_A_TIME = 2
RETRY_AFTER_S = 1

# One after the other: a plain OR might take both places.
_TAKE = text("""
    select case when pg_try_advisory_xact_lock(hashtextextended(:first, 0)) then true
                else pg_try_advisory_xact_lock(hashtextextended(:second, 0)) end
""")


def take_place(session: Session, user_id: UUID) -> None:
    """Take one of a user's places for this transaction.

    Raises:
        RefusalError: both are taken (429).
    """
    places = {"first": f"expensive:{user_id}:1", "second": f"expensive:{user_id}:2"}
    if not session.scalar(_TAKE, places):
        raise too_many(
            "too_many_at_once",
            N_("You have {most} searches or exports under way; wait for one of them."),
            RETRY_AFTER_S,
            most=AT_A_TIME,
        )
