"""What may be done with activities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import external_refs
from hub.access import owning
from hub.access.principals import Principal
from hub.activities import people
from hub.activities.contacting import is_contact, refresh_last_contact
from hub.activities.models import (
    Activity,
    ActivityComment,
    ActivityKind,
    ActivityState,
    ActivitySubject,
)
from hub.activities.timing import FIELDS as TIMING
from hub.activities.timing import Timing
from hub.catalogues.services import refuse_unlisted
from hub.customers.models import Customer
from hub.customers.rules import writable
from hub.entry_policies.enforcing import warn
from hub.entry_policies.entering import entered
from hub.errors import ConflictError, ValidationError
from hub.history.recording import REDACTED, explain_change, note_change, origin_of, record
from hub.i18n import N_
from hub.listing.search import search_document
from hub.subjects import CUSTOMER, customer_id_of
from hub.subjects import subjects as kinds_of_subjects

ENTITY = "activity"
CATALOGUES = {"category": "activity_categories", "outcome": "activity_outcomes"}
PEOPLE = frozenset({"assignee_ids", "attendees", "contact_ids"})
WRITABLE = (
    frozenset({"kind", "title", "body", "location", "team_id", "external_ref", "custom"})
    | CATALOGUES.keys()
    | PEOPLE
    | TIMING
)
"""The fields that people and scripts write."""

ALLOWED: Mapping[ActivityState, tuple[ActivityState, ...]] = {
    ActivityState.PLANNED: (
        ActivityState.IN_PROGRESS, ActivityState.DONE, ActivityState.CANCELLED,
    ),
    ActivityState.IN_PROGRESS: (ActivityState.DONE, ActivityState.CANCELLED),
    ActivityState.DONE: (ActivityState.PLANNED,),
    ActivityState.CANCELLED: (),
}  # fmt: skip
"""Where an activity can go; from done to planned it is opened again."""

HAPPENED_AT = "happened_at"
"""Under which name the event of something that is done tells when it happened."""

_REQUIRED = frozenset({"kind", "title", "zone"})


def create(
    session: Session,
    subjects: Sequence[Any],
    fields: Mapping[str, Any],
    *,
    zone: str,
    now: datetime,
    state: ActivityState = ActivityState.PLANNED,
    happened_at: datetime | None = None,
    caller: Principal | None = None,
    policed: bool = True,
) -> Activity:
    """Make an activity; it is its author's to do unless fields say whose.

    That a caller may speak of the subjects and contacts is his to check.

    Args:
        session: the caller's.
        subjects: what it is about, locked in their order (`hub.subjects.order`); the customers
            of its contacts are added to them.
        fields: of `WRITABLE`; `start`, `end` and `due` are moments.
        zone: whose wall clock, where the fields do not say.
        now: the present.
        state: it may have been begun, or done, before anybody wrote of it.
        happened_at: when, where it is done; else when it began, if that is over, or now.
        caller: who makes it; None is a process, which sees everything.
        policed: whether the installation's policy of entries holds (`hub.entry_policies`).

    Raises:
        ValidationError: names the broken rule.
        ConflictError: ``taken``: the external reference is in use; ``duplicate_value``.
        TooManyBlindMatchesError: he has been told too often of what he does not see.
    """
    given = writable(fields, WRITABLE)
    values = {name: value for name, value in given.items() if value is not None}
    external_refs.refuse_taken(session, Activity, values.get("external_ref"))
    author = origin_of(session).user_id
    timing = Timing(None, None, None, zone).changed(values)
    if "assignee_ids" not in values:
        assignee = owning.creator_if_assignable(session, Activity)
        values["assignee_ids"] = [] if assignee is None else [assignee]
    if values.get("kind") == ActivityKind.MEMO and "team_id" not in values:
        values["team_id"] = people.only_team_of(session, author)
    values, warned = entered(session, Activity, values, caller=caller, policed=policed)
    activity = Activity(author_user_id=author, created_at=now, at=now, **timing.columns)
    _write(session, activity, values)
    about = _with_customers_of_contacts(session, subjects, activity)
    _enter(session, activity, state, at=happened_at, done_by=None, now=now)
    _derive(activity, has_subjects=bool(about), made_at=now)
    session.add(activity)
    session.flush()
    if state is ActivityState.DONE:
        explain_change(
            session, f"{ENTITY}.created", subject_type=ENTITY, subject_id=activity.id,
            data=_happened(activity),
        )  # fmt: skip
    links = _link(session, activity, about)
    if is_contact(activity):
        refresh_last_contact(session, links)
    warn(session, activity, warned)
    return activity


def change(
    session: Session,
    activity: Activity,
    changes: Mapping[str, Any],
    *,
    subjects: Sequence[Any] | None = None,
    caller: Principal | None = None,
) -> Activity:
    """Change the named fields, and what it is about where `subjects` are given; None empties one.

    Its state changes by `move`.

    Raises:
        ValidationError, ConflictError: as `create`.
    """
    values = writable(changes, WRITABLE)
    empty = sorted(name for name in _REQUIRED & values.keys() if values[name] is None)
    if empty:
        raise ValidationError.of(f"/{empty[0]}", "required", N_("It cannot be emptied."))
    external_refs.refuse_taken(session, Activity, values.get("external_ref"), activity.id)
    timing = Timing.of(activity).changed(values)
    if activity.state is ActivityState.DONE and timing != Timing.of(activity):
        raise ConflictError(
            "activity_state", N_("It is done: open it again to move it to another time."),
            details=_standing(activity),
        )  # fmt: skip
    values, warned = entered(session, Activity, values, activity, caller=caller)
    warn(session, activity, warned)
    before, counted = linked(session, activity), is_contact(activity)
    _write(session, activity, {**timing.columns, **values})
    about = None
    if subjects is not None or "contact_ids" in values:
        kept = [subject_of(session, link) for link in before] if subjects is None else subjects
        about = _with_customers_of_contacts(session, kept, activity)
    after = before if about is None else _link(session, activity, about, before=before)
    _derive(activity, has_subjects=bool(after), made_at=activity.created_at)
    _follow_time(session, activity, after)
    if counted or is_contact(activity):
        refresh_last_contact(session, [*before, *after])
    return activity


def move(
    session: Session,
    activity: Activity,
    state: ActivityState,
    *,
    now: datetime,
    outcome: str | None = None,
    reason: str | None = None,
    happened_at: datetime | None = None,
    done_by_user_id: UUID | None = None,
) -> Activity:
    """Move an activity to another state, which is one event of its history.

    Done, it counts for `done_by_user_id`: without one for whoever says so, if it is his to do, else
    for the first of those whose it is. A call or meeting that is done moves the last contact of all
    it is about in the same commit; opened again, that goes back.

    Raises:
        ConflictError: ``activity_state``, with the `allowed` states.
        ValidationError: the outcome is not in its catalogue; it is said to have happened in the
            future; whoever did it is no active user.
    """
    if state not in ALLOWED[activity.state]:
        raise ConflictError(
            "activity_state",
            N_("The activity is {state}; it cannot become {wanted}."),
            details=_standing(activity),
            state=activity.state.value,
            wanted=state.value,
        )
    if outcome is not None:
        refuse_unlisted(session, CATALOGUES, {"outcome": outcome}, kept=vars(activity))
        activity.outcome = outcome
    before, counted, links = activity.state, is_contact(activity), linked(session, activity)
    _enter(session, activity, state, at=happened_at, done_by=done_by_user_id, now=now)
    _derive(activity, has_subjects=bool(links), made_at=activity.created_at)
    explain_change(
        session, f"{ENTITY}.transitioned", subject_type=ENTITY, subject_id=activity.id,
        data={"from": before.value, "to": state.value, "reason": reason, **_happened(activity)},
    )  # fmt: skip
    _follow_time(session, activity, links)
    if counted or is_contact(activity):
        refresh_last_contact(session, links)
    return activity


def comment(session: Session, activity: Activity, body: str, *, now: datetime) -> ActivityComment:
    """Say something of an activity; it stays as it was said."""
    said = ActivityComment(
        activity_id=activity.id, author_user_id=origin_of(session).user_id, body=body, at=now
    )
    session.add(said)
    session.flush()
    record(
        session, f"{ENTITY}.commented", subject_type=ENTITY, subject_id=activity.id,
        data={"comment_id": said.id},
    )  # fmt: skip
    return said


def delete(session: Session, activity: Activity, *, now: datetime) -> None:
    """Take an activity away; its history and what was said of it stay."""
    counted = is_contact(activity)
    activity.deleted_at = now
    session.flush()
    if counted:
        refresh_last_contact(session, linked(session, activity))


def part_from(
    session: Session, activity: Activity, subject: Any, *, heir: Customer | None = None
) -> None:
    """Have an activity be about a record no longer, but about its heir where there is one.

    Where it is about nothing then, it is for the people in it.
    """
    before = linked(session, activity)
    kept = [subject_of(session, link) for link in before if link.subject_id != subject.id]
    if heir is not None and heir.id not in {each.id for each in kept}:
        kept.append(heir)
    after = _link(session, activity, kept, before=before)
    _derive(activity, has_subjects=bool(after), made_at=activity.created_at)
    session.flush()
    if is_contact(activity):
        refresh_last_contact(session, [*before, *after])


def follow_customer(session: Session, entity: str, subject_id: UUID) -> None:
    """Have the activities of a record follow it to the customer that it belongs to now."""
    found = session.scalars(
        select(Activity)
        .join(ActivitySubject, ActivitySubject.activity_id == Activity.id)
        .where(ActivitySubject.subject_type == entity, ActivitySubject.subject_id == subject_id)
        .order_by(Activity.id)
    ).all()
    touched: list[ActivitySubject] = []
    for activity in found:
        links = linked(session, activity)
        about = [subject_of(session, link) for link in links]
        if is_contact(activity):
            touched += links
        after = _linked_anew(session, activity, about, links)
        if is_contact(activity):
            touched += after
    refresh_last_contact(session, touched)


def linked(session: Session, activity: Activity) -> Sequence[ActivitySubject]:
    """Return the rows that say what an activity is about, in their order."""
    return session.scalars(
        select(ActivitySubject)
        .where(ActivitySubject.activity_id == activity.id)
        .order_by(ActivitySubject.id)
    ).all()


def subject_of(session: Session, link: ActivitySubject) -> Any:
    """Return the record that a row names."""
    return session.get_one(kinds_of_subjects()[link.subject_type], link.subject_id)


def _write(session: Session, activity: Activity, values: Mapping[str, Any]) -> None:
    given = dict(values)
    for name in TIMING - {"zone"}:
        given.pop(name, None)
    for name in PEOPLE & given.keys():
        given[name] = list(given[name] or ())
    refuse_unlisted(session, CATALOGUES, given, kept=vars(activity))
    if "team_id" in given and given["team_id"] != activity.team_id:
        people.refuse_unknown_team(session, given["team_id"])
    if "attendees" in given:
        given["attendees"] = people.stored(given["attendees"])
        known, named = activity.attendees or (), given["attendees"]
        people.refuse_inactive(session, "attendees", people.users_of(named), people.users_of(known))
        fresh = set(people.contacts_of(named)) - set(people.contacts_of(known))
        people.living_contacts(session, "attendees", fresh)
    if "assignee_ids" in given:
        given["assignee_ids"] = list(dict.fromkeys(given["assignee_ids"]))
        people.refuse_unassignable(
            session, "assignee_ids", given["assignee_ids"], activity.assignee_ids or ()
        )
    if "contact_ids" in given:
        given["contact_ids"] = list(dict.fromkeys(given["contact_ids"]))
    for name, value in given.items():
        if (getattr(activity, name) or None) != (value or None):
            setattr(activity, name, value)


def _enter(
    session: Session,
    activity: Activity,
    state: ActivityState,
    *,
    at: datetime | None,
    done_by: UUID | None,
    now: datetime,
) -> None:
    if at is not None and (state is not ActivityState.DONE or at > now):
        raise ValidationError.of(
            "/happened_at", "future", N_("Only what is done has happened, and not in the future.")
        )
    if done_by is not None and state is not ActivityState.DONE:
        raise ValidationError.of("/done_by_user_id", "not_done", N_("Only what is done was done."))
    activity.state = state
    activity.closed_at = None if activity.is_open else now
    activity.done_by_user_id = None
    if state is ActivityState.DONE:
        if done_by is not None:
            people.refuse_inactive(session, "done_by_user_id", [done_by])
        activity.done_by_user_id = done_by or _doer(session, activity)
        begun = Timing.of(activity).begins_at if activity.starts_local else None
        activity.at = at or (begun if begun is not None and begun <= now else now)


def _happened(activity: Activity) -> dict[str, datetime]:
    """Return what the history is to know of something done: where it stands in time is derived."""
    return {HAPPENED_AT: activity.at} if activity.state is ActivityState.DONE else {}


def _doer(session: Session, activity: Activity) -> UUID | None:
    caller = origin_of(session).user_id
    assignees = activity.assignee_ids or ()
    return caller if caller in assignees or not assignees else assignees[0]


def _derive(activity: Activity, *, has_subjects: bool, made_at: datetime) -> None:
    """Bring up to date what follows from an activity's fields."""
    timing = Timing.of(activity)
    activity.over_at = timing.over_at
    if activity.state is not ActivityState.DONE:
        activity.at = timing.begins_at or made_at
    named = [*(activity.assignee_ids or ()), *people.users_of(activity.attendees or ())]
    if not has_subjects and activity.author_user_id is not None:
        named.append(activity.author_user_id)
    wanted = list(dict.fromkeys(named))
    if activity.people_ids != wanted:
        activity.people_ids = wanted
    document = search_document(activity.title, [activity.body, activity.location])
    if activity.search_text != document:
        activity.search_text = document


def _with_customers_of_contacts(
    session: Session, subjects: Sequence[Any], activity: Activity
) -> list[Any]:
    """Return what an activity is about, each once: its contacts bring their customers along."""
    about = {(each.entity(), each.id): each for each in subjects}
    customers = {customer_id_of(each) for each in about.values()}
    for contact in people.living_contacts(session, "contact_ids", activity.contact_ids or ()):
        if contact.customer_id not in customers:
            customers.add(contact.customer_id)
            about[CUSTOMER, contact.customer_id] = session.get_one(Customer, contact.customer_id)
    return list(about.values())


def _link(
    session: Session,
    activity: Activity,
    about: Sequence[Any],
    *,
    before: Sequence[ActivitySubject] = (),
) -> Sequence[ActivitySubject]:
    """Write what an activity is about; of several subjects of one customer, the first names him."""
    if {(each.entity(), each.id) for each in about} == {
        (link.subject_type, link.subject_id) for link in before
    }:
        return before
    links = _linked_anew(session, activity, about, before)
    if before:
        note_change(
            session, f"{ENTITY}.updated", subject_type=ENTITY, subject_id=activity.id,
            changes={"subjects": (REDACTED, REDACTED)},
        )  # fmt: skip
    return links


def _linked_anew(
    session: Session,
    activity: Activity,
    about: Sequence[Any],
    before: Sequence[ActivitySubject],
) -> Sequence[ActivitySubject]:
    for link in before:
        session.delete(link)
    session.flush()
    links, named = [], set[UUID | None]()
    for subject in sorted(about, key=lambda each: each.entity() != CUSTOMER):
        customer_id = customer_id_of(subject)
        links.append(
            ActivitySubject(
                activity_id=activity.id, subject_type=subject.entity(), subject_id=subject.id,
                customer_id=None if customer_id in named else customer_id, at=activity.at,
            )
        )  # fmt: skip
        named.add(customer_id)
    session.add_all(links)
    session.flush()
    return links


def _follow_time(session: Session, activity: Activity, links: Sequence[ActivitySubject]) -> None:
    for link in links:
        if link.at != activity.at:
            link.at = activity.at
    session.flush()


def _standing(activity: Activity) -> dict[str, object]:
    return {
        "state": activity.state.value,
        "allowed": [allowed.value for allowed in ALLOWED[activity.state]],
    }
