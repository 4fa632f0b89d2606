"""/customers/{id}/as-of and its likes: a record as it stood, and why it held what it held"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Call, named, operation
from api.presenting_history import act_views, change_views, labels_of
from api.presenting_past import not_kept, past_model, past_record, without_unseen
from api.presenting_provenance import sources_of
from api.presenting_values import values_spoken
from api.routes.histories import HISTORIES, History
from api.schemas.customers import FieldSource
from api.schemas.events import ActView
from api.schemas.past import FieldOrigin, PastQuery, PastView
from hub.access.fields import readable
from hub.access.lookup import get_record
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.db import among
from hub.errors import NotFoundError, ValidationError
from hub.history.models import Event
from hub.history.past import Past, as_of
from hub.history.recording import REDACTED
from hub.history.records import Record
from hub.i18n import N_
from hub.seeing import history_seen, past_seen

blueprint = Blueprint("as_of", __name__)


def _read(call: Call[None, PastQuery], history: History, identifier: UUID) -> PastView[Any]:
    wanted = call.query
    for name in ("at", "compared_with"):
        instant = getattr(wanted, name)
        if instant is not None and instant > call.now:
            raise ValidationError.of(f"/{name}", "future", N_("Nobody knows the future."))
    record = get_record(
        call.session, call.principal, Verb.READ, history.model, identifier, even_deleted=True
    )
    if not call.session.scalar(select(past_seen(call.principal, history.model, record.id))):
        raise NotFoundError(record.entity(), record.id)
    past = without_unseen(call, as_of(call.session, record, wanted.at))
    return _view(call, history, record, past)


def _view(
    call: Call[None, PastQuery], history: History, record: Record, past: Past[Any]
) -> PastView[Any]:
    model, entity = history.model, record.entity()
    acts = _acts(call, record, past)
    shown = readable(call.principal, entity, dict.fromkeys((*past.origins, *past.lost))) or {}
    at, other = call.query.at or call.now, call.query.compared_with
    named_by = {each.event_id for name, each in past.origins.items() if name in shown}
    answer: PastView[Any] = _answer(history)(
        entity=entity,
        id=record.id,
        at=at,
        record=past_record(call, past, history.view),
        lost=[name for name in shown if name in past.lost],
        not_kept=not_kept(model, history.view),
        origins=_origins(call, record, past, acts, past.origins.keys() & shown.keys()),
        events=[each for each in acts.values() if each.id in named_by],
        last_event_id=past.last if past.last in acts else None,
        deleted=acts.get(past.deleted_by) if past.deleted_by is not None else None,
        changes=None if other is None else change_views(call, record, [
            _difference(past, at, without_unseen(call, as_of(call.session, record, other)), other)
        ])[0],
    )  # fmt: skip
    return answer


def _answer(history: History) -> Any:
    """Return the model of an answer, which is made at run time."""
    return PastView.__class_getitem__(past_model(history.model, history.view))


def _acts(call: Call[Any, Any], record: Record, past: Past[Any]) -> dict[UUID, ActView]:
    """Return the events that are to be named by their ids, those that the caller may see."""
    ids = {each.event_id for each in past.origins.values()} | {past.last, past.deleted_by}
    query = select(Event).where(
        among(Event.id, [each for each in ids if each is not None]),
        history_seen(call.principal, type(record), record.id),
    )
    events = call.session.scalars(query.order_by(Event.id.desc()))
    return {each.id: each for each in act_views(call, events)}


def _origins(
    call: Call[Any, Any],
    record: Record,
    past: Past[Any],
    acts: Mapping[UUID, ActView],
    names: Collection[str],
) -> list[FieldOrigin]:
    label = labels_of(call, record.entity())
    sources = _sources(call, record) if call.query.at is None else {}
    secret = record.__secret__
    values = {name: REDACTED if name in secret else past.values.get(name) for name in sorted(names)}
    told = [(name, (value, past.origins[name].before)) for name, value in values.items()]
    spoken = values_spoken(call, record, told)
    found = []
    for name, value in values.items():
        origin = past.origins[name]
        found.append(
            FieldOrigin(
                field=name,
                label=label(name),
                value=value,
                before=origin.before,
                value_label=spoken(name, value),
                before_label=spoken(name, origin.before),
                event_id=origin.event_id if origin.event_id in acts else None,
                lost=origin.is_lost,
                source=sources.get(name),
            )
        )
    return found


def _sources(call: Call[Any, Any], record: Record) -> dict[str, FieldSource]:
    return sources_of(call, record) if isinstance(record, Customer) else {}


def _difference(
    one: Past[Any], at: datetime, other: Past[Any], then: datetime
) -> dict[str, tuple[Any, Any]]:
    """Return what differs, from the earlier to the later; what is lost in one is left out."""
    before, after = (other, one) if then <= at else (one, other)
    names = (before.values.keys() | after.values.keys()) - before.lost - after.lost
    pairs = {name: (before.values.get(name), after.values.get(name)) for name in sorted(names)}
    return {name: (was, became) for name, (was, became) in pairs.items() if was != became}


def _serve(history: History) -> None:
    """Declare the route of one kind of record."""
    kind = history.model.entity()

    def read_past(call: Call[None, PastQuery], **path: Any) -> PastView[Any]:
        [identifier] = path.values()
        return _read(call, history, identifier)

    named(
        read_past,
        f"read_{kind}_as_of",
        f"""Return one {kind.replace("_", " ")} as it stood at an instant, and why.

        In the form in which it is read, as far as that is kept; with each value goes what set it:
        who, when, from what cause and for what reason, and what it was before. Of one that was
        taken away it says who did that. With `compared_with` it says what was different then.
        """,
    )
    operation(
        blueprint, "GET", f"{history.path}/as-of",
        permission=history.permission, query=PastQuery, answer=_answer(history),
    )(read_past)  # fmt: skip


for _history in HISTORIES:
    _serve(_history)
