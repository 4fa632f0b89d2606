"""The list of activities."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, and_, cast, exists, false, func, literal, not_, null, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from hub.access.captions import PEOPLE
from hub.access.models import Team, User
from hub.access.predicates import visible
from hub.access.roles import Verb
from hub.activities.access import subjects_seen
from hub.activities.models import OPEN, Activity, ActivityKind, ActivityState, ActivitySubject
from hub.catalogues.services import words_of
from hub.customers.models import Customer
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing, Operator, Reader, SearchSpec
from hub.listing.declaration import Expression, Predicate
from hub.subjects import name_of, subjects

KINDS = (
    Choice(ActivityKind.CALL, N_("Call")),
    Choice(ActivityKind.MEETING, N_("Meeting")),
    Choice(ActivityKind.EVENT, N_("Event")),
    Choice(ActivityKind.TASK, N_("Task")),
    Choice(ActivityKind.MAIL, N_("Mail")),
    Choice(ActivityKind.MEMO, N_("Memo")),
    Choice(ActivityKind.TODO, N_("To do")),
)
STATES = (
    Choice(ActivityState.PLANNED, N_("Planned")),
    Choice(ActivityState.IN_PROGRESS, N_("Under way")),
    Choice(ActivityState.DONE, N_("Done")),
    Choice(ActivityState.CANCELLED, N_("Cancelled")),
)


def _person(column: Expression) -> Expression:
    return select(User.name).where(User.id == column).correlate(Activity).scalar_subquery()


def _is_open(operator: Operator, value: Any) -> Predicate:
    """Compare so that the indexes of open activities are used."""
    return Activity.state.in_(OPEN) if value is (operator is Operator.EQ) else not_(
        Activity.state.in_(OPEN)
    )  # fmt: skip


def _has(column: Any) -> Any:
    def condition(operator: Operator, value: UUID | bool) -> Predicate:  # noqa: FBT001 - as lists ask
        if operator is Operator.EMPTY:
            nobody: Predicate = column == cast([], column.type)
            return nobody if value else not_(nobody)
        found: Predicate = column.contains([value])
        return found

    return condition


def _attends(operator: Operator, value: UUID) -> Predicate:
    del operator
    found: Predicate = Activity.attendees.contains([{"user_id": str(value)}])
    return Activity.people_ids.contains([value]) & found


def of_contact(contact_id: UUID) -> Predicate:
    """Return the condition for activities about a contact, or that it takes part in."""
    about: Predicate = Activity.contact_ids.contains([contact_id])
    attending: Predicate = Activity.attendees.contains([{"contact_id": str(contact_id)}])
    return or_(  # each with the condition of its index
        and_(Activity.contact_ids != cast([], Activity.contact_ids.type), about),
        and_(Activity.attendees != cast([], Activity.attendees.type), attending),
    )


def _of_contact(operator: Operator, value: UUID) -> Predicate:
    del operator
    return of_contact(value)


def _sees(reader: Reader, model: type[Any]) -> Predicate:
    return false() if reader.viewer is None else visible(reader.viewer, Verb.READ, model)


def _name(reader: Reader, model: type[Any]) -> Expression:
    return null() if reader.viewer is None else name_of(reader.viewer, model)


def _subjects_seen(reader: Reader) -> Predicate:
    return false() if reader.viewer is None else subjects_seen(reader.viewer, Verb.READ)


def _about(reader: Reader) -> Expression:
    """Return the names of what an activity is about, of that which he sees."""
    each = ActivitySubject
    name = func.coalesce(*(
        select(_name(reader, subject))
        .where(
            each.subject_type == entity, subject.id == each.subject_id,
            _sees(reader, subject),
        )
        .correlate(each)
        .scalar_subquery()
        for entity, subject in subjects().items()
        if subject is not Activity
    ), null())  # fmt: skip
    names = select(func.string_agg(cast(name, Text), aggregate_order_by(literal(", "), each.id)))
    return names.where(each.activity_id == Activity.id).correlate(Activity).scalar_subquery()


def _by_customer(reader: Reader, operator: Operator, value: UUID) -> Predicate:
    del operator
    seen = select(Customer.id).where(Customer.id == value, _sees(reader, Customer))
    return exists().where(
        ActivitySubject.activity_id == Activity.id,
        ActivitySubject.customer_id == value,
        seen.correlate(None).exists(),
        _subjects_seen(reader),
    )


def _by_subject(reader: Reader, operator: Operator, value: UUID) -> Predicate:
    del operator
    return exists().where(
        ActivitySubject.activity_id == Activity.id,
        ActivitySubject.subject_id == value,
        _subjects_seen(reader),
    )


_ASSIGNEES = (
    select(func.string_agg(User.name, aggregate_order_by(literal(", "), User.name)))
    .where(User.id == func.any(Activity.assignee_ids))
    .correlate(Activity)
    .scalar_subquery()
)
_TEAM = select(Team.name).where(Team.id == Activity.team_id).correlate(Activity).scalar_subquery()
_EQUAL = (Operator.EQ,)

ACTIVITIES = Listing(
    name="activities",
    model=Activity,
    fields=(
        Field("id", Activity.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("kind", Activity.kind, label=N_("Kind"), kind=Kind.ENUM, facet=True, choices=KINDS,
              width=10),
        Field("title", Activity.title, label=N_("Title"), search_text=Activity.search_text,
              width=40),
        Field("about", None, label=N_("About"), operators=(), reckoned=_about,
              width=40),
        Field("customer", None, label=N_("Customer"), kind=Kind.UUID, operators=_EQUAL,
              condition_for=_by_customer),
        Field("subject", None, label=N_("Record it is about"), kind=Kind.UUID, operators=_EQUAL,
              condition_for=_by_subject),
        Field("contact", None, label=N_("Contact"), kind=Kind.UUID, operators=_EQUAL,
              condition=_of_contact),
        Field("at", Activity.at, label=N_("Time"), kind=Kind.DATETIME, sortable=True, width=18),
        Field("over_at", Activity.over_at, label=N_("Overdue from"), kind=Kind.DATETIME,
              shown=False, width=18),
        Field("state", Activity.state, label=N_("State"), kind=Kind.ENUM, facet=True,
              choices=STATES, width=12),
        Field("is_open", Activity.state.in_(OPEN), label=N_("Open"), kind=Kind.BOOLEAN,
              facet=True, operators=(Operator.EQ, Operator.NE), condition=_is_open, shown=False),
        Field("overdue", and_(Activity.is_overdue), label=N_("Overdue"), kind=Kind.BOOLEAN,
              facet=True, shown=False),
        Field("category", Activity.category, label=N_("Category"), facet=True,
              words=words_of("activity_categories", Activity.category, Activity), width=16),
        Field("outcome", Activity.outcome, label=N_("Outcome"), facet=True,
              words=words_of("activity_outcomes", Activity.outcome, Activity), width=16),
        Field("body", Activity.body, label=N_("Text"), search_text=Activity.search_text, width=60),
        Field("location", Activity.location, label=N_("Place"), search_text=Activity.search_text,
              shown=False, width=30),
        Field("assignees", _ASSIGNEES, label=N_("Assigned to"), operators=(), width=30),
        Field("assignee", Activity.assignee_ids, label=N_("Assigned to"), kind=Kind.USER,
              facet=True, words=PEOPLE, operators=(Operator.EQ, Operator.EMPTY),
              condition=_has(Activity.assignee_ids), shown=False),
        Field("attendee", None, label=N_("Attendee"), kind=Kind.USER, operators=_EQUAL,
              condition=_attends),
        Field("author", Activity.author_user_id, label=N_("Author"), kind=Kind.USER, facet=True,
              caption=_person(Activity.author_user_id), shown=False, width=20),
        Field("done_by", Activity.done_by_user_id, label=N_("Done by"), kind=Kind.USER, facet=True,
              caption=_person(Activity.done_by_user_id), shown=False, width=20),
        Field("team", Activity.team_id, label=N_("Team"), kind=Kind.UUID, facet=True,
              caption=_TEAM, shown=False, width=20),
        Field("external_ref", Activity.external_ref, label=N_("External reference"), shown=False),
        Field("closed_at", Activity.closed_at, label=N_("Closed"), kind=Kind.DATETIME,
              shown=False),
        Field("created_at", Activity.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
        Field("updated_at", Activity.updated_at, label=N_("Changed"), kind=Kind.DATETIME,
              shown=False),
    ),
    default_sort=("at",),
    search=SearchSpec(text=Activity.search_text),
)  # fmt: skip
