"""Row filters of tokens: a stored list query that narrows what a token reaches of a collection."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement

from hub.access.principals import Principal
from hub.access.readers import reader_of
from hub.clock import utcnow
from hub.errors import ValidationError
from hub.history.records import AskedWithToken
from hub.i18n import N_
from hub.listing import Listing, Reader, parse_stored
from hub.listing.predicates import conditions_met

_LISTINGS: dict[type[Any], Listing[Any]] = {}


def declare_filterable(listing: Listing[Any]) -> None:
    """Let tokens be narrowed by a list's filters."""
    _LISTINGS[listing.model] = listing


def check_row_filters(filters: Mapping[str, Mapping[str, Any]], reader: Reader) -> None:
    """Pass where each is a stored filter of a list that tokens can be narrowed by.

    Raises:
        ValidationError: there is no such list, or a field, operator or value is unknown; pointers
            lead into the filters.
    """
    known = {listing.name: listing for listing in _LISTINGS.values()}
    for name, stored in filters.items():
        pointer = f"/row_filters/{name}"
        if name not in known:
            raise ValidationError.of(
                pointer, "unknown_list", N_("cannot be filtered so; there are {allowed}"),
                allowed=", ".join(sorted(known)),
            )  # fmt: skip
        try:
            parse_stored(known[name], {"filter": stored}, reader)
        except ValidationError as error:
            raise ValidationError(
                *(replace(each, pointer=pointer + each.pointer.removeprefix("/filter"))
                  for each in error.errors)
            ) from error  # fmt: skip


def narrowed(principal: Principal, model: type[Any]) -> list[ColumnElement[bool]]:
    """Return the further conditions that a caller's token sets for the rows of a model."""
    if principal.row_filters and issubclass(model, AskedWithToken):
        return [model.token_id == principal.token_id]
    listing = _LISTINGS.get(model)
    stored = principal.row_filters.get(listing.name) if listing is not None else None
    if listing is None or not stored:
        return []
    reader = reader_of(principal, now=utcnow())
    query = parse_stored(listing, {"filter": stored}, reader)
    return [conditions_met(query.conditions)]
