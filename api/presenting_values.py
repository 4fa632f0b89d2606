"""What people read for the values of records' fields: words of codes, names of what ids stand for.

They are those that the lists of such records show, in the reader's language.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select

from api.calls import Call
from hub.access.models import Team, User
from hub.custom_fields.declaring import entities, targets
from hub.db import among
from hub.history.records import Record
from hub.i18n import translate
from hub.listing import Field
from hub.listing.further import further_for
from hub.references import id_of
from hub.reports.datasets import DATASETS
from hub.subjects import name_of
from hub.workflow.listing import labels_of_states, states_of
from hub.workflow.models import InWorkflow

Spoken = Callable[[str, Any], str | None]
"""Returns what people read for the value of a field; None where it speaks for itself."""

_Told = Mapping[str, str]
"""What is read for values, by the values as texts."""

_LookUp = Callable[[Call[Any, Any], Collection[str]], _Told]

_PEOPLE = ("assignee_ids", "member_ids", "recipient_ids")
_BETWEEN = ", "


def values_spoken(call: Call[Any, Any], record: Record, told: Iterable[tuple[str, Any]]) -> Spoken:
    """Return what tells how values of a record's fields are read, all looked up at once.

    Args:
        call: whose reader it is for.
        record: the record.
        told: the values, each with its field's name as the history has it. What they name of other
            records is what the reader sees.
    """
    values: dict[str, set[str]] = defaultdict(set)
    for name, value in told:
        values[name].update(_texts(value))
    known = {
        name: look_up(call, values[name])
        for name, look_up in _look_ups(call, record).items()
        if values.get(name)
    }

    def spoken(name: str, value: Any) -> str | None:
        words, texts = known.get(name, {}), _texts(value)
        if words.keys().isdisjoint(texts):
            return None
        return _BETWEEN.join(words.get(each, each) for each in texts)

    return spoken


def _texts(value: Any) -> Sequence[str]:
    """Return a value, or those of a list, as texts; none of what can be no code and no id."""
    match value:
        case list() | tuple():
            return [text for each in value for text in _texts(each)]
        case str() | UUID():
            return [str(value)]
        case _:
            return []


def _look_ups(call: Call[Any, Any], record: Record) -> Mapping[str, _LookUp]:
    """Return how the values of a record's fields are looked up, by the names the history has."""
    entity = record.entity()
    found = {**_of_columns(type(record))}
    if entity in entities():
        for field in further_for(call.session, call.principal)(entities()[entity].listing):
            if field.of is not None:
                found[field.name] = _names_of(targets()[field.of.entity].model)
            elif field.words is not None:
                found[field.name] = _words_of(field)
    if isinstance(record, InWorkflow):
        found["state"] = _states_of(record)
    return found


@cache
def _of_columns(model: type[Any]) -> Mapping[str, _LookUp]:
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model has one of its own
    models: tuple[type[Any], ...] = (Team, *(target.model for target in targets().values()))
    named = {each.__table__: each for each in models}
    fields = [
        field
        for dataset in DATASETS.values()
        if dataset.listing.model is model
        for field in dataset.listing.fields
    ]
    return {
        **{_key(each): _choices_of(each) for each in fields if each.choices},
        **{_key(each): _words_of(each) for each in fields if each.words is not None},
        **{name: _names_of(User) for name in _PEOPLE},
        **{
            column.key: _names_of(named[key.column.table])
            for column in table.columns
            for key in column.foreign_keys
            if key.column.table in named
        },
    }


def _key(field: Field) -> str:
    return str(getattr(field.column, "key", field.name))


def _choices_of(field: Field) -> _LookUp:
    return lambda call, _: {
        each.value: translate(call.language, each.label) for each in field.choices
    }


def _words_of(field: Field) -> _LookUp:
    def look_up(call: Call[Any, Any], values: Collection[str]) -> _Told:
        assert field.words is not None  # noqa: S101 - of no other field
        words = field.words.labels(call.session, values)
        return {value: field.spoken(call.reader.locale, word) for value, word in words.items()}

    return look_up


def _names_of(model: type[Any]) -> _LookUp:
    def look_up(call: Call[Any, Any], values: Collection[str]) -> _Told:
        ids = [found for each in values if (found := id_of(each)) is not None]
        name = name_of(call.principal, model).label("name")
        rows = call.session.execute(select(model.id, name).where(among(model.id, ids)))
        return {str(row.id): row.name for row in rows if row.name is not None}

    return look_up


def _states_of(record: Any) -> _LookUp:
    model = type(record)

    def look_up(call: Call[Any, Any], values: Collection[str]) -> _Told:
        labels, vocabulary = labels_of_states(call.session, record), states_of(model)
        return {
            key: vocabulary.spoken(call.reader.locale, label)
            for key, label in labels.items()
            if key in values
        }

    return look_up
