"""What a list consists of: declared once for each entity, read by everything that lists.

The same declaration drives the list, quick search, facets, saved views, exports, scheduled reports
and the parameters in the OpenAPI document. A field may be a column, any SQL expression, a row of
another table (`Field.through`) or a rule of its own (`Field.condition`).
"""

import re
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, case, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from hub.db import Base
from hub.i18n import translate
from hub.listing.classes import class_of, most_delicate
from hub.listing.reader import Reader, Sight
from hub.listing.vocabularies import Vocabulary

Expression = ColumnElement[Any] | InstrumentedAttribute[Any]
"""A mapped column, or any SQL expression over the listing's table (subqueries correlate to it)."""

Predicate = ColumnElement[bool]

ModelT = TypeVar("ModelT", bound=Base)


class Kind(StrEnum):
    """What values a field has; decides its operators and how a value is written."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"  # the amount alone: filter by the currency's own field beside it
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    UUID = "uuid"
    USER = "user"  # a user's id; the reader may write `me`
    ENUM = "enum"  # one of `choices`
    TAGS = "tags"  # text[]; `eq` asks whether one of them is the value


class Operator(StrEnum):
    """How a field is compared; the suffix of a parameter, `eq` being the default."""

    EQ = "eq"
    NE = "ne"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"
    STARTS = "starts"
    EMPTY = "empty"


EQUALITY = (Operator.EQ, Operator.NE)
_RANGE = (*EQUALITY, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE, Operator.EMPTY)
_OPERATORS: Mapping[Kind, tuple[Operator, ...]] = {
    Kind.TEXT: (*EQUALITY, Operator.CONTAINS, Operator.STARTS, Operator.EMPTY),
    Kind.INTEGER: _RANGE,
    Kind.DECIMAL: _RANGE,
    Kind.MONEY: _RANGE,
    Kind.BOOLEAN: (*EQUALITY, Operator.EMPTY),
    Kind.DATE: _RANGE,
    Kind.DATETIME: _RANGE,
    Kind.UUID: (*EQUALITY, Operator.EMPTY),
    Kind.USER: (*EQUALITY, Operator.EMPTY),
    Kind.ENUM: (*EQUALITY, Operator.EMPTY),
    Kind.TAGS: (*EQUALITY, Operator.EMPTY),
}
FACET_KINDS = frozenset(_OPERATORS) - {Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.DATETIME}
"""The kinds whose values can be counted one by one."""

RESERVED = frozenset({"q", "sort", "fields", "facets", "limit", "cursor", "deleted"})
"""Parameters of every list, so no names for fields."""

_ANYBODY = Reader(now=datetime(2000, 1, 1, tzinfo=UTC), zone="UTC")
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of an enum field and its name for people, an English source text."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """A slice of a facet over a range, written as the filter that pressing it sets.

    ``Bucket("this_week", N_("This week"), {"gte": "today", "lt": "week+1w"})``
    """

    name: str
    label: str
    filter: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Of:
    """A record, by its entity and the column that names it; what it says is for who sees it."""

    entity: str
    id: Expression


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One field of a list.

    Attributes:
        name: as in parameters and stored filters; may have dots (``accounting.state``).
        column: what is shown, compared and sorted; None for a field that only filters.
        label: its heading, an English source text marked with `N_`.
        operators: None gives all that suit the kind.
        choices: what an enum field may be; tags too, where they are not free.
        sortable: part of the whitelist; needs an index over (its sort key, id).
        sort_key: sorts in place of `column`, for example a column filled by `sort_text`.
        nullable: whether `column` (or `sort_key`) may be NULL; None asks the mapped column, and
            takes any other expression to be nullable.
        facet: may be counted; `buckets` counts ranges in place of values.
        caption: what stands for the value where people read it, for example an owner's name.
        words: the words of its values, where the database keeps them; they caption it, and those of
            ours are told in the reader's language.
        permission_class: whose reader may see it, filter and sort by it. As the models of its
            columns declare it, unless it is said here, which can only guard it better.
        shown: a column of the list and of exports when no columns are asked for.
        width: of the column in a sheet, in characters; None leaves it to the sheet.
        through: wraps the comparison of `column` into the EXISTS that reaches it. All conditions
            of one query that have the same `through` must be met by one and the same row, so that
            "any note between A and B" means one note. Such a field only filters.
        condition: takes over the comparison, value by value.
        personal: the condition under which the answer is yes for whoever reads, given his id; the
            field is a yes-or-no question about him.
        reckoned: makes `column` for a reader, where it depends on his day or his zone.
        search_text: the search document that the text is part of, where it is: `eq`, `contains`
            and `starts` then use the search index.
        caseless: `eq` and `ne` compare casefolded, by an index over ``casefold(column)``.
        kept_as: returns a text in the form in which such values are kept, or as it is where it is
            no such value; `eq` and `ne` compare that.
        condition_for: takes over the comparison for a reader, where it tells of other records of
            which he may not see all.
        of: the record whose value it is, where that is not the row's own: for a reader who does
            not see it the value is empty, and so it is compared, counted and sorted.
        sight: of a field as a reader has it (`read_by`), where it has a value for him; None for
            wherever it has one. `column` is empty elsewhere, `bare` is the column all the same.
    """

    name: str
    column: Expression | None
    _: KW_ONLY
    label: str
    kind: Kind = Kind.TEXT
    operators: tuple[Operator, ...] | None = None
    choices: tuple[Choice, ...] = ()
    sortable: bool = False
    sort_key: Expression | None = None
    nullable: bool | None = None
    facet: bool = False
    buckets: tuple[Bucket, ...] = ()
    caption: Expression | None = None
    words: Vocabulary | None = None
    permission_class: str = ""
    shown: bool = True
    width: int | None = None
    through: Callable[[Predicate], Predicate] | None = None
    condition: Callable[[Operator, Any], Predicate] | None = None
    personal: Callable[[UUID], Predicate] | None = None
    reckoned: Callable[[Reader], Expression] | None = None
    search_text: Expression | None = None
    caseless: bool = False
    kept_as: Callable[[str], str] | None = None
    condition_for: Callable[[Reader, Operator, Any], Predicate] | None = None
    of: Of | None = None
    sight: Sight | None = None
    bare: Expression | None = None

    def __post_init__(self) -> None:
        """Refuse a declaration that cannot work.

        Raises:
            ValueError: as said.
        """
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            raise ValueError(f"{self.name!r} cannot name a field")
        if "." in self.name and self.name.rsplit(".", 1)[1] in set(Operator):
            raise ValueError(f"{self.name!r} ends like an operator")
        if self.kind is Kind.ENUM and not self.choices:
            raise ValueError(f"{self.name}: an enum needs choices")
        if all(
            each is None
            for each in (self._column, self.condition, self.condition_for, self.personal)
        ):
            raise ValueError(f"{self.name}: needs a column or a condition")
        if self.personal is not None and self.kind is not Kind.BOOLEAN:
            raise ValueError(f"{self.name}: a question about the reader is answered by yes or no")
        if self.sortable and not self.selectable:
            raise ValueError(f"{self.name}: only a field with a value can be sorted by")
        if self.caption is None and self.words is not None:
            object.__setattr__(self, "caption", self.words.label)
        derived = class_of(self._column, self.caption, self.sort_key, self.search_text)
        if self.permission_class and most_delicate((self.permission_class, derived)) == derived:
            raise ValueError(f"{self.name}: its columns say of which class it is ({derived})")
        object.__setattr__(self, "permission_class", self.permission_class or derived)
        if self.facet and not (self.buckets or (self.selectable and self.kind in FACET_KINDS)):
            raise ValueError(f"{self.name}: a facet over {self.kind} needs buckets")

    @property
    def selectable(self) -> bool:
        """Whether a row has one value of it, so that it can be a column."""
        return self.through is None and not (self.column is None and self.reckoned is None)

    @property
    def is_mix(self) -> bool:
        """Whether a row has several values of it."""
        return isinstance(getattr(self._column, "type", None), ARRAY)

    def spoken(self, locale: str, caption: str) -> str:
        """Return a caption as somebody with this locale reads it; names are the same to all."""
        return caption if self.words is None else self.words.spoken(locale, caption)

    def label_of(self, value: Any, caption: str | None, locale: str) -> str | None:
        """Return what somebody reads for a value; None where it speaks for itself."""
        if caption is not None:
            return self.spoken(locale, caption)
        label = next((each.label for each in self.choices if each.value == value), None)
        return None if label is None else translate(locale, label)

    @property
    def _column(self) -> Expression | None:
        """What it shows, for whomever."""
        return self.column if self.reckoned is None else self.reckoned(_ANYBODY)

    @property
    def allowed(self) -> tuple[Operator, ...]:
        """The operators it takes."""
        if self.operators is not None:
            return self.operators
        return (Operator.EQ,) if self.personal is not None else _OPERATORS[self.kind]

    @property
    def depends_on_reader(self) -> bool:
        """Whether it is another one for another reader."""
        return not (self.reckoned is None and self.condition_for is None and self.of is None)

    def read_by(self, reader: Reader) -> "Field":
        """Return the field as it is for a reader, with his column and his condition."""
        if not self.depends_on_reader:
            return self
        found = copy(self)
        if self.reckoned is not None:
            object.__setattr__(found, "column", self.reckoned(reader))
        if self.condition_for is not None:
            object.__setattr__(found, "condition", partial(self.condition_for, reader))
        if self.of is not None:
            sight = reader.sees(self.of.entity, self.of.id)
            if sight is not None:
                object.__setattr__(found, "sight", sight)
                object.__setattr__(found, "bare", found.column)
                for name in ("column", "caption"):
                    if getattr(found, name) is not None:
                        object.__setattr__(found, name, case((sight.given, getattr(found, name))))
        return found

    def is_readable(self, reader: Reader) -> bool:
        """Tell whether the field exists for a reader."""
        return self.permission_class in reader.classes


@dataclass(frozen=True, slots=True, eq=False)
class SearchSpec:
    """What quick search looks into.

    Attributes:
        text: the column filled by `hub.listing.search.search_document`.
        number: the text that a hit of the whole ranks highest, None where there is none.
        of: the record whose words are among them: rows of one that the reader does not see are not
            found.
    """

    text: Expression
    number: Expression | None = None
    of: Of | None = None

    def searched_by(self, reader: Reader) -> Predicate:
        """Return the condition under which a row can be found by a reader."""
        sight = None if self.of is None else reader.sees(self.of.entity, self.of.id)
        return true() if sight is None else sight.given


@dataclass(frozen=True, slots=True)
class Sums:
    """Which amounts of a list's rows are added up, and the field of the currency they are in."""

    fields: tuple[str, ...]
    currency: str


@dataclass(frozen=True, slots=True, eq=False)
class Listing(Generic[ModelT]):
    """A collection that can be listed; see the module.

    Attributes:
        name: as in ``GET /listings/{name}`` and the collection's path.
        model: the mapped class of its rows; rows with `deleted_at` are left out where it has one.
        default_sort: as in ``sort=``: ``("-last_note_at", "name")``.
        sums: what a breakdown adds up beside the number of rows.
    """

    name: str
    model: type[ModelT]
    fields: tuple[Field, ...]
    default_sort: tuple[str, ...]
    search: SearchSpec | None = None
    sums: Sums | None = None
    by_name: Mapping[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the fields and refuse a declaration that cannot work.

        Raises:
            ValueError: two fields share a name, or the default sort is not on the whitelist.
        """
        by_name = {declared.name: declared for declared in self.fields}
        if len(by_name) != len(self.fields):
            raise ValueError(f"{self.name}: two fields share a name")
        for name in self.default_sort:
            if not by_name[name.removeprefix("-")].sortable:
                raise ValueError(f"{self.name}: {name} is not sortable")
        object.__setattr__(self, "by_name", by_name)

    def readable(self, reader: Reader) -> dict[str, Field]:
        """Return the fields that exist for a reader, by name."""
        further = {each.name: each for each in reader.further(self.name)}
        return {
            name: each
            for name, each in {**self.by_name, **further}.items()
            if each.is_readable(reader)
        }
