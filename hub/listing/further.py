"""Fields of lists beyond the declared ones: those that an installation adds while it runs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

Further = Callable[[str], tuple[Any, ...]]
"""Tells the further fields of a list by its name, as `hub.listing.Field`s."""

Source = Callable[[Session, Any], Further]
"""Tells them for a session and whoever reads."""

_SOURCES: list[Source] = []


def nothing_further(listing: str) -> tuple[Any, ...]:
    """Return what lists have where nobody added anything."""
    del listing
    return ()


def declare_further(source: Source) -> None:
    """Have lists show the fields of a source; `hub.rules` connects it."""
    if source not in _SOURCES:
        _SOURCES.append(source)


def further_for(session: Session, reading: Any) -> Further:
    """Return the further fields of lists as a principal reads them, looked up when asked for."""
    asked = [source(session, reading) for source in _SOURCES]
    return lambda listing: tuple(field for each in asked for field in each(listing))
