"""/events"""

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.schemas.events import EventPage, EventQuery, EventView
from hub.history.services import SealedEvent, events_after, last_position

blueprint = Blueprint("events", __name__)


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
    twice. An event shows up within a second or two of its commit.
    """
    wanted = call.query
    items = [
        _view(sealed)
        for sealed in events_after(
            call.session, wanted.after, limit=wanted.limit, types=wanted.type
        )
    ]
    following = items[-1].position if items else wanted.after
    headers = {"Link": next_link(call, after=following)} if len(items) == wanted.limit else {}
    return Answer(
        EventPage(items=items, next_after=following, last_position=last_position(call.session)),
        headers=headers,
    )
