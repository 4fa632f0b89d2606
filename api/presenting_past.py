"""What is shown of a record as it was: the form in which it is read, as far as it is kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import Field, create_model
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from api.calls import Call
from api.messages import message_view
from api.presenting_activities import moment_view
from api.presenting_customers import customers_seen
from api.presenting_leads import converted_view
from api.presenting_workflows import standing_view
from api.schemas.customers import HoldView
from api.schemas.leads import ConvertedView
from api.schemas.shapes import RecordView, View
from api.schemas.workflows import StandingView
from hub.access.models import Team, User
from hub.activities.models import Activity
from hub.activities.timing import Timing
from hub.custom_fields import CustomField
from hub.customers import keyed
from hub.customers.models import Contact, Customer, HoldState
from hub.customers.services import KEYED
from hub.db import among
from hub.history.models import Event
from hub.history.past import Past, kept_fields
from hub.history.records import Record
from hub.imports.models import ImportJob
from hub.leads.models import Lead
from hub.opportunities.models import Opportunity
from hub.pools.models import Pool
from hub.references import unseen_in, without_ids
from hub.reminders.models import Reminder
from hub.reminders.timing import Moment
from hub.reports.datasets import DATASETS
from hub.reports.models import ReportSchedule
from hub.workflow.models import Workflow

RecordT = TypeVar("RecordT", bound=Record)


@dataclass(frozen=True, slots=True)
class Shape:
    """A field of a view that is made of columns: of which, and how."""

    columns: frozenset[str]
    make: Callable[[Call[Any, Any], Past[Any]], Any]


def _of(*columns: str, make: Callable[[Any], Any]) -> Shape:
    return Shape(frozenset(columns), lambda _, past: make(past.record))


def _texts(column: str) -> Shape:
    return _of(column, make=lambda row: keyed.texts(getattr(row, column) or ()))


def _renamed(column: str) -> Shape:
    return _of(column, make=lambda row: getattr(row, column))


def _standing(call: Call[Any, Any], past: Past[Any]) -> StandingView:
    moved_at = past.origins["state"].at
    past.record.state_since = moved_at or past.record.created_at
    return standing_view(call, past.record)


_STANDING = Shape(frozenset({"workflow_id", "state"}), _standing)


def _hold(call: Call[Any, Any], past: Past[Any]) -> HoldView:
    """Return the hold with what the event says that brought it; of none there is nothing to say."""
    state, origin = past.record.hold, past.origins["hold"]
    if state is HoldState.CLEAR or origin.event_id is None:
        return HoldView(state=state, message=None, by=None, at=None)
    told = call.session.get_one(Event, origin.event_id).data or {}
    message = message_view(call, told.get("message"))
    return HoldView(state=state, message=message, by=told.get("by"), at=origin.at)


def _converted(call: Call[Any, Any], past: Past[Any]) -> ConvertedView | None:
    customers = customers_seen(call, past.record, "converted_customer_id")
    return converted_view(past.record, customers)


def _pipeline(call: Call[Any, Any], past: Past[Any]) -> str:
    return call.session.get_one(Workflow, past.record.workflow_id).code


def _assignees(call: Call[Any, Any], past: Past[Any]) -> list[dict[str, Any]]:
    ids = past.record.assignee_ids or ()
    query = select(User.id, User.name).where(among(User.id, ids))
    names = {row.id: row.name for row in call.session.execute(query)}
    return [{"id": each, "name": names.get(each, "")} for each in ids]


def _moment(name: str, column: str) -> Shape:
    return _of(column, "zone", make=lambda row: moment_view(getattr(Timing.of(row), name)))


def _clock(text: str) -> str | None:
    clock = Moment.of(text).at
    return clock.isoformat() if clock else None


_ENTITY = {"entity": _renamed("entity_name")}
_SHAPES: Mapping[type[Record], Mapping[str, Shape]] = {
    Customer: {
        **{name: _texts(name) for name in KEYED}, "hold": Shape(frozenset({"hold"}), _hold),
    },
    Contact: {"handles": _texts("handles")},
    Lead: {
        "state": _STANDING,
        "converted": Shape(
            frozenset(
                {"converted_at", "converted_by", "converted_customer_id", "converted_contact_id"}
            ),
            _converted,
        ),
    },
    Opportunity: {
        "stage": _STANDING, "pipeline": Shape(frozenset({"workflow_id"}), _pipeline),
    },
    Activity: {
        "start": _moment("start", "starts_local"),
        "end": _moment("end", "ends_local"),
        "due": _moment("due", "due_local"),
        "is_open": _of("state", make=lambda row: row.is_open),
        "assignees": Shape(frozenset({"assignee_ids"}), _assignees),
    },
    Reminder: {
        "on": _of("fire_at_local", make=lambda row: Moment.of(row.fire_at_local).on),
        "at": _of("fire_at_local", make=lambda row: _clock(row.fire_at_local)),
        "activity_id": _of("subject_type", "subject_id", make=lambda row: row.activity_id),
    },
    ReportSchedule: {
        "recipients": _of(
            "recipients_mode", "recipient_ids",
            make=lambda row: {"mode": row.recipients_mode, "user_ids": row.recipient_ids or []},
        ),
    },
    Team: {
        "member_ids": Shape(
            frozenset({"member_ids"}), lambda _, past: past.values.get("member_ids") or []
        ),
    },
    CustomField: {**_ENTITY, "name": _of("key", make=lambda row: row.name)},
    **dict.fromkeys((Workflow, Pool, ImportJob), _ENTITY),
}  # fmt: skip
"""Where a view shows what is kept in another form, or under another name."""

_ALWAYS = ("id", "created_at", "created_by")
_OF_NOW = frozenset(RecordView.model_fields) - {*_ALWAYS} | {"warnings", "absent_until"}
"""What a view says of the present or of the reader, and no history could."""


@cache
def past_model(model: type[Record], view: type[View]) -> type[View]:
    """Return the view of a record as it was: what is kept of the fields of the view that reads it.

    Columns that the view does not show, and that none of its fields is made of, come besides.
    """
    shapes = _SHAPES.get(model, {})
    fields: dict[str, Any] = {}
    for name, field in view.model_fields.items():
        if name in _ALWAYS or name in shapes or name in _plain(model):
            shown = Field(None, description=field.description)
            fields[name] = (field.rebuild_annotation() | None, shown)
    used = frozenset().union(*(shape.columns for shape in shapes.values()))
    for name in sorted(_plain(model) - used - fields.keys()):
        fields[name] = (Any, None)
    made: type[View] = create_model(
        f"{view.__name__.removesuffix('View')}AsOf", __base__=View, __doc__=view.__doc__, **fields
    )
    made.classes = MappingProxyType({
        name: each for name, each in model.__classes__.items() if name in fields
    })  # fmt: skip
    return made


def not_kept(model: type[Record], view: type[View]) -> list[str]:
    """Return what reading a record shows and its history does not keep."""
    return sorted(view.model_fields.keys() - past_model(model, view).model_fields.keys() - _OF_NOW)


def past_record(call: Call[Any, Any], past: Past[Any], view: type[View]) -> View:
    """Return a record as it was, without the fields that are lost."""
    model: type[Record] = type(past.record)
    made = past_model(model, view)
    shapes = _SHAPES.get(model, {})
    lost = set(past.lost)
    values: dict[str, Any] = {}
    for name in made.model_fields:
        shape = shapes.get(name)
        if shape is None:
            values[name] = getattr(past.record, name)
        elif shape.columns & past.lost:
            lost.add(name)
        else:
            values[name] = shape.make(call, past)
    shown = made.model_validate({name: each for name, each in values.items() if name not in lost})
    for name in lost & made.model_fields.keys():
        del shown.__dict__[name]  # absent, and not null: null is a value
    return shown


def without_unseen(call: Call[Any, Any], past: Past[RecordT]) -> Past[RecordT]:
    """Return a record as it was without what it says of others that the caller does not see."""
    model, entity = type(past.record), past.record.entity()
    befores = {name: origin.before for name, origin in past.origins.items()}
    unseen = unseen_in(call.session, call.principal, [(entity, past.values), (entity, befores)])
    if not unseen:
        return past
    hidden = {
        name
        for name, of in _named_after(model).items()
        if not unseen.isdisjoint({str(past.values.get(of)), str(befores.get(of))})
    }
    values, before = (
        {name: None if name in hidden else without_ids(each, unseen) for name, each in told.items()}
        for told in (past.values, befores)
    )
    for name, each in values.items():
        if each is None and past.values[name] is not None and hasattr(past.record, name):
            setattr(past.record, name, None)
    row: Any = past.record
    if hasattr(row, "custom"):
        row.custom = without_ids(row.custom, unseen)
    origins = {name: replace(each, before=before[name]) for name, each in past.origins.items()}
    return replace(past, values=values, origins=origins)


@cache
def _named_after(model: type[Record]) -> Mapping[str, str]:
    """Return the columns that say what another record is called, each with what names that one."""
    return {
        field.column.key: field.of.id.key
        for dataset in DATASETS.values()
        if dataset.listing.model is model
        for field in dataset.listing.fields
        if field.of is not None and isinstance(field.column, InstrumentedAttribute)
        if isinstance(field.of.id, InstrumentedAttribute)
    }


def _plain(model: type[Record]) -> frozenset[str]:
    return kept_fields(model) - model.__secret__ - {"deleted_at"}
