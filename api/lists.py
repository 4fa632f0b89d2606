"""Answers of lists: a page, its total, its facets, the links to its neighbours."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import Field as Described
from sqlalchemy import ColumnElement, and_

from api.calls import Answer, Call
from api.schemas.shapes import Page, TotalView, View
from hub.access import readings
from hub.access.predicates import is_wide, visible
from hub.access.roles import Verb
from hub.customers.models import Customer
from hub.listing import BOUND, NEAR_BOUND, Facet, Field, Kind, Listing, facets, page
from hub.listing.declaration import ModelT

ViewT = TypeVar("ViewT", bound=View)


class SliceView(View):
    """Rows that share a value; `filter` is what a press on the slice sets."""

    value: str | int | bool | None
    label: str | None
    count: int
    filter: dict[str, Any]


class FacetView(View):
    """A count by value: a pie whose slices are filters."""

    slices: list[SliceView]
    other: int


class ListPage(Page[ViewT]):
    """A page of a list."""

    previous_cursor: str | None = None
    total: TotalView
    facets: dict[str, FacetView] = Described(default_factory=dict)


_Page = ListPage[Any]  # held here: pydantic would make the class anew for every answer


def list_page(
    call: Call[Any, Any],
    listing: Listing[ModelT],
    view: Callable[[ModelT], ViewT],
    *,
    within: ColumnElement[bool] | None = None,
    seen: ColumnElement[bool] | None = None,
) -> Answer[ListPage[ViewT]]:
    """Return the page of a list that the query string asks for, of what the caller may see.

    Args:
        call: the request.
        listing: which list.
        view: makes what is shown of a row.
        within: narrows the list to what hangs on the record that the path names.
        seen: what the caller is shown a part of, where he need not be able to read the rows.

    Raises:
        ValidationError: a parameter, operator, value or cursor is unknown.
    """
    query = call.list_query(listing)
    if seen is None:
        seen = visible(call.principal, Verb.READ, listing.model)
    if within is not None:
        seen = and_(seen, within)
    wide = is_wide(call.principal, Verb.READ, listing.model)
    found = page(call.session, query, seen, bound=NEAR_BOUND if wide else BOUND)
    call.shown = found.rows
    readings.note(call.session, call.principal, found.rows, "list")
    counted = facets(call.session, query, seen) if query.facets else {}
    for field in query.facets:
        note_named(call, field, (each.value for each in counted[field.name].slices))
    links = [
        _link(call, cursor, relation)
        for cursor, relation in ((found.next, "next"), (found.previous, "prev"))
        if cursor
    ]
    return Answer(
        _Page(
            items=[view(row) for row in found.rows],
            next_cursor=found.next,
            previous_cursor=found.previous,
            total=TotalView(count=found.total.count, exact=found.total.exact),
            facets={name: _facet(facet) for name, facet in counted.items()},
        ),
        headers={"Link": ", ".join(links)} if links else {},
    )


def note_named(call: Call[Any, Any], field: Field, values: Iterable[Any]) -> None:
    """Note that a caller is shown the customers that values of a field name."""
    if field.of is not None and field.of.entity == Customer.entity() and field.kind is Kind.UUID:
        ids = [UUID(str(each)) for each in values if each is not None]
        readings.note_ids(call.session, call.principal, Customer, ids, "list")


def _facet(facet: Facet) -> FacetView:
    return FacetView(
        slices=[
            SliceView(
                value=each.value,
                label=each.label,
                count=each.count,
                filter=each.filter,
            )
            for each in facet.slices
        ],
        other=facet.other,
    )


def _link(call: Call[Any, Any], cursor: str, relation: str) -> str:
    kept = [(k, v) for k, v in call.request.args.items(multi=True) if k != "cursor"]
    query = urlencode([*kept, ("cursor", cursor)])
    return f'<{call.request.path}?{query}>; rel="{relation}"'
