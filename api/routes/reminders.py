"""/reminders, and those of customers and of what may belong to one"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, named, operation
from api.presenting_reminders import reminder_view
from api.routes.subjects import SUBJECTS, Subject
from api.schemas.reminders import ReminderCreate, ReminderPatch, ReminderView
from hub.access.lookup import get_record
from hub.reminders import services as reminders
from hub.reminders.listing import REMINDERS
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment

blueprint = Blueprint("reminders", __name__)
_EDIT = Permission(Verb.EDIT, "reminders")
_WRONG_STATE = {
    HTTPStatus.CONFLICT: "Its state forbids it (`reminder_state`); `details` says what is allowed."
}


def _view_again(call: Call[Any, Any], reminder_id: UUID) -> ReminderView:
    found = get_record(call.session, call.principal, Verb.READ, Reminder, reminder_id)
    return reminder_view(call, found)


def _for_change(call: Call[Any, Any], reminder_id: UUID, version: int | None = None) -> Reminder:
    return get_record(
        call.session, call.principal, Verb.EDIT, Reminder, reminder_id, expected_version=version
    )


@operation(
    blueprint, "GET", "/reminders",
    permission=Permission(Verb.READ, "reminders"), listing=REMINDERS,
    answer=ListPage[ReminderView],
)  # fmt: skip
def list_reminders(call: Call) -> Answer[ListPage[ReminderView]]:
    """List reminders, the next one first; `recipient=me` shows your own."""
    return list_page(call, REMINDERS, lambda reminder: reminder_view(call, reminder))


def _serve(subject: Subject) -> None:
    """Declare the route by which one is reminded of one kind of record."""

    def create(call: Call[ReminderCreate], **path: UUID) -> Answer[ReminderView]:
        return _create(call, subject.find(call, Verb.COMMENT, *path.values()))

    named(
        create, f"create_{subject.noun}_reminder",
        f"Be reminded of the {subject.noun}, or remind somebody else."
        "\n\nThe invitation for the calendar is mailed at once, the reminder when it is due.",
    )  # fmt: skip
    operation(
        blueprint, "POST", f"{subject.path}/reminders",
        permission=Permission(Verb.CREATE, "reminders"), body=ReminderCreate, answer=ReminderView,
        status=HTTPStatus.CREATED, reload=_view_again,
    )(create)  # fmt: skip


def _create(call: Call[ReminderCreate, Any], subject: Any) -> Answer[ReminderView]:
    body = call.body
    reminder = reminders.create(
        call.session,
        subject,
        title=body.title,
        moment=body.moment,
        zone=body.zone or call.zone,
        recipient_user_id=body.recipient_user_id or call.principal.user_id,
        now=call.now,
    )
    return Answer(reminder_view(call, reminder), location=f"/reminders/{reminder.id}")


@operation(
    blueprint, "GET", "/reminders/<uuid:reminder_id>",
    permission=Permission(Verb.READ, "reminders"), answer=ReminderView,
)  # fmt: skip
def get_reminder(call: Call, reminder_id: UUID) -> ReminderView:
    """Return a reminder."""
    return _view_again(call, reminder_id)


@operation(
    blueprint, "PATCH", "/reminders/<uuid:reminder_id>",
    permission=_EDIT, body=ReminderPatch, answer=ReminderView, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def change_reminder(call: Call[ReminderPatch], reminder_id: UUID) -> ReminderView:
    """Move, rename or hand over a reminder; the event in the calendar changes with it."""
    reminder = _for_change(call, reminder_id, call.expected_version)
    changes = call.body.changes_of(Moment.of(reminder.fire_at_local))
    reminders.change(call.session, reminder, changes, now=call.now)
    return reminder_view(call, reminder)


@operation(
    blueprint, "POST", "/reminders/<uuid:reminder_id>/done",
    permission=_EDIT, answer=ReminderView, reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def finish_reminder(call: Call, reminder_id: UUID) -> ReminderView:
    """Say that it is done: there is no mail when due, and its event leaves the calendar."""
    reminder = _for_change(call, reminder_id, call.version_if_given)
    return reminder_view(call, reminders.mark_done(call.session, reminder, now=call.now))


@operation(
    blueprint, "POST", "/reminders/<uuid:reminder_id>/cancellation",
    permission=_EDIT, answer=ReminderView, reload=_view_again, refusals=_WRONG_STATE,
)  # fmt: skip
def cancel_reminder(call: Call, reminder_id: UUID) -> ReminderView:
    """Call it off: there is no mail when due, and its event leaves the calendar."""
    reminder = _for_change(call, reminder_id, call.version_if_given)
    return reminder_view(call, reminders.cancel(call.session, reminder, now=call.now))


for _subject in SUBJECTS:
    _serve(_subject)
