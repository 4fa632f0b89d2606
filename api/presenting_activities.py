"""What is shown of an activity: of what it is about, no more than the caller may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from api.calls import Call
from api.presenting_customers import custom_view
from api.presenting_entries import warning_views
from api.schemas.activities import (
    ActivityView,
    AttendeeView,
    ContactOfActivity,
    MomentView,
    PersonView,
    SubjectView,
)
from hub.access.concealing import seen_among
from hub.access.models import User
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.activities import people
from hub.activities.access import subjects_seen
from hub.activities.models import Activity, ActivityComment, ActivitySubject
from hub.activities.services import ALLOWED, CATALOGUES
from hub.activities.timing import Timing
from hub.catalogues.services import labels
from hub.customers.models import Contact, Customer
from hub.db import among
from hub.i18n import translate
from hub.reminders.timing import Moment
from hub.subjects import name_of, subjects

_VERBS = (Verb.READ, Verb.COMMENT, Verb.EDIT, Verb.TRANSITION, Verb.DELETE)
_RECKONED = frozenset({
    "category_label", "outcome_label", "allowed_states", "start", "end", "due", "subjects",
    "contacts", "assignees", "attendees", "author_name", "comments", "custom", "warnings",
    "allowed_actions",
})  # fmt: skip
_COLUMNS = frozenset(ActivityView.model_fields) - _RECKONED


@dataclass(slots=True)
class _Beside:
    """What stands beside the rows of some activities, asked for all of them at once."""

    subjects: dict[UUID, list[SubjectView]] = field(default_factory=dict)
    contacts: dict[UUID, ContactOfActivity] = field(default_factory=dict)
    users: dict[UUID, str] = field(default_factory=dict)
    comments: dict[UUID, int] = field(default_factory=dict)


def activity_view(call: Call[Any, Any], activity: Activity) -> ActivityView:
    """Return an activity as the caller sees it."""
    beside = _beside(call, activity)
    timing = Timing.of(activity)
    return ActivityView(
        **{name: getattr(activity, name) for name in _COLUMNS},
        category_label=_label(call, "category", activity.category),
        outcome_label=_label(call, "outcome", activity.outcome),
        allowed_states=[state.value for state in ALLOWED[activity.state]],
        start=moment_view(timing.start),
        end=moment_view(timing.end),
        due=moment_view(timing.due),
        subjects=beside.subjects.get(activity.id, []),
        contacts=[
            beside.contacts[each] for each in activity.contact_ids if each in beside.contacts
        ],
        assignees=[
            PersonView(id=each, name=beside.users.get(each, "")) for each in activity.assignee_ids
        ],
        attendees=list(_attendees(activity, beside)),
        author_name=beside.users.get(activity.author_user_id) if activity.author_user_id else None,
        comments=beside.comments.get(activity.id, 0),
        custom=custom_view(call, activity),
        warnings=warning_views(call, activity),
        allowed_actions=call.actions("activities", activity, _VERBS),
    )


def unseen_contacts(call: Call[Any, Any], ids: Iterable[UUID]) -> set[UUID]:
    """Return those of some contacts that the caller does not see."""
    wanted = set(ids)
    return wanted - _contacts(call, wanted).keys()


def seen_links(call: Call[Any, Any], ids: Sequence[UUID]) -> Sequence[ActivitySubject]:
    """Return the rows that say what some activities are about, those that the caller may see."""
    return call.session.scalars(
        select(ActivitySubject)
        .where(among(ActivitySubject.activity_id, ids), subjects_seen(call.principal, Verb.READ))
        .order_by(ActivitySubject.id)
    ).all()


def _label(call: Call[Any, Any], name: str, code: str | None) -> str | None:
    if code is None:
        return None
    return translate(call.language, labels(call.session, CATALOGUES[name]).get(code, code))


def moment_view(moment: Moment | None) -> MomentView | None:
    """Return a day, or a time of it, as an activity shows it."""
    if moment is None:
        return None
    return MomentView(on=moment.on, at=moment.at.isoformat() if moment.at else None)


def _attendees(activity: Activity, beside: _Beside) -> Iterable[AttendeeView]:
    for each in activity.attendees:
        if people.USER in each:
            identifier = UUID(each[people.USER])
            yield AttendeeView(user_id=identifier, name=beside.users.get(identifier))
        elif people.CONTACT in each:
            contact = beside.contacts.get(UUID(each[people.CONTACT]))
            if contact is not None:
                yield AttendeeView(contact_id=contact.id, name=contact.name)
        else:
            yield AttendeeView(email=each[people.EMAIL], name=each.get("name"))


def _beside(call: Call[Any, Any], activity: Activity) -> _Beside:
    shown = [each for each in call.shown if isinstance(each, Activity)]
    if activity not in shown:
        return _read(call, [activity])
    known: dict[str, _Beside] = call.session.info.setdefault("beside_activities", {})
    key = str([each.id for each in shown])
    if key not in known:
        known[key] = _read(call, shown)
    return known[key]


def _read(call: Call[Any, Any], activities: Sequence[Activity]) -> _Beside:
    ids = [each.id for each in activities]
    users = {each.author_user_id for each in activities} - {None}
    contacts: set[UUID] = set()
    for each in activities:
        users.update(each.assignee_ids, people.users_of(each.attendees))
        contacts.update(each.contact_ids, people.contacts_of(each.attendees))
    names = select(User.id, User.name).where(among(User.id, [u for u in users if u is not None]))
    counted = (
        select(ActivityComment.activity_id, func.count())
        .where(among(ActivityComment.activity_id, ids))
        .group_by(ActivityComment.activity_id)
    )
    return _Beside(
        subjects=_subjects(call, ids),
        contacts=dict(_contacts(call, contacts)),
        users={row[0]: row[1] for row in call.session.execute(names)} if users else {},
        comments={row[0]: row[1] for row in call.session.execute(counted)},
    )


def _subjects(call: Call[Any, Any], ids: Sequence[UUID]) -> dict[UUID, list[SubjectView]]:
    links = seen_links(call, ids)
    names: dict[tuple[str, UUID], str | None] = {}
    for entity, model in subjects().items():
        wanted = [each.subject_id for each in links if each.subject_type == entity]
        if wanted:
            name = name_of(call.principal, model).label("name")
            rows = call.session.execute(select(model.id, name).where(among(model.id, wanted)))
            names |= {(entity, row.id): row.name for row in rows}
    named = {each.customer_id for each in links if each.customer_id is not None}
    seen = seen_among(call.session, call.principal, Customer, named)
    found: dict[UUID, list[SubjectView]] = {}
    for link in links:
        found.setdefault(link.activity_id, []).append(
            SubjectView(
                type=link.subject_type, id=link.subject_id,
                name=names[link.subject_type, link.subject_id],
                customer_id=link.customer_id if link.customer_id in seen else None,
            )
        )  # fmt: skip
    return found


def _contacts(call: Call[Any, Any], ids: Iterable[UUID]) -> Mapping[UUID, ContactOfActivity]:
    wanted = set(ids)
    if not wanted:
        return {}
    rows = call.session.scalars(
        select(Contact).where(
            among(Contact.id, wanted), visible(call.principal, Verb.READ, Contact)
        )
    )
    return {
        each.id: ContactOfActivity(
            id=each.id,
            name=" ".join(part for part in (each.first_name, each.last_name) if part)
            or each.email
            or "",
            customer_id=each.customer_id,
        )
        for each in rows
    }
