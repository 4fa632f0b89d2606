"""/activities, and those of customers, leads and opportunities"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import ColumnElement, and_, select

from api import paging
from api.concealing import naming_only_seen
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.presenting_activities import activity_view, seen_links, unseen_contacts
from api.presenting_reminders import reminder_view
from api.removing import taking_away
from api.routes.reminders import remind, wish_of
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.activities import (
    ActivityCreate,
    ActivityMove,
    ActivityPatch,
    ActivityView,
    CommentCreate,
    CommentView,
    OfASubject,
    SubjectBody,
    WrittenActivity,
)
from api.schemas.reminders import ReminderCreate, ReminderView
from api.schemas.shapes import Because, Page, PageQuery
from api.subjects import get_subjects
from hub import follow_ups
from hub.access.lookup import get_record
from hub.access.models import User
from hub.activities import people
from hub.activities import services as activities
from hub.activities.listing import ACTIVITIES
from hub.activities.models import Activity, ActivityComment, ActivitySubject
from hub.errors import ValidationError
from hub.i18n import N_
from hub.reminders.models import Reminder
from hub.subjects import CUSTOMER

blueprint = Blueprint("activities", __name__)
READ = Permission(Verb.READ, "activities")
CREATE = Permission(Verb.CREATE, "activities")
EDIT = Permission(Verb.EDIT, "activities")
_WRONG_STATE = {
    HTTPStatus.CONFLICT: "Its state forbids it (`activity_state`); `details.allowed` says where it"
    " can go."
}
_TAKEN = {
    HTTPStatus.CONFLICT: "Another one has the external reference (`taken`), or a value that must be"
    " new (`duplicate_value`)."
}


def get_activity_record(
    call: Call[Any, Any], verb: Verb, activity_id: UUID, version: int | None = None
) -> Activity:
    """Return an activity for an act of the caller."""
    return get_record(
        call.session, call.principal, verb, Activity, activity_id, expected_version=version
    )


def view_again(call: Call[Any, Any], activity_id: UUID) -> ActivityView:
    """Return an activity that the caller may see, as it stands now."""
    return activity_view(call, get_activity_record(call, Verb.READ, activity_id))


def _written_again(call: Call[Any, Any], activity_id: UUID) -> WrittenActivity:
    activity = get_activity_record(call, Verb.READ, activity_id)
    reminder = call.session.scalar(
        select(Reminder)
        .where(Reminder.subject_type == Activity.entity(), Reminder.subject_id == activity.id)
        .order_by(Reminder.id)
        .limit(1)
    )
    return _written(call, activity, reminder)


def _written(
    call: Call[Any, Any], activity: Activity, reminder: Reminder | None
) -> WrittenActivity:
    shown = reminder_view(call, reminder) if reminder else None
    return WrittenActivity(**activity_view(call, activity).model_dump(), reminder=shown)


def _list(
    call: Call[Any, Any], within: ColumnElement[bool] | None = None
) -> Answer[ListPage[ActivityView]]:
    if within is not None:
        of_it = select(ActivitySubject.activity_id).where(within).correlate(None)
        within = Activity.id.in_(of_it)
    return list_page(call, ACTIVITIES, lambda each: activity_view(call, each), within=within)


@operation(
    blueprint, "GET", "/activities",
    permission=READ, listing=ACTIVITIES, answer=ListPage[ActivityView],
)  # fmt: skip
def list_activities(call: Call) -> Answer[ListPage[ActivityView]]:
    """List activities by their time; `assignee=me&is_open=true` shows what is yours to do.

    `overdue=true` shows what should be done by now, `at.gte=today&at.lt=today+1d` those of a day.
    """
    return _list(call)


def _serve(subject: Subject) -> None:
    """Declare the routes by which activities of one kind of record are listed and made."""

    def listed(call: Call, **path: UUID) -> Answer[ListPage[ActivityView]]:
        return _list(call, _of(subject.find(call, Verb.READ, *path.values())))

    def create(call: Call[OfASubject], **path: UUID) -> Answer[WrittenActivity]:
        return _create(call, [subject.find(call, Verb.COMMENT, *path.values())])

    named(
        listed, f"list_{subject.noun}_activities",
        f"List the activities of the {subject.noun}; of a customer those of its leads, too.",
    )  # fmt: skip
    named(
        create, f"create_{subject.noun}_activity",
        f"Plan an activity with the {subject.noun}, or note one that is done."
        "\n\nIt is one of its customer, too.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"{subject.path}/activities",
        permission=READ, listing=ACTIVITIES, answer=ListPage[ActivityView],
    )(listed)  # fmt: skip
    operation(
        blueprint, "POST", f"{subject.path}/activities",
        permission=CREATE, body=OfASubject, answer=WrittenActivity, status=HTTPStatus.CREATED,
        reload=_written_again, refusals=_TAKEN,
    )(create)  # fmt: skip


def _of(record: Any) -> ColumnElement[bool]:
    if record.entity() == CUSTOMER:
        of_customer: ColumnElement[bool] = ActivitySubject.customer_id == record.id
        return of_customer
    return and_(
        ActivitySubject.subject_type == record.entity(), ActivitySubject.subject_id == record.id
    )


@operation(
    blueprint, "POST", "/activities",
    permission=CREATE, body=ActivityCreate, answer=WrittenActivity, status=HTTPStatus.CREATED,
    reload=_written_again, refusals=_TAKEN,
)  # fmt: skip
def create_activity(call: Call[ActivityCreate]) -> Answer[WrittenActivity]:
    """Plan an activity, or note one that is done: about several records, or about none.

    With `reminder` somebody is reminded of it. It is seen with what it is about, and by those who
    are to do it or take part.
    """
    return _create(call, get_subjects(call, Verb.COMMENT, call.body.subjects))


def _create(call: Call[Any, Any], subjects: list[Any]) -> Answer[WrittenActivity]:
    body: OfASubject = call.body
    fields = body.fields()
    refuse_unseen_contacts(call, fields)
    with naming_only_seen(call, Activity):
        activity, reminder = follow_ups.plan_activity(
            call.session, subjects, fields, wish_of(call, body.reminder),
            zone=call.zone, now=call.now, state=body.state, happened_at=body.happened_at,
            caller=call.principal,
        )  # fmt: skip
    return Answer(_written(call, activity, reminder), location=f"/activities/{activity.id}")


@operation(
    blueprint, "GET", "/activities/<uuid:activity_id>", permission=READ, answer=ActivityView,
)  # fmt: skip
def get_activity(call: Call, activity_id: UUID) -> ActivityView:
    """Return an activity."""
    return view_again(call, activity_id)


@operation(
    blueprint, "PATCH", "/activities/<uuid:activity_id>",
    permission=EDIT, body=ActivityPatch, answer=ActivityView, reload=view_again,
    refusals={**_WRONG_STATE, **_TAKEN},
)  # fmt: skip
def change_activity(call: Call[ActivityPatch], activity_id: UUID) -> ActivityView:
    """Change an activity: its author does, those who are to do it, and who leads one of these.

    Lists are given whole. What it is about and you do not see stays.
    """
    activity = get_activity_record(call, Verb.EDIT, activity_id, call.expected_version)
    change(call, activity, call.body.fields(), call.body.given().get("subjects", ...))
    return activity_view(call, activity)


def change(call: Call[Any, Any], activity: Activity, fields: dict[str, Any], wanted: Any) -> None:
    """Change an activity for a caller, who need not see all that it is about.

    Args:
        call: the request.
        activity: locked.
        fields: what is said of it.
        wanted: the subjects that are named, None for none; ``...`` leaves them as they are.
    """
    refuse_unseen_contacts(call, fields)
    if "contact_ids" in fields:
        hidden = unseen_contacts(call, activity.contact_ids)
        fields["contact_ids"] = [
            *(fields["contact_ids"] or ()), *(i for i in activity.contact_ids if i in hidden)
        ]  # fmt: skip
    if "attendees" in fields:
        hidden = unseen_contacts(call, people.contacts_of(activity.attendees))
        kept = [each for each in activity.attendees if hidden & set(people.contacts_of([each]))]
        fields["attendees"] = [*(fields["attendees"] or ()), *kept]
    subjects = None if wanted is ... else _subjects(call, activity, wanted or [])
    with naming_only_seen(call, Activity):
        activities.change(
            call.session, activity, fields, subjects=subjects, caller=call.principal
        )  # fmt: skip


def _subjects(call: Call[Any, Any], activity: Activity, wanted: list[SubjectBody]) -> list[Any]:
    """Return what an activity is to be about: what is named, and what the caller does not see."""
    seen = {link.id for link in seen_links(call, [activity.id])}
    links = activities.linked(call.session, activity)
    known = {(link.subject_type, link.subject_id) for link in links}
    named = get_subjects(call, Verb.READ, wanted)
    fresh = [
        SubjectBody(type=each.entity(), id=each.id)
        for each in named
        if (each.entity(), each.id) not in known
    ]
    get_subjects(call, Verb.COMMENT, fresh)
    hidden = [activities.subject_of(call.session, link) for link in links if link.id not in seen]
    return [*named, *hidden]


def refuse_unseen_contacts(call: Call[Any, Any], fields: dict[str, Any]) -> None:
    """Pass contacts that the caller sees.

    Raises:
        ValidationError: ``unknown``: he does not see one.
    """
    of = {
        "contact_ids": fields.get("contact_ids") or [],
        "attendees": [
            each["contact_id"] for each in fields.get("attendees") or () if each.get("contact_id")
        ],
    }
    for name, ids in of.items():
        if unseen := unseen_contacts(call, ids):
            raise ValidationError.of(
                f"/{name}", "unknown", N_("There is no contact {id}."), id=str(min(unseen))
            )


@operation(
    blueprint, "DELETE", "/activities/<uuid:activity_id>",
    permission=Permission(Verb.DELETE, "activities"), query=Because, status=HTTPStatus.NO_CONTENT,
)  # fmt: skip
def delete_activity(call: Call[None, Because], activity_id: UUID) -> Answer[None]:
    """Take an activity away; its history stays, and nobody is reminded of it any more."""
    activity = get_activity_record(call, Verb.DELETE, activity_id, call.expected_version)
    with taking_away(call, activity):
        follow_ups.delete_activity(call.session, activity, now=call.now)
    return Answer(None)


@operation(
    blueprint, "POST", "/activities/<uuid:activity_id>/transitions",
    permission=Permission(Verb.TRANSITION, "activities"), body=ActivityMove, answer=ActivityView,
    reload=view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def move_activity(call: Call[ActivityMove], activity_id: UUID) -> ActivityView:
    """Begin an activity, finish it, call it off, or open one again that is done.

    A call or a meeting that is done is the last contact with all that it is about. Whoever was to
    be reminded of what is done or called off is not.
    """
    activity = get_activity_record(call, Verb.TRANSITION, activity_id)
    said = {name: each for name, each in call.body.model_dump().items() if name != "to"}
    follow_ups.move_activity(call.session, activity, call.body.to, now=call.now, **said)
    return activity_view(call, activity)


@operation(
    blueprint, "GET", "/activities/<uuid:activity_id>/comments",
    permission=READ, query=PageQuery, answer=Page[CommentView],
)  # fmt: skip
def list_activity_comments(
    call: Call[None, PageQuery], activity_id: UUID
) -> Answer[Page[CommentView]]:
    """List what was said of an activity, in order."""
    activity = get_activity_record(call, Verb.READ, activity_id)
    said = select(ActivityComment).where(ActivityComment.activity_id == activity.id)
    return paging.page(
        call, said, ActivityComment, lambda each: _comment_view(call, each), call.query
    )


def _comment_again(call: Call[Any, Any], comment_id: UUID) -> CommentView:
    said = call.session.get_one(ActivityComment, comment_id)
    get_activity_record(call, Verb.READ, said.activity_id)
    return _comment_view(call, said)


@operation(
    blueprint, "POST", "/activities/<uuid:activity_id>/comments",
    permission=Permission(Verb.COMMENT, "activities"), body=CommentCreate, answer=CommentView,
    status=HTTPStatus.CREATED, reload=_comment_again,
)  # fmt: skip
def comment_on_activity(call: Call[CommentCreate], activity_id: UUID) -> Answer[CommentView]:
    """Say something of an activity; what is said stays as it is."""
    activity = get_activity_record(call, Verb.COMMENT, activity_id)
    said = activities.comment(call.session, activity, call.body.body, now=call.now)
    return Answer(_comment_view(call, said), location=f"/activities/{activity.id}/comments")


def _comment_view(call: Call[Any, Any], said: ActivityComment) -> CommentView:
    author = call.session.get(User, said.author_user_id) if said.author_user_id else None
    return CommentView(
        id=said.id, author_user_id=said.author_user_id, author_name=author and author.name,
        body=said.body, at=said.at,
    )  # fmt: skip


def _reminder_again(call: Call[Any, Any], reminder_id: UUID) -> ReminderView:
    found = get_record(call.session, call.principal, Verb.READ, Reminder, reminder_id)
    return reminder_view(call, found)


@operation(
    blueprint, "POST", "/activities/<uuid:activity_id>/reminders",
    permission=Permission(Verb.CREATE, "reminders"), body=ReminderCreate, answer=ReminderView,
    status=HTTPStatus.CREATED, reload=_reminder_again,
)  # fmt: skip
def create_activity_reminder(call: Call[ReminderCreate], activity_id: UUID) -> Answer[ReminderView]:
    """Be reminded of an activity, or remind somebody else."""
    return remind(call, get_activity_record(call, Verb.COMMENT, activity_id))


for _subject in SUBJECTS:
    _serve(_subject)
