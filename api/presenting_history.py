"""What is shown of the history of one record."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, select

from api.calls import Call
from api.presenting_values import values_spoken
from api.schemas.events import ActorView, ActView, ChangeView, HistoryEntry, OriginView
from hub.access.fields import model_of, readable
from hub.access.models import User
from hub.connections.models import Connection
from hub.custom_fields.declaring import entities
from hub.custom_fields.services import definitions
from hub.db import among
from hub.history import words
from hub.history.models import Event
from hub.history.records import Record
from hub.i18n import N_, translate
from hub.origin import ActorKind, CauseKind
from hub.references import unseen_in, without_ids
from hub.reports.datasets import DATASETS

_ITSELF = N_("Hub itself")


def history_entries(
    call: Call[Any, Any], record: Record, events: Iterable[Event]
) -> list[HistoryEntry]:
    """Return what happened to a record as the caller reads it."""
    happened = list(events)
    unseen = unseen_in(call.session, call.principal, told_by(happened))
    changes = change_views(call, record, [without_ids(event.changes, unseen) for event in happened])
    return [
        HistoryEntry(
            **act.model_dump(),
            changes=changed,
            data=without_ids(readable(call.principal, event.subject_type, event.data), unseen),
        )
        for (event, act), changed in zip(_acts(call, happened), changes, strict=True)
    ]


def act_views(call: Call[Any, Any], events: Iterable[Event]) -> list[ActView]:
    """Return the same without what changed."""
    return [act for _, act in _acts(call, events)]


def change_views(
    call: Call[Any, Any], record: Record, several: Sequence[Mapping[str, Sequence[Any]] | None]
) -> list[list[ChangeView] | None]:
    """Return changes of a record as the caller reads them, those of hidden fields left out.

    None stands for changes that were erased.
    """
    entity = record.entity()
    shown = [readable(call.principal, entity, changes) for changes in several]
    label = labels_of(call, entity)
    spoken = values_spoken(call, record, (
        (name, value) for changes in shown for name, pair in (changes or {}).items()
        for value in pair
    ))  # fmt: skip

    def view(name: str, before: Any, after: Any) -> ChangeView:
        return ChangeView(
            field=name,
            label=label(name),
            before=before,
            after=after,
            before_label=spoken(name, before),
            after_label=spoken(name, after),
        )

    return [
        None if changes is None else [view(name, *pair) for name, pair in changes.items()]
        for changes in shown
    ]


def labels_of(call: Call[Any, Any], entity: str) -> Callable[[str], str]:
    """Return what tells the headings of a record's fields in the reader's language."""
    labels = _labels(entity) | _custom_labels(call, entity)

    def label(name: str) -> str:
        if name in labels:
            return translate(call.language, labels[name])
        return words.spoken(call.language, name)

    return label


def _acts(call: Call[Any, Any], events: Iterable[Event]) -> list[tuple[Event, ActView]]:
    happened = list(events)
    names = _names(call, {event.user_id for event in happened if event.user_id is not None})
    systems = _systems(call, happened)
    return [
        (event, _act(call, event, _actor_name(call, event, names, systems))) for event in happened
    ]


def told_by(events: Iterable[Event]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Yield the values that events tell, each with the entity whose they are."""
    for event in events:
        yield event.subject_type, event.changes
        yield event.subject_type, event.data


def _act(call: Call[Any, Any], event: Event, actor: str | None) -> ActView:
    data = readable(call.principal, event.subject_type, event.data)
    by_request = event.cause_kind is CauseKind.REQUEST
    reason = (data or {}).get("reason")
    return ActView(
        id=event.id,
        type=event.type,
        title=words.title(call.language, event.type),
        at=event.at,
        actor=ActorView(
            kind=event.actor_kind,
            id=event.actor_id,
            user_id=event.user_id,
            name=actor,
        ),
        origin=OriginView(
            kind=event.cause_kind,
            id=event.cause_id,
            label=words.origin(call.language, event.cause_kind),
        ),
        request_id=event.cause_id if by_request else None,
        job_id=event.actor_id if event.actor_kind is ActorKind.JOB else None,
        reason=reason if isinstance(reason, str) else None,
    )


def _custom_labels(call: Call[Any, Any], entity: str) -> dict[str, str]:
    if entity not in entities():
        return {}
    return {field.name: field.label for field in definitions(call.session, entity)}


@cache
def _labels(entity: str) -> dict[str, str]:
    """Return the headings of a record's columns, as its list has them."""
    return {
        key: field.label
        for dataset in DATASETS.values()
        if dataset.listing.model is model_of(entity)
        for field in dataset.listing.fields
        if (key := getattr(field.column, "key", None)) is not None
    }


def _actor_name(
    call: Call[Any, Any], event: Event, names: Mapping[UUID, str], systems: Mapping[str, str]
) -> str | None:
    """Return who did it: a person, the accounting system that it came from, or Hub itself."""
    if event.user_id is not None:
        return names.get(event.user_id)
    system = systems.get(event.cause_id or "") if _is_of_a_system(event) else None
    return system or translate(call.language, _ITSELF)


def _is_of_a_system(event: Event) -> bool:
    return event.user_id is None and event.cause_kind is CauseKind.ACCOUNTING


def _systems(call: Call[Any, Any], events: Iterable[Event]) -> dict[str, str]:
    """Return the names of the accounting systems that events came from, by what the events say."""
    ids = {event.cause_id for event in events if event.cause_id and _is_of_a_system(event)}
    if not ids:
        return {}
    key = cast(Connection.id, Text)
    rows = call.session.execute(select(key.label("id"), Connection.name).where(key.in_(ids)))
    return {row.id: row.name for row in rows}


def _names(call: Call[Any, Any], ids: set[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = call.session.execute(select(User.id, User.name).where(among(User.id, ids)))
    return {row.id: row.name for row in rows}
