"""Collections as e-conomic returns them: filtered, sorted, cut into pages by offset."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from connectors.sandbox.economic.books import Record
from connectors.sandbox.economic.filters import Field, QueryError, parse_filter, sorted_by
from connectors.sandbox.economic.refusals import RefusedError

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 1000


def collection(
    records: Iterable[Record],
    query: Mapping[str, str],
    fields: Mapping[str, Field],
    url: str,
    present: Callable[[Record], Record],
    *,
    create: str | None = None,
) -> Record:
    """Return one page; `url` is that of the collection without a query.

    Only the records of the page are presented: filters and sorts look at them as they are kept.
    `create` describes the action that makes a new one, where there is such an action.

    Raises:
        RefusedError: 400, the paging is out of bounds, or a filter or sort is not understood.
    """
    size = _whole(query, "pagesize", DEFAULT_PAGE_SIZE, least=1, greatest=MAX_PAGE_SIZE)
    skip = _whole(query, "skippages", 0, least=0, greatest=2**31 - 1)
    every = list(records)
    found: list[Any] = every
    if query.get("filter"):
        try:
            matches = parse_filter(query["filter"], fields)
        except QueryError as error:
            raise RefusedError.query("filter", error, fields) from error
        found = [item for item in every if matches(item)]
    if query.get("sort"):
        try:
            found = sorted_by(found, query["sort"], fields)
        except QueryError as error:
            raise RefusedError.query("sort", error, fields) from error

    kept = {name: query[name] for name in ("filter", "sort", "demo") if name in query}

    def page(number: int) -> str:
        return f"{url}?{urlencode(kept | {'pagesize': size, 'skippages': number}, safe=':,')}"

    last = max(0, (len(found) - 1) // size)
    pagination: Record = {
        "skipPages": skip,
        "pageSize": size,
        "maxPageSizeAllowed": MAX_PAGE_SIZE,
        "results": len(found),
        "resultsWithoutFilter": len(every),
        "firstPage": page(0),
        "lastPage": page(last),
    }
    if skip < last:
        pagination["nextPage"] = page(skip + 1)
    actions: Record = {}
    if create:
        actions["create"] = {"description": create, "href": url, "httpMethod": "post"}
    return {
        "collection": [present(record) for record in found[skip * size : (skip + 1) * size]],
        "pagination": pagination,
        "metaData": actions,
        "self": f"{url}?{urlencode(dict(query), safe=':,')}" if query else url,
    }


def _whole(query: Mapping[str, str], name: str, default: int, *, least: int, greatest: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= greatest:
        raise RefusedError(400, "paging", code="E04810", name=name, least=least, greatest=greatest)
    return number
