"""A question to a list: read from parameters or from its stored form, with no difference after."""

from dataclasses import dataclass, field
from typing import Any, Generic

from hub.listing.declaration import Field, Kind, Listing, ModelT, Operator
from hub.listing.reader import Reader
from hub.listing.values import Value

LIMIT = 50
HIGHEST_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; it holds where any of its values does (with `ne`: where none does).

    `raw` is what was asked for, in canonical writing: ``today+7d`` stays that. `values` is what it
    means for the query's reader at his present time.
    """

    field: Field
    operator: Operator
    raw: tuple[str, ...]
    values: tuple[Value, ...]

    def stored(self) -> Any:
        """Return its value for the stored form: one, or a list; booleans and integers as such."""
        if self.operator is Operator.EMPTY or self.field.kind is Kind.BOOLEAN:
            items: list[Any] = [text == "true" for text in self.raw]
        elif self.field.kind is Kind.INTEGER:
            items = [int(text) for text in self.raw]
        else:
            items = list(self.raw)
        return items[0] if len(items) == 1 else items


@dataclass(frozen=True, slots=True)
class Order:
    """A sort by one field; empty values come last either way."""

    field: Field
    descending: bool

    def __str__(self) -> str:
        return ("-" if self.descending else "") + self.field.name


@dataclass(frozen=True, slots=True)
class Query(Generic[ModelT]):
    """A checked question to a listing on behalf of a reader.

    `conditions` are in the order of the listing's fields. `sort`, `columns` and `facets` are as
    asked for; `order` and `shown` fill in the defaults.
    """

    listing: Listing[ModelT]
    reader: Reader
    conditions: tuple[Condition, ...] = ()
    q: str | None = None
    sort: tuple[Order, ...] = ()
    columns: tuple[Field, ...] = ()
    facets: tuple[Field, ...] = ()
    limit: int = LIMIT
    cursor: str | None = field(default=None, repr=False)
    deleted: bool = False

    @property
    def order(self) -> tuple[Order, ...]:
        """The sort, the listing's own where none was asked for and the reader may see it."""
        return self.sort or tuple(
            Order(
                self.listing.by_name[name.removeprefix("-")].read_by(self.reader),
                name.startswith("-"),
            )
            for name in self.listing.default_sort
            if self.listing.by_name[name.removeprefix("-")].is_readable(self.reader)
        )

    @property
    def is_ranked(self) -> bool:
        """Whether the best match comes first, because there is `q` and no sort."""
        return self.q is not None and not self.sort

    @property
    def shown(self) -> tuple[Field, ...]:
        """The columns, those of the listing where none were asked for."""
        return self.columns or tuple(
            each.read_by(self.reader)
            for each in self.listing.fields
            if each.shown and each.selectable and each.is_readable(self.reader)
        )

    def stored(self) -> dict[str, Any]:
        """Return the JSON form that `parse_stored` reads; what was not asked for is absent."""
        filters: dict[str, dict[str, Any]] = {}
        for condition in self.conditions:
            filters.setdefault(condition.field.name, {})[condition.operator] = condition.stored()
        parts: dict[str, Any] = {
            "filter": filters,
            "q": self.q,
            "sort": [str(order) for order in self.sort],
            "fields": [each.name for each in self.columns],
            "facets": [each.name for each in self.facets],
            "deleted": self.deleted,
        }
        return {name: part for name, part in parts.items() if part}

    def parameters(self) -> list[tuple[str, str]]:
        """Return the query string's form of what is stored, for `parse_parameters`."""
        pairs = [
            (_parameter(condition), text) for condition in self.conditions for text in condition.raw
        ]
        if self.q:
            pairs.append(("q", self.q))
        if self.sort:
            pairs.append(("sort", ",".join(str(order) for order in self.sort)))
        if self.columns:
            pairs.append(("fields", ",".join(each.name for each in self.columns)))
        if self.facets:
            pairs.append(("facets", ",".join(each.name for each in self.facets)))
        if self.deleted:
            pairs.append(("deleted", "true"))
        return pairs


def _parameter(condition: Condition) -> str:
    if condition.operator is Operator.EQ:
        return condition.field.name
    return f"{condition.field.name}.{condition.operator}"
