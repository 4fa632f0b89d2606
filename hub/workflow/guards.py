"""Conditions that a way between states may ask for, by the kind of records that it is of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition; `unmet` is what people are told where it does not hold, an English text."""

    holds: Callable[[Session, Any], bool]
    unmet: str


_GUARDS: dict[str, dict[str, Guard]] = {}


def declare_guard(entity: str, name: str, guard: Guard) -> None:
    """Make a condition known to the workflows of a kind of records."""
    _GUARDS.setdefault(entity, {})[name] = guard


def guards_of(entity: str) -> Mapping[str, Guard]:
    """Return the conditions that there are for a kind of records, by name."""
    return _GUARDS.get(entity, {})
