"""Which records can have custom fields, and what those can refer to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True, slots=True, eq=False)
class CustomisedEntity:
    """Records with custom fields, and the list that shows them."""

    model: type[Any]
    listing: str


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Records that a field can refer to, and what they are called by."""

    model: type[Any]
    caption: InstrumentedAttribute[Any] | ColumnElement[Any]


_ENTITIES: dict[str, CustomisedEntity] = {}
_TARGETS: dict[str, Target] = {}


def customise(model: type[Any], *, listing: str) -> None:
    """Let the records of a model, which is `Customised`, have custom fields."""
    _ENTITIES[model.entity()] = CustomisedEntity(model, listing)


def declare_target(model: type[Any], caption: InstrumentedAttribute[Any]) -> None:
    """Let custom fields refer to the records of a model."""
    _TARGETS[model.entity()] = Target(model, caption)


def entities() -> Mapping[str, CustomisedEntity]:
    """Return the records that can have custom fields, by entity."""
    return _ENTITIES


def targets() -> Mapping[str, Target]:
    """Return what custom fields can refer to, by entity."""
    return _TARGETS
