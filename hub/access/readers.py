"""Whom a list is read for: what a principal's rights make of the reader."""

from datetime import datetime

from sqlalchemy.orm import Session

from hub.access.principals import Principal
from hub.listing import Reader
from hub.listing.further import further_for, nothing_further
from hub.settings import get_settings


def reader_of(
    principal: Principal,
    *,
    now: datetime,
    locale: str | None = None,
    zone: str | None = None,
    session: Session | None = None,
) -> Reader:
    """Return a principal as the reader of lists: his day, his words, the fields that he may see.

    Args:
        principal: who reads.
        now: the instant that `today` in a query is reckoned from.
        locale: his language at the time; None takes that of his profile.
        zone: likewise.
        session: where the fields are looked up that the installation has added; None for none.
    """
    settings = get_settings()
    return Reader(
        now=now,
        zone=zone or principal.zone or settings.zone,
        user_id=principal.user_id,
        locale=locale or principal.locale or settings.locale,
        classes=frozenset(each.value for each in principal.reads),
        sees_deleted=any(role.is_unbounded for role in principal.roles),
        viewer=principal,
        further=nothing_further if session is None else further_for(session, principal),
    )
