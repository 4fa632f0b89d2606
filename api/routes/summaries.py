"""/opportunities/summary and its likes: what a list comes to"""

from typing import Any

from flask import Blueprint

from api.lists import note_named
from api.operations import Call, Permission, Verb, named, operation
from api.schemas.breakdowns import BreakdownQuery, BreakdownView, GroupView, KeyView, SumsView
from hub.access.predicates import visible
from hub.customers.listing import CUSTOMERS
from hub.leads.listing import LEADS
from hub.listing import Listing, break_down, dimensions_of
from hub.listing.breakdowns import Group
from hub.notes.listing import NOTES
from hub.objectives.listing import OBJECTIVE_PROGRESS
from hub.opportunities.listing import OPPORTUNITIES
from hub.reminders.listing import REMINDERS

blueprint = Blueprint("summaries", __name__)
SUMMED: tuple[Listing[Any], ...] = (
    CUSTOMERS, LEADS, OPPORTUNITIES, NOTES, REMINDERS, OBJECTIVE_PROGRESS,
)  # fmt: skip
"""The lists that are summed up; each has its route from here."""


def _summary(call: Call[None, BreakdownQuery], listing: Listing[Any]) -> BreakdownView:
    query = call.list_query(listing)
    dimensions = dimensions_of(query, call.query.names)
    seen = visible(call.principal, Verb.READ, listing.model)
    found = break_down(call.session, query, seen, dimensions, with_empty=call.query.empty)
    for number, each in enumerate(dimensions):
        note_named(call, each.field, (group.keys[number].value for group in found.groups))
    return BreakdownView(
        by=[each.name for each in found.dimensions],
        groups=[
            GroupView(
                **_sums(each),
                keys=[KeyView(value=key.value, label=key.label) for key in each.keys],
                filter=each.filter,
            )
            for each in found.groups
        ],
        totals=[SumsView(**_sums(each)) for each in found.totals],
        complete=found.complete,
    )


def _sums(group: Group) -> dict[str, Any]:
    return {"count": group.count, "currency": group.currency, "sums": group.sums}


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
