"""What is shown of the history of one record."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.calls import Call
from api.schemas.events import ActorView, ChangeView, HistoryEntry, OriginView
from hub.access.fields import model_of, readable
from hub.access.models import User
from hub.custom_fields.declaring import entities
from hub.custom_fields.services import definitions
from hub.db import among
from hub.history import words
from hub.history.models import Event
from hub.i18n import N_, translate
from hub.origin import ActorKind, CauseKind
from hub.references import unseen_in, without_ids
from hub.reports.datasets import DATASETS

_ITSELF = N_("Hub itself")


def history_entries(call: Call[Any, Any], events: Iterable[Event]) -> list[HistoryEntry]:
    """Return what happened as the caller reads it."""
    happened = list(events)
    names = _names(call, {event.user_id for event in happened if event.user_id is not None})
    unseen = unseen_in(call.session, call.principal, told_by(happened))
    return [_entry(call, event, names, unseen) for event in happened]


def told_by(events: Iterable[Event]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Yield the values that events tell, each with the entity whose they are."""
    for event in events:
        yield event.subject_type, event.changes
        yield event.subject_type, event.data


def _entry(
    call: Call[Any, Any], event: Event, names: Mapping[UUID, str], unseen: frozenset[str]
) -> HistoryEntry:
    data = without_ids(readable(call.principal, event.subject_type, event.data), unseen)
    by_request = event.cause_kind is CauseKind.REQUEST
    reason = (data or {}).get("reason")
    return HistoryEntry(
        id=event.id,
        type=event.type,
        title=words.title(call.language, event.type),
        at=event.at,
        actor=ActorView(
            kind=event.actor_kind,
            id=event.actor_id,
            user_id=event.user_id,
            name=translate(call.language, _ITSELF)
            if event.user_id is None
            else names.get(event.user_id),
        ),
        origin=OriginView(
            kind=event.cause_kind,
            id=event.cause_id,
            label=words.origin(call.language, event.cause_kind),
        ),
        request_id=event.cause_id if by_request else None,
        job_id=event.actor_id if event.actor_kind is ActorKind.JOB else None,
        reason=reason if isinstance(reason, str) else None,
        changes=_changes(call, event, unseen),
        data=data,
    )


def _changes(call: Call[Any, Any], event: Event, unseen: frozenset[str]) -> list[ChangeView] | None:
    changes = without_ids(readable(call.principal, event.subject_type, event.changes), unseen)
    if changes is None:
        return None
    labels = _labels(event.subject_type) | _custom_labels(call, event.subject_type)
    return [
        ChangeView(
            field=name,
            label=translate(call.language, labels[name])
            if name in labels
            else words.spoken(call.language, name),
            before=before,
            after=after,
        )
        for name, (before, after) in changes.items()
    ]


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


def _names(call: Call[Any, Any], ids: set[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = call.session.execute(select(User.id, User.name).where(among(User.id, ids)))
    return {row.id: row.name for row in rows}
