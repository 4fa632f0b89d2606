"""What is shown of notes and reminders."""

from typing import Any

from api.calls import Call
from api.messages import message_view
from api.schemas.notes import NoteView
from api.schemas.reminders import ReminderView
from hub.access.roles import Verb
from hub.catalogues.services import labels
from hub.i18n import translate
from hub.notes.models import Note
from hub.reminders.models import Reminder
from hub.reminders.services import ALLOWED
from hub.reminders.timing import Moment

_VERBS = (Verb.READ, Verb.EDIT, Verb.DELETE)


def note_view(call: Call[Any, Any], note: Note) -> NoteView:
    """Return a note as the caller sees it."""
    types = labels(call.session, "note_types")
    return NoteView(
        **{
            name: getattr(note, name)
            for name in NoteView.model_fields.keys() - {"type_label", "allowed_actions"}
        },
        type_label=translate(call.language, types.get(note.type, note.type)),
        allowed_actions=call.actions("notes", note, _VERBS),
    )


def reminder_view(call: Call[Any, Any], reminder: Reminder) -> ReminderView:
    """Return a reminder as the caller sees it."""
    moment = Moment.of(reminder.fire_at_local)
    reckoned = {"on", "at", "allowed_states", "message", "allowed_actions"}
    return ReminderView(
        **{name: getattr(reminder, name) for name in ReminderView.model_fields.keys() - reckoned},
        on=moment.on,
        at=moment.at.isoformat() if moment.at else None,
        allowed_states=[state.value for state in ALLOWED[reminder.state]],
        message=message_view(call, reminder.message),
        allowed_actions=call.actions("reminders", reminder, _VERBS[:2]),
    )
