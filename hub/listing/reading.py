"""Reads a query from a query string or from its stored form, and refuses what it does not know.

All that is wrong is told at once, each with a pointer to its parameter and with what is allowed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.listing.declaration import RESERVED, Field, Listing, ModelT, Operator
from hub.listing.query import HIGHEST_LIMIT, LIMIT, Condition, Order, Query
from hub.listing.reader import Reader
from hub.listing.values import is_clean, read_value

HIGHEST_VALUES = 100  # alternatives of one parameter; more belong into a filter of another kind
HIGHEST_SORTS = 5
Q_LENGTH = 200  # characters

_STORED_KEYS = ("filter", "q", "sort", "fields", "facets", "deleted")
_Read = TypeVar("_Read")


def parse_parameters(
    listing: Listing[ModelT], items: Iterable[tuple[str, str]], reader: Reader
) -> Query[ModelT]:
    """Return the query of a query string, given as its pairs in order, repeated ones included.

    Raises:
        ValidationError: a parameter, operator or value is unknown or not for this reader.
    """
    reading = _Reading(listing, reader)
    comparisons: dict[str, list[str]] = {}
    single: dict[str, str] = {}
    for name, text in items:
        if name not in RESERVED:
            comparisons.setdefault(name, []).append(text)
        elif name in single:
            reading.refuse(f"/{name}", "repeated", N_("is given twice"))
        else:
            single[name] = text
    for name, texts in comparisons.items():
        reading.compare_parameter(name, texts)
    return reading.query(
        q=single.get("q"),
        sort=_split(single.get("sort")),
        columns=_split(single.get("fields")),
        facets=_split(single.get("facets")),
        limit=single.get("limit"),
        cursor=single.get("cursor"),
        deleted=single.get("deleted", "false"),
    )


def parse_stored(
    listing: Listing[ModelT], stored: Mapping[str, Any], reader: Reader
) -> Query[ModelT]:
    """Return the query of a stored form, as saved views, exports and schedules keep it.

    Raises:
        ValidationError: as `parse_parameters`; pointers lead into the stored form.
    """
    reading = _Reading(listing, reader)
    for name in stored:
        if name not in _STORED_KEYS:
            reading.refuse(
                _pointer(name), "unknown_key", N_("is unknown; known are {allowed}"),
                allowed=", ".join(_STORED_KEYS),
            )  # fmt: skip
    reading.compare_stored(stored.get("filter", {}))
    deleted = stored.get("deleted", False)
    return reading.query(
        q=reading.typed("/q", stored.get("q"), str),
        sort=reading.texts("/sort", stored.get("sort", [])),
        columns=reading.texts("/fields", stored.get("fields", [])),
        facets=reading.texts("/facets", stored.get("facets", [])),
        deleted=str(deleted).lower() if isinstance(deleted, bool) else repr(deleted),
    )


class _Reading(Generic[ModelT]):
    """One reading: gathers what is understood and what is wrong."""

    def __init__(self, listing: Listing[ModelT], reader: Reader) -> None:
        self._listing = listing
        self._reader = reader
        self._fields = listing.readable(reader)
        self._read: dict[str, Field] = {}
        self._conditions: dict[tuple[str, Operator], Condition] = {}
        self._errors: list[FieldError] = []

    def refuse(self, pointer: str, code: str, message: str, **params: object) -> None:
        """Note one broken rule."""
        self._errors.append(FieldError(pointer, code, message, params))

    def compare_parameter(self, name: str, texts: Sequence[str]) -> None:
        """Read ``field=…`` or ``field.operator=…``."""
        base, dot, suffix = name.rpartition(".")
        if name in self._fields or not dot:
            self._compare(_pointer(name), name, Operator.EQ, texts)
        else:
            self._compare(_pointer(name), base, suffix, texts)

    def compare_stored(self, filters: Any) -> None:
        """Read ``{field: {operator: value or values}}``; a bare value means ``eq``."""
        if not isinstance(filters, Mapping):
            self.refuse("/filter", "wrong_type", N_("must be an object"))
            return
        for name, comparisons in filters.items():
            if not isinstance(comparisons, Mapping):
                comparisons = {Operator.EQ.value: comparisons}  # noqa: PLW2901 - one shape from here on
            for suffix, value in comparisons.items():
                pointer = _pointer("filter", name, suffix)
                texts = self._scalars(pointer, value)
                if texts:
                    self._compare(pointer, name, suffix, texts)

    def query(
        self,
        *,
        q: str | None = None,
        sort: Sequence[str] = (),
        columns: Sequence[str] = (),
        facets: Sequence[str] = (),
        limit: str | None = None,
        cursor: str | None = None,
        deleted: str = "false",
    ) -> Query[ModelT]:
        """Return the whole, or raise all that is wrong."""
        made = Query(
            listing=self._listing,
            reader=self._reader,
            conditions=self._in_order(),
            q=self._q(q),
            sort=self._sort(sort),
            columns=self._named("/fields", columns, lambda each: each.selectable),
            facets=self._named("/facets", facets, lambda each: each.facet),
            limit=self._limit(limit),
            cursor=cursor,
            deleted=self._deleted(deleted),
        )
        if self._errors:
            raise ValidationError(*self._errors)
        return made

    def typed(self, pointer: str, value: Any, wanted: type[_Read]) -> _Read | None:
        """Return a value of the wanted type, None where there is none or another."""
        if value is None or isinstance(value, wanted):
            return value
        self.refuse(pointer, "wrong_type", N_("must be a text"))
        return None

    def texts(self, pointer: str, value: Any) -> list[str]:
        """Return a list of texts, empty where it is something else."""
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
        self.refuse(pointer, "wrong_type", N_("must be a list of texts"))
        return []

    def _in_order(self) -> tuple[Condition, ...]:
        # Not as asked: JSON objects have no order that a database keeps.
        fields, operators = list(self._fields), list(Operator)
        places = sorted(
            self._conditions, key=lambda at: (fields.index(at[0]), operators.index(at[1]))
        )
        return tuple(self._conditions[place] for place in places)

    def _compare(self, pointer: str, name: str, suffix: str, texts: Sequence[str]) -> None:
        field = self._fields.get(name)
        if field is None:
            self.refuse(
                pointer, "unknown_field", N_("{name} is no field here; allowed are {allowed}"),
                name=name, allowed=", ".join(self._fields),
            )  # fmt: skip
            return
        if suffix not in field.allowed:
            self.refuse(
                pointer, "unknown_operator", N_("cannot be compared so; {name} takes {allowed}"),
                name=name, allowed=", ".join(field.allowed),
            )  # fmt: skip
            return
        if len(texts) > HIGHEST_VALUES:
            self.refuse(
                pointer, "too_many_values", N_("has more than {limit} values"), limit=HIGHEST_VALUES
            )
            return
        field = self._field(name)
        operator = Operator(suffix)
        read = {}
        for text in texts:
            try:
                raw, value = read_value(field, operator, text, self._reader, pointer)
            except ValidationError as error:
                self._errors.extend(error.errors)
            else:
                read[raw] = value
        earlier = self._conditions.get((name, operator))  # ``name=a`` and ``name.eq=b``
        if earlier is not None:
            read = dict(zip(earlier.raw, earlier.values, strict=True)) | read
        self._conditions[name, operator] = Condition(
            field, operator, tuple(read), tuple(read.values())
        )

    def _scalars(self, pointer: str, value: Any) -> list[str]:
        values = value if isinstance(value, list) else [value]
        texts = []
        for item in values:
            match item:
                case bool():
                    texts.append(str(item).lower())
                case int() | str():
                    texts.append(str(item))
                case _:
                    self.refuse(
                        pointer, "wrong_type",
                        N_("must be a text, a whole number, true or false, or a list of such; write other numbers as text"),  # noqa: E501 - one text to translate
                    )  # fmt: skip
                    return []
        if not values:
            self.refuse(pointer, "value_missing", N_("needs a value"))
        return texts

    def _q(self, text: str | None) -> str | None:
        if text is None or not text.strip():
            return None
        if self._listing.search is None:
            self.refuse("/q", "unknown_parameter", N_("this list has no quick search"))
        elif len(text) > Q_LENGTH:
            self.refuse("/q", "too_long", N_("is longer than {limit} characters"), limit=Q_LENGTH)
        elif not is_clean(text):
            self.refuse("/q", "invalid_text", N_("has characters that are no text"))
        elif not any(character.isalnum() for character in text):
            self.refuse("/q", "no_words", N_("needs a letter or a digit"))
        return text.strip()

    def _sort(self, names: Sequence[str]) -> tuple[Order, ...]:
        allowed = [name for name, each in self._fields.items() if each.sortable]
        orders: dict[str, Order] = {}
        for text in names:
            name = text.removeprefix("-")
            if name not in allowed:
                self.refuse(
                    "/sort", "unknown_sort", N_("{name} is not for sorting; allowed are {allowed}"),
                    name=name, allowed=", ".join(allowed),
                )  # fmt: skip
            elif name in orders:
                self.refuse("/sort", "repeated", N_("{name} is given twice"), name=name)
            else:
                orders[name] = Order(self._field(name), text.startswith("-"))
        if len(orders) > HIGHEST_SORTS:
            self.refuse(
                "/sort", "too_many_values", N_("has more than {limit} values"), limit=HIGHEST_SORTS
            )
        return tuple(orders.values())

    def _named(
        self, pointer: str, names: Sequence[str], suits: Callable[[Field], bool]
    ) -> tuple[Field, ...]:
        allowed = {name: each for name, each in self._fields.items() if suits(each)}
        for name in names:
            if name not in allowed:
                self.refuse(
                    pointer, "unknown_field", N_("{name} is not to be had; allowed are {allowed}"),
                    name=name, allowed=", ".join(allowed),
                )  # fmt: skip
        return tuple(self._field(name) for name in dict.fromkeys(names) if name in allowed)

    def _field(self, name: str) -> Field:
        """Return a field as it is for the reader: the same one, wherever the query names it."""
        if name not in self._read:
            self._read[name] = self._fields[name].read_by(self._reader)
        return self._read[name]

    def _limit(self, text: str | None) -> int:
        if text is None:
            return LIMIT
        if text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST_LIMIT)):
            limit = int(text)
            if 1 <= limit <= HIGHEST_LIMIT:
                return limit
        self.refuse(
            "/limit", "out_of_range", N_("must be a whole number from 1 to {highest}"),
            highest=HIGHEST_LIMIT,
        )  # fmt: skip
        return LIMIT

    def _deleted(self, text: str) -> bool:
        if text not in {"true", "false"}:
            self.refuse("/deleted", "invalid_boolean", N_("must be true or false"))
        elif text == "true" and not self._reader.sees_deleted:
            self.refuse("/deleted", "not_allowed", N_("is for administrators"))
        return text == "true"


def _split(text: str | None) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _pointer(*parts: str) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
