"""Cursors: opaque to callers, checked by us.

A cursor is base64url over JSON: the list, the sort, the direction, and the sort values of the row
it stands at. It needs no signature: it grants nothing, since a page is always read under the
reader's own predicate, and a forged one only starts elsewhere in his own list.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.errors import ValidationError
from hub.i18n import N_
from hub.listing.query import Query
from hub.listing.values import is_clean

_LONGEST = 8_000  # characters; more than any cursor of ours, and no work for an attacker
_INTEGER_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the sort values of a row, and whether to read on or back from it."""

    values: tuple[Any, ...]
    backwards: bool


def write_cursor(query: Query[Any], values: Sequence[Any], *, backwards: bool = False) -> str:
    """Return the cursor of a place in a query's list."""
    body = [*_identity(query), backwards, [_plain(value) for value in values]]
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(query: Query[Any], types: Sequence[TypeEngine[Any]]) -> Cursor | None:
    """Return the place that the query's cursor names, None where it has none.

    Raises:
        ValidationError: it is no cursor, or one of another list, sort or search.
    """
    if query.cursor is None:
        return None
    body = _body(query.cursor)
    if body[:3] != list(_identity(query)):
        raise ValidationError.of(
            "/cursor", "cursor_of_other_list",
            N_("belongs to another list, sort or search; start again without it"),
        )  # fmt: skip
    backwards, values = body[3], body[4]
    if not isinstance(backwards, bool) or not isinstance(values, list) or len(values) != len(types):
        raise _unreadable()
    return Cursor(
        tuple(_typed(value, each) for value, each in zip(values, types, strict=True)), backwards
    )


def _identity(query: Query[Any]) -> tuple[str, list[str], str]:
    sort = [] if query.is_ranked else [str(order) for order in query.order]
    return query.listing.name, sort, (query.q or "") if query.is_ranked else ""


def _body(cursor: str) -> list[Any]:
    if len(cursor) > _LONGEST or not cursor.isascii():
        raise _unreadable()
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        body = json.loads(text)
    except (binascii.Error, ValueError, RecursionError):
        raise _unreadable() from None
    if not isinstance(body, list) or len(body) != 5:  # noqa: PLR2004 - what write_cursor writes
        raise _unreadable()
    return body


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float():
            return value
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _typed(value: Any, kind: TypeEngine[Any]) -> Any:
    if value is None:
        return None
    python_type = (
        kind.impl_instance.python_type if isinstance(kind, TypeDecorator) else kind.python_type
    )
    try:
        return _TYPES[python_type](value)
    except (TypeError, ValueError, InvalidOperation):
        raise _unreadable() from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not is_clean(value):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _INTEGER_LIMIT:
        raise TypeError
    return value


def _decimal(value: Any) -> Decimal:
    number = Decimal(_text(value))
    if not number.is_finite() or abs(number.adjusted()) > 100:  # noqa: PLR2004 - beyond any column
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant


_TYPES: Mapping[type[Any], Callable[[Any], Any]] = {
    str: _text,
    int: _integer,
    float: _float,
    bool: _boolean,
    Decimal: _decimal,
    datetime: _instant,
    date: lambda value: date.fromisoformat(_text(value)),
    UUID: lambda value: UUID(_text(value)),
}


def _unreadable() -> ValidationError:
    return ValidationError.of("/cursor", "invalid_cursor", N_("is not a cursor of ours"))
