"""Text, yes and no, and the headers of columns."""

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

from hub.i18n import N_
from hub.parsing.cells import Cell, refusal
from hub.texts import composed

_SPACES = re.compile(r"\s+")
_YES = frozenset({"true", "yes", "y", "1", "x", "ja", "j", "sand", "sandt"})
_NO = frozenset({"false", "no", "n", "0", "nej", "falsk", "falskt"})


def parse_text(value: Cell) -> str | None:
    """Return a cell as trimmed text: a number as its digits, a date in ISO form."""
    if value is None:
        return None
    if isinstance(value, str):
        return composed(value.strip()) or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return (
            format(value.normalize(), "f") if value == value.to_integral() else format(value, "f")
        )
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def parse_boolean(value: Cell, *, pointer: str = "") -> bool | None:
    """Return yes or no, in English or Danish words, as 1 and 0, or as a cross.

    Raises:
        ValidationError: ``boolean.invalid``.
    """
    if value is None or isinstance(value, bool):
        return value
    text = (parse_text(value) or "").casefold()
    if not text:
        return None
    if text in _YES or text in _NO:
        return text in _YES
    raise refusal(pointer, "boolean.invalid", N_("{value} is neither yes nor no."), value)


def normalised_header(text: str) -> str:
    """Return a header for comparison: one case, width and spacing, without ``*`` and ``:``."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return _SPACES.sub(" ", folded).strip(" *:")
