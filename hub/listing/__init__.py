"""The one listing language: filters, sort, search, facets and columns of every collection.

An entity declares its `Listing` once. Whoever lists reads a query from parameters or from a stored
view, and asks for a page, for facets, or for a stream of all rows, always with the access predicate
of the reader:

    query = parse_parameters(CUSTOMERS, request_pairs, reader)
    found = page(session, query, visible)

The same query, stored, is a saved view, an export, a scheduled report.
"""

from hub.listing.breakdowns import Breakdown, Dimension, Unit, break_down, dimensions_of
from hub.listing.counting import BOUND, NEAR_BOUND, Total
from hub.listing.declaration import Bucket, Choice, Field, Kind, Listing, Operator, SearchSpec, Sums
from hub.listing.documentation import describe, openapi_parameters
from hub.listing.facets import Facet, Slice, facets
from hub.listing.indexes import sorts_without_index
from hub.listing.pages import Page, page, page_of_values
from hub.listing.query import Condition, Order, Query
from hub.listing.reader import Reader
from hub.listing.reading import parse_parameters, parse_stored
from hub.listing.search import Searchable, search_document, search_index
from hub.listing.sorting import sort_text
from hub.listing.streams import Rows, snapshot, stream
from hub.listing.vocabularies import Vocabulary

__all__ = [
    "BOUND",
    "NEAR_BOUND",
    "Breakdown",
    "Bucket",
    "Choice",
    "Condition",
    "Dimension",
    "Facet",
    "Field",
    "Kind",
    "Listing",
    "Operator",
    "Order",
    "Page",
    "Query",
    "Reader",
    "Rows",
    "SearchSpec",
    "Searchable",
    "Slice",
    "Sums",
    "Total",
    "Unit",
    "Vocabulary",
    "break_down",
    "describe",
    "dimensions_of",
    "facets",
    "openapi_parameters",
    "page",
    "page_of_values",
    "parse_parameters",
    "parse_stored",
    "search_document",
    "search_index",
    "snapshot",
    "sort_text",
    "sorts_without_index",
    "stream",
]
