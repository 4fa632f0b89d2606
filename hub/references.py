"""What values name of other records, by their ids: shown to those who see these (domain.md §4).

Events, items of plans and custom values hold ids under the names of fields. Which fields name a
record that may be hidden, the foreign keys of a model say, and the custom fields of its entity;
what events tell besides is called after what it names (``opportunity_id``, ``lead_ids``).
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session

from hub.access.concealing import hidden_among
from hub.access.fields import model_of
from hub.access.principals import Principal
from hub.access.readings import guarded
from hub.custom_fields.declaring import entities, targets
from hub.custom_fields.models import FieldType
from hub.custom_fields.services import definitions
from hub.db import Base


def unseen_in(
    session: Session,
    principal: Principal,
    shown: Iterable[tuple[str, Mapping[str, Any] | None]],
) -> frozenset[str]:
    """Return the ids, as texts, of the records that some values name and a caller does not see.

    Args:
        session: where to look.
        principal: the caller.
        shown: values by the names of an entity's fields, however deep, each with the entity.
    """
    named: dict[type[Any], set[UUID]] = {}
    for entity, values in shown:
        fields = _fields(session, entity) if values else {}
        for name, text in _texts(values, fields):
            if (identifier := id_of(text)) is not None:
                named.setdefault(fields[name], set()).add(identifier)
    hidden = (hidden_among(session, principal, model, ids) for model, ids in named.items())
    return frozenset(str(each) for ids in hidden for each in ids)


def without_ids(value: Any, unseen: frozenset[str]) -> Any:
    """Return values with some ids left out: None stands in their place."""
    if not unseen:
        return value
    match value:
        case Mapping():
            return {name: without_ids(each, unseen) for name, each in value.items()}
        case list() | tuple():
            return [without_ids(each, unseen) for each in value]
        case str() if value in unseen:
            return None
        case _:
            return value


def _fields(session: Session, entity: str) -> dict[str, type[Any]]:
    model = model_of(entity)
    of_model = _called_after() | ({} if model is None else _columns(model))
    if entity not in entities():
        return of_model
    return of_model | {
        name: targets()[str(field.reference)].model
        for field in definitions(session, entity)
        if field.type is FieldType.REFERENCE
        for name in (field.key, field.name)  # within `custom`, and by itself
    }


@cache
def _called_after() -> dict[str, type[Any]]:
    """Return the names under which events tell of records that may be hidden, with their kinds."""
    return {
        f"{kind.entity()}_{suffix}": kind for kind in guarded() for suffix in ("id", "ids")
    }  # fmt: skip


@cache
def _columns(model: type[Base]) -> dict[str, type[Any]]:
    """Return the columns that name a record of a kind that may be hidden, with that kind."""
    kinds: dict[Any, type[Any]] = {each.__table__: each for each in guarded()}
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101 - every model has one of its own
    return {
        column.key: kinds[key.column.table]
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table in kinds
    }


def _texts(value: Any, fields: Mapping[str, Any], name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case Mapping():
            for key, each in value.items():
                yield from _texts(each, fields, key if key in fields else name)
        case list() | tuple():
            for each in value:
                yield from _texts(each, fields, name)
        case str() if name:
            yield name, value
        case UUID() if name:
            yield name, str(value)


def id_of(text: str) -> UUID | None:
    """Return the id that a text is; None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
