"""Of which class a field of a list is: the most delicate of the columns that it is made of."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from hub.listing.reader import PUBLIC

ORDER = (PUBLIC, "internal", "sensitive", "secret")
"""From what everybody reads to what nobody does."""


def most_delicate(classes: Iterable[str]) -> str:
    """Return the class that guards best; public where there is none."""
    return max(classes, key=ORDER.index, default=PUBLIC)


def class_of(*expressions: Any) -> str:
    """Return the class of what some expressions show, as the models of their columns declare it."""
    return most_delicate(
        declared
        for expression in expressions
        if expression is not None
        for declared in _declared(expression)
    )


def _declared(expression: Any) -> Iterator[str]:
    clause: ColumnElement[Any] = expression
    if hasattr(expression, "__clause_element__"):
        clause = expression.__clause_element__()
    for part in visitors.iterate(clause):
        mapper = getattr(part, "_annotations", {}).get("parententity")
        key = getattr(part, "_annotations", {}).get("proxy_key") or getattr(part, "key", None)
        if mapper is not None and isinstance(key, str):
            yield mapper.class_.__classes__.get(key, PUBLIC)
