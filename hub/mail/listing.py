"""The list of deliveries."""

from sqlalchemy import select

from hub.access.models import User
from hub.i18n import N_
from hub.listing import Choice, Field, Kind, Listing
from hub.mail.models import Delivery, DeliveryKind, DeliveryState

_USER = select(User.name).where(User.id == Delivery.user_id).correlate(Delivery).scalar_subquery()

DELIVERIES = Listing(
    name="deliveries",
    model=Delivery,
    fields=(
        Field("id", Delivery.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("kind", Delivery.kind, label=N_("Kind"), kind=Kind.ENUM, facet=True, choices=(
            Choice(DeliveryKind.INVITATION, N_("Invitation")),
            Choice(DeliveryKind.UPDATE, N_("Update")),
            Choice(DeliveryKind.CANCELLATION, N_("Cancellation")),
            Choice(DeliveryKind.DUE, N_("Reminder")),
            Choice(DeliveryKind.REPORT, N_("Report")),
            Choice(DeliveryKind.ALERT, N_("Alert")),
            Choice(DeliveryKind.RECOVERY, N_("All-clear")),
            Choice(DeliveryKind.DIGEST, N_("Daily digest")),
            Choice(DeliveryKind.TEST, N_("Test")),
            Choice(DeliveryKind.APPROVAL, N_("Approval")),
            Choice(DeliveryKind.WELCOME, N_("Welcome")),
            Choice(DeliveryKind.PASSWORD_RESET, N_("Password reset")),
            Choice(DeliveryKind.PASSWORD_CHANGED, N_("Password changed")),
            Choice(DeliveryKind.ADDRESS_VERIFICATION, N_("Check of an address")),
            Choice(DeliveryKind.RECALL_WARNING, N_("Warning of a recall")),
            Choice(DeliveryKind.MOVE, N_("Move to a state")),
        )),
        Field("state", Delivery.state, label=N_("State"), kind=Kind.ENUM, facet=True, choices=(
            Choice(DeliveryState.PENDING, N_("Pending")),
            Choice(DeliveryState.SENDING, N_("Sending")),
            Choice(DeliveryState.SENT, N_("Sent")),
            Choice(DeliveryState.FAILED, N_("Failed")),
            Choice(DeliveryState.HELD, N_("Held")),
            Choice(DeliveryState.WITHDRAWN, N_("Withdrawn")),
        )),
        Field("recipient", Delivery.recipient, label=N_("Recipient"), width=30),
        Field("user", Delivery.user_id, label=N_("User"), kind=Kind.USER, caption=_USER),
        Field("source_type", Delivery.source_type, label=N_("Asked for by"), facet=True),
        Field("source_id", Delivery.source_id, label=N_("Source"), kind=Kind.UUID, shown=False),
        Field("sequence", Delivery.sequence, label=N_("Sequence"), kind=Kind.INTEGER),
        Field("message_id", Delivery.message_id, label=N_("Message id"), shown=False),
        Field("possible_repeats", Delivery.possible_repeats, label=N_("Possible repeats"),
              kind=Kind.INTEGER),
        Field("tries", Delivery.tries, label=N_("Tries"), kind=Kind.INTEGER),
        Field("sent_at", Delivery.sent_at, label=N_("Sent"), kind=Kind.DATETIME, sortable=True,
              width=18),
        Field("created_at", Delivery.created_at, label=N_("Created"), kind=Kind.DATETIME,
              sortable=True, width=18),
    ),
    default_sort=("-created_at",),
)  # fmt: skip
