"""Cells as a file holds them, and the one way to refuse what a cell says."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from hub.errors import ValidationError

Cell = str | int | Decimal | bool | date | datetime | None
"""A cell as a file holds it; a datetime has no zone, for files know none."""

MAX_SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True)
class CellError:
    """What a cell of a workbook holds where its formula failed, such as ``#REF!``: no value."""

    code: str


def refusal(pointer: str, code: str, message: str, value: object) -> ValidationError:
    """Return the error for a value, of which it shows the beginning."""
    shown = str(value)
    short = shown if len(shown) <= MAX_SHOWN_LENGTH else shown[:MAX_SHOWN_LENGTH] + "…"
    return ValidationError.of(pointer, code, message, value=repr(short))
