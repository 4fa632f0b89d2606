"""Texts with named places, which are filled when they are used: ``Ring {name}``.

Braces that are meant are doubled.
"""

from collections.abc import Collection, Iterator, Mapping
from string import Formatter

from hub.errors import FieldError
from hub.i18n import N_

NOTHING = "–"
"""What shows in a place for which there is no value."""


def faults(text: str, places: Collection[str], pointer: str) -> Iterator[FieldError]:
    """Yield what is wrong with a text that may name some places."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        yield FieldError(
            pointer, "brace", N_("A brace stands alone: one that is meant is doubled.")
        )
        return
    for _, place, form, conversion in parts:
        if place is not None and (place not in places or form or conversion):
            yield FieldError(
                pointer, "placeholder",
                N_("{name} is no place that is filled; there are {allowed}."),
                {"name": place, "allowed": ", ".join(places)},
            )  # fmt: skip


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text, which has no faults, with its places filled."""
    return text.format_map({place: value or NOTHING for place, value in values.items()})
