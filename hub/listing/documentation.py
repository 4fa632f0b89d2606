"""A listing described: for the OpenAPI document, and for whoever builds a filter."""

from typing import Any

from hub.i18n import translate
from hub.listing.declaration import Field, Kind, Listing, Operator
from hub.listing.query import HIGHEST_LIMIT, LIMIT
from hub.listing.reader import Reader
from hub.listing.reading import HIGHEST_VALUES, Q_LENGTH
from hub.listing.values import RELATIVE_DAY, TEXT_LENGTH

_COMPARISONS = {
    Operator.EQ: "is",
    Operator.NE: "is not; with several values: is none of them",
    Operator.LT: "is before or less than",
    Operator.LTE: "is at most",
    Operator.GT: "is after or more than",
    Operator.GTE: "is at least",
    Operator.CONTAINS: "contains, in any case",
    Operator.STARTS: "starts with, in any case",
    Operator.EMPTY: "has no value",
}
_DAY = rf"^(\d{{4}}-\d{{2}}-\d{{2}}|{RELATIVE_DAY})$"
_SCHEMAS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH},
    Kind.TAGS: {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH},
    Kind.INTEGER: {"type": "integer"},
    Kind.DECIMAL: {"type": "string", "pattern": r"^-?\d{1,14}(\.\d{1,6})?$"},
    Kind.MONEY: {"type": "string", "pattern": r"^-?\d{1,14}(\.\d{1,6})?$"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "pattern": _DAY, "examples": ["2026-01-31", "today+7d"]},
    Kind.DATETIME: {
        "type": "string",
        "anyOf": [{"format": "date-time"}, {"pattern": _DAY}],
        "examples": ["2026-01-31", "today-30d", "2026-01-31T08:00:00Z"],
    },
    Kind.UUID: {"type": "string", "format": "uuid"},
    Kind.USER: {"type": "string", "anyOf": [{"format": "uuid"}, {"const": "me"}]},
}


def openapi_parameters(listing: Listing[Any]) -> list[dict[str, Any]]:
    """Return the query parameters of the list as OpenAPI 3.1 parameter objects."""
    comparisons = [
        _comparison(field, operator) for field in listing.fields for operator in field.allowed
    ]
    sorts = [field.name for field in listing.fields if field.sortable]
    columns = [field.name for field in listing.fields if field.selectable]
    facets = [field.name for field in listing.fields if field.facet]
    return [
        *comparisons,
        *([_search()] if listing.search else []),
        _names("sort", [*sorts, *(f"-{name}" for name in sorts)], "Order; a minus: falling."),
        _names(
            "fields", columns, "Columns of a saved view or an export; a page has whole records."
        ),
        *([_names("facets", facets, "Counts by these fields.")] if facets else []),
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": HIGHEST_LIMIT, "default": LIMIT},
            "Rows of a page.",
        ),
        _parameter("cursor", {"type": "string"}, "Where to go on: from the links of a page."),
        _parameter(
            "deleted",
            {"type": "boolean", "default": False},
            "Deleted records too; for administrators.",
        ),
    ]


def describe(listing: Listing[Any], reader: Reader) -> dict[str, Any]:
    """Return what a reader can filter, sort, count and show, in his language."""
    return {
        "name": listing.name,
        "search": listing.search is not None,
        "default_sort": list(listing.default_sort),
        "fields": [_described(field, reader) for field in listing.readable(reader).values()],
    }


def _described(field: Field, reader: Reader) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": translate(reader.locale, field.label),
        "kind": field.kind.value,
        "operators": [operator.value for operator in field.allowed],
        "choices": [
            {"value": choice.value, "label": translate(reader.locale, choice.label)}
            for choice in field.choices
        ],
        "sortable": field.sortable,
        "facet": field.facet,
        "buckets": [
            {
                "name": bucket.name,
                "label": translate(reader.locale, bucket.label),
                "filter": dict(bucket.filter),
            }
            for bucket in field.buckets
        ],
        "column": field.selectable,
        "shown": field.shown and field.selectable,
    }


def _comparison(field: Field, operator: Operator) -> dict[str, Any]:
    name = field.name if operator is Operator.EQ else f"{field.name}.{operator}"
    schema = {"type": "boolean"} if operator is Operator.EMPTY else _schema(field)
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": f"{field.label} {_COMPARISONS[operator]}. Given several times: any of them.",
        "style": "form",
        "explode": True,
        "schema": {"type": "array", "items": schema, "maxItems": HIGHEST_VALUES},
    }


def _schema(field: Field) -> dict[str, Any]:
    if field.choices:
        return {"type": "string", "enum": [choice.value for choice in field.choices]}
    return _SCHEMAS[field.kind]


def _search() -> dict[str, Any]:
    schema = {"type": "string", "maxLength": Q_LENGTH}
    return _parameter("q", schema, "Quick search; without a sort the best match comes first.")


def _names(name: str, allowed: list[str], description: str) -> dict[str, Any]:
    return {
        **_parameter(name, {"type": "array", "items": {"enum": allowed}}, description),
        "style": "form",
        "explode": False,
    }


def _parameter(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
