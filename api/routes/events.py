"""/events"""

from http import HTTPStatus
from typing import Any

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import next_link
from api.presenting_history import told_by
from api.schemas.events import EventPage, EventQuery, EventView
from hub.access import readings
from hub.access.fields import readable
from hub.customers.models import Customer
from hub.errors import ConflictError
from hub.history.services import SealedEvent, events_after, last_position
from hub.i18n import N_
from hub.references import unseen_in, without_ids
from hub.seeing import events_seen

blueprint = Blueprint("events", __name__)
MARKS = frozenset({f"{Customer.entity()}.{readings.ACT}"})
"""Reading of readings leaves no mark: there would be no end of it."""
LOOKED_THROUGH = 10_000
"""So many positions are looked through for one page, however few of them it shows."""


def _view(call: Call[Any, Any], sealed: SealedEvent, unseen: frozenset[str]) -> EventView:
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
        changes=without_ids(readable(call.principal, event.subject_type, event.changes), unseen),
        data=without_ids(readable(call.principal, event.subject_type, event.data), unseen),
        at=event.at,
    )


@operation(
    blueprint, "GET", "/events",
    permission=Permission(Verb.AUDIT, "events"), query=EventQuery, answer=EventPage,
    refusals={
        HTTPStatus.CONFLICT: "The feed has gone back (`feed_went_back`), as after a restore: it "
        "ends before the position that you have read. `details` has the `last_position`."
    },
)  # fmt: skip
def list_events(call: Call[None, EventQuery]) -> Answer[EventPage]:
    """Read what happened, in an order without gaps.

    Begin with `after=0`, keep `next_after`, and ask again while it is below `last_position`:
    nothing is skipped, and nothing comes twice. A page may be empty where little of what happened
    is asked for, or yours to read: of records that you may not see there is no event; positions
    count them all the same. An event shows up within a second or two of its commit. A position
    behind the end is refused: a backup was restored, and what you have read is another history.
    """
    wanted, last = call.query, last_position(call.session)
    if wanted.after > last:
        raise ConflictError(
            "feed_went_back",
            N_(
                "The feed ends at {last}, before the position {after}: it was set back to a backup."
            ),
            details={"last_position": last},
            last=last,
            after=wanted.after,
        )
    until = max(wanted.after, min(wanted.after + LOOKED_THROUGH, last))
    found = events_after(
        call.session,
        wanted.after,
        limit=wanted.limit,
        up_to=until,
        seen=events_seen(call.principal),
        types=wanted.type,
    )
    told = told_by(sealed.event for sealed in found)
    unseen = unseen_in(call.session, call.principal, told)
    items = [_view(call, sealed, unseen) for sealed in found]
    read = {item.subject_id for item in items if item.type not in MARKS}
    readings.note_ids(call.session, call.principal, Customer, read, "events")
    following = items[-1].position if len(items) == wanted.limit else until
    headers = {"Link": next_link(call, after=following)} if following < last else {}
    return Answer(EventPage(items=items, next_after=following, last_position=last), headers=headers)
