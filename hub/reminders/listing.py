"""The list of reminders."""

from sqlalchemy import Date, cast, func, select

from hub.access.models import User
from hub.customers.models import Customer
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.listing.declaration import Of
from hub.reminders.models import Reminder, ReminderState

_DAY_LENGTH = len("2026-12-01")
_RECIPIENT = (
    select(User.name)
    .where(User.id == Reminder.recipient_user_id)
    .correlate(Reminder)
    .scalar_subquery()
)
_CUSTOMER = (
    select(Customer.name)
    .where(Customer.id == Reminder.customer_id)
    .correlate(Reminder)
    .scalar_subquery()
)

_DAY = cast(func.left(Reminder.fire_at_local, _DAY_LENGTH), Date)
"""Where it falls due, whatever the zone of who reads: all day, not the hour of the mail."""

REMINDERS = Listing(
    name="reminders",
    model=Reminder,
    fields=(
        Field("id", Reminder.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("title", Reminder.title, label=N_("Title"), width=40),
        Field("customer", Reminder.customer_id, label=N_("Customer"), kind=Kind.UUID,
              caption=_CUSTOMER, width=40, of=Of("customer", Reminder.customer_id)),
        Field("subject", Reminder.subject_id, label=N_("Record it is about"), kind=Kind.UUID,
              shown=False),
        Field("subject_type", Reminder.subject_type, label=N_("Kind of record"), facet=True,
              shown=False),
        Field("recipient", Reminder.recipient_user_id, label=N_("Recipient"), kind=Kind.USER,
              facet=True, caption=_RECIPIENT, width=20),
        Field("on", _DAY, label=N_("Day"), kind=Kind.DATE, width=12),
        Field("fire_at", Reminder.fire_at, label=N_("Due"), kind=Kind.DATETIME, sortable=True,
              width=18),
        Field("all_day", Reminder.all_day, label=N_("All day"), kind=Kind.BOOLEAN),
        Field("state", Reminder.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(ReminderState.SCHEDULED, N_("Scheduled")),
            Choice(ReminderState.DUE_SENT, N_("Reminded")),
            Choice(ReminderState.DONE, N_("Done")),
            Choice(ReminderState.CANCELLED, N_("Cancelled")),
            Choice(ReminderState.FAILED, N_("Failed")),
        )),
        Field("note", Reminder.note_id, label=N_("Note"), kind=Kind.UUID, shown=False),
        Field("created_at", Reminder.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, shown=False),
        Field("external_ref", Reminder.external_ref, label=N_("External reference"), shown=False),
    ),
    default_sort=("fire_at",),
)  # fmt: skip
