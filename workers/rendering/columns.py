"""Columns of a rendered file, and the values that its cells may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from hub.i18n import translate
from hub.money import Money

Cell = str | int | Decimal | bool | date | datetime | Money | None
"""A checked value: a datetime in it is the wall clock of the reader's zone, without a zone."""


class ColumnKind(StrEnum):
    """What the cells of a column hold; None is allowed in all of them.

    A datetime needs a zone; money is `hub.money.Money`; text takes anything and writes its `str()`;
    mixed writes each value but money as what it is.
    """

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `label` is an English source text or a person's own word, `width` in characters."""

    key: str
    label: str
    kind: ColumnKind = ColumnKind.TEXT
    width: int | None = None


def header_labels(columns: Sequence[Column], locale: str) -> list[str]:
    """Return the header row in the reader's language."""
    return [translate(locale, column.label) for column in columns]


def checked_row(columns: Sequence[Column], row: Sequence[object], zone: ZoneInfo) -> list[Cell]:
    """Return the values of a row as its columns promise them.

    Raises:
        ValueError: the row has another length than the header, or an instant has no zone.
        TypeError: a value is not of its column's kind.
    """
    if len(row) != len(columns):
        raise ValueError(f"a row of {len(row)} values does not fit {len(columns)} columns")
    return [_checked(column, value, zone) for column, value in zip(columns, row, strict=True)]


def _checked(column: Column, value: object, zone: ZoneInfo) -> Cell:
    if value is None:
        return None
    if column.kind is ColumnKind.TEXT:
        return value if isinstance(value, str) else str(value)
    if isinstance(value, bool) and column.kind not in _KINDS_WITH_BOOLEANS:
        raise TypeError(f"column {column.key} holds no booleans")
    if isinstance(value, datetime):
        if column.kind not in (ColumnKind.DATETIME, ColumnKind.MIXED):
            raise TypeError(f"column {column.key} holds no instants")
        return _local(value, zone, column)
    if isinstance(value, _TYPES[column.kind]):
        return value
    raise TypeError(f"column {column.key} holds {column.kind}, not {type(value).__name__}")


def _local(value: datetime, zone: ZoneInfo, column: Column) -> datetime:
    if value.tzinfo is None:
        if column.kind is ColumnKind.MIXED:  # a user's own cell, read from a file without zones
            return value
        raise ValueError(f"column {column.key} holds an instant without a time zone")
    return value.astimezone(zone).replace(tzinfo=None)


_KINDS_WITH_BOOLEANS = frozenset({ColumnKind.BOOLEAN, ColumnKind.MIXED})
_TYPES: dict[ColumnKind, tuple[type[str | int | Decimal | bool | date | Money], ...]] = {
    ColumnKind.INTEGER: (int,),
    ColumnKind.DECIMAL: (Decimal, int),
    ColumnKind.MONEY: (Money,),
    ColumnKind.DATE: (date,),
    ColumnKind.DATETIME: (),
    ColumnKind.BOOLEAN: (bool,),
    ColumnKind.MIXED: (str, int, Decimal, bool, date),
}
