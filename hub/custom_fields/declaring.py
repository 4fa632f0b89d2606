"""Which records can have custom fields, and what those can refer to."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True, eq=False)
class CustomisedEntity:
    """Records with custom fields, the list that shows them, and the fields that people write."""

    model: type[Any]
    listing: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Records that a field can refer to, and what they are called by."""

    model: type[Any]
    caption: InstrumentedAttribute[Any] | ColumnElement[Any]


_ENTITIES: dict[str, CustomisedEntity] = {}
_TARGETS: dict[str, Target] = {}


def customise(model: type[Any], *, listing: str, fields: AbstractSet[str]) -> None:
    """Let the records of a model, which is `Customised`, have custom fields, and rules of entry.

    `fields` are those that its service is given, of which something can be asked.
    """
    _ENTITIES[model.entity()] = CustomisedEntity(model, listing, frozenset(fields))


def declare_target(model: type[Any], caption: InstrumentedAttribute[Any]) -> None:
    """Let custom fields refer to the records of a model."""
    _TARGETS[model.entity()] = Target(model, caption)


def entities() -> Mapping[str, CustomisedEntity]:
    """Return the records that can have custom fields, by entity."""
    return _ENTITIES


def targets() -> Mapping[str, Target]:
    """Return what custom fields can refer to, by entity."""
    return _TARGETS
