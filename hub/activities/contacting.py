"""When customers and leads were last spoken with: by a call or a meeting that is done."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from hub.activities.models import CONTACTS, Activity, ActivityState, ActivitySubject
from hub.subjects import CUSTOMER, lock_subject, order, subjects


def is_contact(activity: Activity) -> bool:
    """Say whether somebody was spoken with in an activity."""
    return (
        activity.kind in CONTACTS
        and activity.state is ActivityState.DONE
        and activity.deleted_at is None
    )


def refresh_last_contact(session: Session, links: Iterable[ActivitySubject]) -> None:
    """Reckon the last contact again of all that some activities are about, and of its customers.

    They are locked one after the other: customers last, each kind in the order of ids, as everybody
    does who writes them. What is reckoned then has seen every call that is committed.
    """
    wanted: set[tuple[str, UUID]] = set()
    for link in links:
        wanted.add((link.subject_type, link.subject_id))
        if link.customer_id is not None:
            wanted.add((CUSTOMER, link.customer_id))
    for entity, identifier in sorted(wanted, key=order):
        if not hasattr(subjects()[entity], "last_contact_at"):
            continue
        found = lock_subject(session, entity, identifier)
        if found is not None:
            found.last_contact_at = session.scalar(
                select(func.max(ActivitySubject.at))
                .join(Activity, Activity.id == ActivitySubject.activity_id)
                .where(_of(entity, identifier), *_COUNTED)
            )
    session.flush()


_COUNTED: tuple[ColumnElement[bool], ...] = (
    Activity.kind.in_(CONTACTS),
    Activity.state == ActivityState.DONE,
    Activity.deleted_at.is_(None),
)


def _of(entity: str, identifier: UUID) -> Any:
    if entity == CUSTOMER:
        return ActivitySubject.customer_id == identifier
    return and_(ActivitySubject.subject_type == entity, ActivitySubject.subject_id == identifier)
