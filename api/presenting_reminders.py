"""What is shown of notes and reminders."""

from typing import Any
from uuid import UUID

from api.calls import Call
from api.messages import message_view
from api.presenting_customers import customers_seen
from api.schemas.notes import NoteView
from api.schemas.reminders import ReminderView
from hub.access.roles import Verb
from hub.catalogues.services import labels
from hub.i18n import translate
from hub.notes.models import Note
from hub.reminders.models import Reminder
from hub.reminders.services import ALLOWED
from hub.reminders.timing import Moment
from hub.subjects import CUSTOMER

_RECKONED = {"customer_id", "type_label", "allowed_actions"}
_VERBS = (Verb.READ, Verb.EDIT, Verb.DELETE)


def note_view(call: Call[Any, Any], note: Note) -> NoteView:
    """Return a note as the caller sees it."""
    types = labels(call.session, "note_types")
    return NoteView(
        **{name: getattr(note, name) for name in NoteView.model_fields.keys() - _RECKONED},
        customer_id=_customer_id(call, note),
        type_label=translate(call.language, types.get(note.type, note.type)),
        allowed_actions=call.actions("notes", note, _VERBS),
    )


def reminder_view(call: Call[Any, Any], reminder: Reminder) -> ReminderView:
    """Return a reminder as the caller sees it."""
    moment = Moment.of(reminder.fire_at_local)
    reckoned = {"customer_id", "on", "at", "allowed_states", "message", "allowed_actions"}
    return ReminderView(
        **{name: getattr(reminder, name) for name in ReminderView.model_fields.keys() - reckoned},
        customer_id=_customer_id(call, reminder),
        on=moment.on,
        at=moment.at.isoformat() if moment.at else None,
        allowed_states=[state.value for state in ALLOWED[reminder.state]],
        message=message_view(call, reminder.message),
        allowed_actions=call.actions("reminders", reminder, _VERBS[:2]),
    )


def _customer_id(call: Call[Any, Any], row: Note | Reminder) -> UUID | None:
    """Return the customer that it belongs to, where the caller sees that one.

    Of what is about a customer he does: he would not see it else.
    """
    if row.subject_type == CUSTOMER or row.customer_id is None:
        return row.customer_id
    return row.customer_id if row.customer_id in customers_seen(call, row) else None
