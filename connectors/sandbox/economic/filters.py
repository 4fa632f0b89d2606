"""The query grammar of e-conomic's collections: ``filter`` and ``sort``.

``field$op:value`` joined by ``$and:`` and ``$or:`` with parentheses, ``$and:`` binding tighter;
values are escaped by ``$$ $( $) $* $,``. A comparison with an absent value is false, but for
``$null:``; whether the vendor sees ``$ne:`` so too is not documented.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

Item = Mapping[str, Any]
Predicate = Callable[[Item], bool]

OPERATORS: Mapping[str, str] = {
    "$eq:": "equals",
    "$ne:": "not equals",
    "$gt:": "greater than",
    "$gte:": "greater than or equals",
    "$lt:": "less than",
    "$lte:": "less than or equals",
    "$like:": "substring match",
    "$in:": "in",
    "$nin:": "not in",
}
ESCAPES: Mapping[str, str] = {"$$": "$", "$(": "(", "$)": ")", "$*": "*", "$,": ",", "$[": "["}
LIST_LIMIT = 200
"""The most values that ``$in:`` and ``$nin:`` take."""

_NEVER = "\ue000"  # stands for `$[`, which the vendor accepts and which matches nothing
_LITERAL_STAR = "\ue001"  # stands for `$*` until the wildcards are resolved
_NULL = "$null:"
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9.]*)(\$[a-z]+:)")


class FieldKind(StrEnum):
    """How the values of a field compare."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Field:
    """What an endpoint allows of one field, whose name may be a path with dots."""

    kind: FieldKind = FieldKind.TEXT
    filterable: bool = True
    sortable: bool = True


class QueryError(Exception):
    """A filter or sort that cannot be understood; `errors` are sentences for the reply."""

    def __init__(self, *errors: str) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def parse_filter(text: str, fields: Mapping[str, Field]) -> Predicate:
    """Return whether-it-matches as a function.

    Raises:
        QueryError: the text breaks the grammar, names a field that may not be filtered, or gives a
            value of the wrong kind.
    """
    parser = _Parser(text, fields)
    predicate = parser.alternatives()
    if parser.rest:
        raise QueryError(f"Unexpected '{parser.rest[:20]}' in the filter.")
    return predicate


def sorted_by(items: Iterable[Item], sort: str, fields: Mapping[str, Field]) -> list[Item]:
    """Return `items` in the order that a ``sort`` parameter asks for.

    Raises:
        QueryError: it names a field that may not be sorted.
    """
    result = list(items)
    for term in reversed([term for term in sort.split(",") if term]):
        marks = re.match(r"[-~]*", term)
        prefix = marks.group() if marks else ""
        name = term[len(prefix) :]
        field = fields.get(name)
        if field is None or not field.sortable:
            raise QueryError(f"Sorting is not allowed on property '{name}'.")
        result.sort(key=_sort_key(name, field, alphabetical="~" in prefix), reverse="-" in prefix)
    return result


def value_at(item: Item, path: str) -> Any:
    """Return what stands at a path with dots, None where nothing does."""
    value: Any = item
    for part in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(part)
    return value


class _Parser:
    """A recursive descent over the filter's text; `rest` is what is still to be read."""

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self.rest = text
        self._fields = fields

    def alternatives(self) -> Predicate:
        """Read ``a$or:b$or:c``."""
        parts = [self._conjunction()]
        while self._take("$or:"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else lambda item: any(part(item) for part in parts)

    def _conjunction(self) -> Predicate:
        parts = [self._term()]
        while self._take("$and:"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda item: all(part(item) for part in parts)

    def _term(self) -> Predicate:
        if self._take("("):
            inner = self.alternatives()
            if not self._take(")"):
                raise QueryError("A parenthesis is not closed.")
            return inner
        head = _FIELD.match(self.rest)
        if head is None:
            raise QueryError(f"Expected a comparison at '{self.rest[:20]}'.")
        name, operator = head.groups()
        if operator not in OPERATORS:
            raise QueryError(f"Unknown operator '{operator}'.")
        field = self._fields.get(name)
        if field is None or not field.filterable:
            raise QueryError(f"Filtering is not allowed on property '{name}'.")
        self.rest = self.rest[head.end() :]
        return self._comparison(name, operator, field.kind)

    def _comparison(self, name: str, operator: str, kind: FieldKind) -> Predicate:
        if self._take(_NULL):
            if operator not in {"$eq:", "$ne:"}:
                raise QueryError(f"'{_NULL}' cannot be used with '{operator}'.")
            absent = operator == "$eq:"
            return lambda item: (value_at(item, name) is None) == absent
        if operator in {"$in:", "$nin:"}:
            return self._membership(name, kind, wanted=operator == "$in:")
        raw = self._value(stops=")")
        if operator == "$like:":
            pattern = _like(raw)
            return lambda item: _matches(pattern, value_at(item, name))
        if _NEVER in raw:
            return lambda _item: False
        wanted = _parsed(name, raw.replace(_LITERAL_STAR, "*"), kind)
        compare = _COMPARISONS[operator]
        return lambda item: _compared(compare, _comparable(value_at(item, name), kind), wanted)

    def _membership(self, name: str, kind: FieldKind, *, wanted: bool) -> Predicate:
        if not self._take("["):
            raise QueryError("A list of values must begin with '['.")
        values = []
        while True:
            raw = self._value(stops=",]")
            values.append(_parsed(name, raw.strip().replace(_LITERAL_STAR, "*"), kind))
            if self._take("]"):
                break
            if not self._take(","):
                raise QueryError("A list of values is not closed.")
        if len(values) > LIST_LIMIT:
            raise QueryError(f"A list may have at most {LIST_LIMIT} values.")

        def predicate(item: Item) -> bool:
            value = _comparable(value_at(item, name), kind)
            return value is not None and (value in values) == wanted

        return predicate

    def _value(self, *, stops: str) -> str:
        """Read up to a stop character, ``$and:`` or ``$or:``, resolving the escapes."""
        taken: list[str] = []
        while self.rest and self.rest[0] not in stops:
            if self.rest.startswith(("$and:", "$or:")):
                break
            if self.rest[0] == "(":
                raise QueryError("A parenthesis inside a value must be written '$('.")
            if self.rest[0] != "$":
                taken.append(self.rest[0])
                self.rest = self.rest[1:]
                continue
            escape = self.rest[:2]
            if escape not in ESCAPES:
                raise QueryError(f"Unknown escape '{escape}' in a value.")
            taken.append({"$[": _NEVER, "$*": _LITERAL_STAR}.get(escape, ESCAPES[escape]))
            self.rest = self.rest[2:]
        return "".join(taken)

    def _take(self, literal: str) -> bool:
        if not self.rest.startswith(literal):
            return False
        self.rest = self.rest.removeprefix(literal)
        return True


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq:": lambda have, wanted: have == wanted,
    "$ne:": lambda have, wanted: have != wanted,
    "$gt:": lambda have, wanted: have > wanted,
    "$gte:": lambda have, wanted: have >= wanted,
    "$lt:": lambda have, wanted: have < wanted,
    "$lte:": lambda have, wanted: have <= wanted,
}


def _compared(compare: Callable[[Any, Any], bool], have: Any, wanted: Any) -> bool:
    return have is not None and compare(have, wanted)


def _parsed(name: str, raw: str, kind: FieldKind) -> Any:
    try:
        return _comparable(_from_text(raw, kind), kind)
    except ValueError as error:
        raise QueryError(f"'{raw}' is not a valid value for property '{name}'.") from error


def _from_text(raw: str, kind: FieldKind) -> Any:
    if kind is FieldKind.NUMBER:
        return float(raw)
    if kind is FieldKind.BOOLEAN:
        if raw.lower() not in {"true", "false"}:
            raise ValueError(raw)
        return raw.lower() == "true"
    return raw


def _comparable(value: Any, kind: FieldKind) -> Any:
    if value is None:
        return None
    if kind is FieldKind.TEXT:
        return str(value).casefold()
    if kind is FieldKind.NUMBER:
        return float(value)
    if kind in {FieldKind.INSTANT, FieldKind.DATE}:
        instant = datetime.fromisoformat(value)
        return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return value


def _like(raw: str) -> re.Pattern[str]:
    """Translate ``*`` and ``[…]`` to a regular expression; without ``*`` it means contains."""
    if _NEVER in raw:
        return re.compile(r"(?!)")
    contains = "*" not in raw
    pieces = re.split(r"(\*|\[\^?[^\]]+\])", raw.replace(_LITERAL_STAR, "[*]"))
    pattern = "".join(_like_piece(piece) for piece in pieces)
    wrapped = f".*{pattern}.*" if contains else pattern
    try:
        return re.compile(wrapped, re.IGNORECASE | re.DOTALL)
    except re.error as error:  # a class such as [z-a]
        raise QueryError(f"'{raw}' is not a valid pattern.") from error


def _like_piece(piece: str) -> str:
    if piece == "*":
        return ".*"
    if piece.startswith("[") and piece.endswith("]") and len(piece) > len("[]"):
        return piece.replace("\\", "\\\\")
    return re.escape(piece)


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return value is not None and pattern.fullmatch(str(value)) is not None


def _sort_key(
    name: str, field: Field, *, alphabetical: bool
) -> Callable[[Item], tuple[int, float, str]]:
    """Absent values come first; texts that look like numbers sort as numbers unless told not to."""

    def key(item: Item) -> tuple[int, float, str]:
        value = value_at(item, name)
        if value is None:
            return (0, 0, "")
        if field.kind is FieldKind.NUMBER and not alphabetical:
            return (1, float(value), "")
        text = str(value)
        if text.isascii() and text.isdigit() and not alphabetical:
            return (1, float(text), "")
        return (2, 0, text.casefold())

    return key


def allowed(fields: Mapping[str, Field]) -> Sequence[str]:
    """Return the names of the fields that may be filtered: told in every refusal of a filter."""
    return [name for name, field in fields.items() if field.filterable]
