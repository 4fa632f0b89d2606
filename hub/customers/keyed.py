"""Texts under keys, kept as one column of tags (``skype:anna.holm``).

Lists filter, count and export such a column as they do any other mix of words. A patch names keys:
one that is null goes, one that is absent stays (RFC 7396); whoever gives tags says all of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def tags(texts: Mapping[str, str]) -> list[str]:
    """Return texts under keys as the column keeps them."""
    return [f"{key}:{texts[key]}" for key in sorted(texts)]


def texts(kept: Iterable[str]) -> dict[str, str]:
    """Return the texts of a column by their keys."""
    if not kept:  # as on most rows of most pages
        return {}
    return {key: text for key, _, text in (tag.partition(":") for tag in kept)}


def given(value: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """Return texts by their keys, from whichever of the two forms somebody gives."""
    if isinstance(value, Mapping):
        return dict(value)
    return {key.strip(): text.strip() for key, text in texts(value).items()}


def patched(kept: Iterable[str], value: Mapping[str, Any] | Sequence[str] | None) -> dict[str, str]:
    """Return what a column is to keep after a change."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return given(value)
    merged = {**texts(kept), **value}
    return {key: text for key, text in merged.items() if text is not None}
