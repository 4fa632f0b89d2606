"""/events"""

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.schemas.events import EventPage, EventQuery, EventView
from hub.access import readings
from hub.customers.models import Customer
from hub.history.services import SealedEvent, events_after, last_position
from hub.seeing import events_seen

blueprint = Blueprint("events", __name__)
MARKS = frozenset({f"{Customer.entity()}.{readings.ACT}"})
"""Reading of readings leaves no mark: there would be no end of it."""


def _view(sealed: SealedEvent) -> EventView:
    event = sealed.event
    return EventView(
        position=sealed.position,
        id=event.id,
        type=event.type,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        user_id=event.user_id,
        cause_kind=event.cause_kind,
        cause_id=event.cause_id,
        changes=event.changes,
        data=event.data,
        at=event.at,
    )


@operation(
    blueprint, "GET", "/events",
    permission=Permission(Verb.AUDIT, "events"), query=EventQuery, answer=EventPage,
)  # fmt: skip
def list_events(call: Call[None, EventQuery]) -> Answer[EventPage]:
    """Read everything that happened, in an order without gaps.

    Begin with `after=0`, keep `next_after`, and ask again: nothing is skipped, and nothing comes
    twice. An event shows up within a second or two of its commit. Of records that you may not see
    there is none; positions count them all the same.
    """
    wanted, last = call.query, last_position(call.session)
    items = [
        _view(sealed)
        for sealed in events_after(
            call.session,
            wanted.after,
            limit=wanted.limit,
            up_to=last,
            seen=events_seen(call.principal),
            types=wanted.type,
        )
    ]
    read = {item.subject_id for item in items if item.type not in MARKS}
    readings.note_ids(call.session, call.principal, Customer, read, "events")
    is_full = len(items) == wanted.limit
    following = items[-1].position if is_full else max(last, wanted.after)
    headers = {"Link": next_link(call, after=following)} if is_full else {}
    return Answer(EventPage(items=items, next_after=following, last_position=last), headers=headers)
