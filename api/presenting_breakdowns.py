"""What is shown of a list broken down."""

from typing import Any

from api.calls import Call
from api.lists import note_named
from api.schemas.breakdowns import GroupView, KeyView, SumsView
from hub.listing import Breakdown
from hub.listing.breakdowns import Group


def breakdown(call: Call[Any, Any], found: Breakdown) -> dict[str, Any]:
    """Return the fields of a `BreakdownView`, and note which customers it names."""
    for number, each in enumerate(found.dimensions):
        note_named(call, each.field, (group.keys[number].value for group in found.groups))
    return {
        "by": [each.name for each in found.dimensions],
        "groups": [
            GroupView(
                **_sums(each),
                keys=[KeyView(value=key.value, label=key.label) for key in each.keys],
                filter=each.filter,
            )
            for each in found.groups
        ],
        "totals": [SumsView(**_sums(each)) for each in found.totals],
        "complete": found.complete,
    }


def _sums(group: Group) -> dict[str, Any]:
    return {"count": group.count, "currency": group.currency, "sums": group.sums}
