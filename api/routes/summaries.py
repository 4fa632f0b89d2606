"""/opportunities/summary and its likes: what a list comes to"""

from typing import Any

from flask import Blueprint

from api.operations import Call, Permission, Verb, named, operation
from api.presenting_breakdowns import breakdown
from api.schemas.breakdowns import BreakdownQuery, BreakdownView
from hub.access.predicates import visible
from hub.activities.listing import ACTIVITIES
from hub.customers.listing import CUSTOMERS
from hub.leads.listing import LEADS
from hub.listing import Listing, break_down, dimensions_of
from hub.notes.listing import NOTES
from hub.objectives.listing import OBJECTIVE_PROGRESS
from hub.opportunities.listing import OPPORTUNITIES
from hub.reminders.listing import REMINDERS

blueprint = Blueprint("summaries", __name__)
SUMMED: tuple[Listing[Any], ...] = (
    CUSTOMERS, LEADS, OPPORTUNITIES, ACTIVITIES, NOTES, REMINDERS, OBJECTIVE_PROGRESS,
)  # fmt: skip
"""The lists that are summed up; each has its route from here."""


def _summary(call: Call[None, BreakdownQuery], listing: Listing[Any]) -> BreakdownView:
    query = call.list_query(listing)
    dimensions = dimensions_of(query, call.query.names)
    seen = visible(call.principal, Verb.READ, listing.model)
    found = break_down(call.session, query, seen, dimensions, with_empty=call.query.empty)
    return BreakdownView(**breakdown(call, found))


def _serve(listing: Listing[Any]) -> None:
    """Declare the route of one list."""

    def summarise(call: Call[None, BreakdownQuery]) -> BreakdownView:
        return _summary(call, listing)

    named(
        summarise, f"summarise_{listing.name.replace('-', '_')}",
        f"Count {listing.name} by what they have in common, and add up their amounts."
        "\n\nOf what you see, by the filters of the list; its sort and its page do not count. Two"
        " currencies are never added. Days are yours, where you are.",
    )  # fmt: skip
    operation(
        blueprint, "GET", f"/{listing.name}/summary",
        permission=Permission(Verb.READ, listing.model.collection()),
        listing=listing, query=BreakdownQuery, answer=BreakdownView,
    )(summarise)  # fmt: skip


for _listing in SUMMED:
    _serve(_listing)
