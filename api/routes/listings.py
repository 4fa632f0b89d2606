"""/listings"""

from typing import Any

from flask import Blueprint

from api.operations import Call, Permission, Verb, operation
from api.schemas.reports import ListingSummary, ListingsView, ListingView
from hub.i18n import translate
from hub.listing import describe
from hub.reports.datasets import DATASETS, Dataset, get_dataset

blueprint = Blueprint("listings", __name__)
READ = Permission(Verb.READ, "listings")


def _summary(call: Call[Any, Any], dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "title": translate(call.language, dataset.title),
        "may_export": call.principal.may(dataset.exporting),
    }


@operation(blueprint, "GET", "/listings", permission=READ, answer=ListingsView)
def list_listings(call: Call) -> ListingsView:
    """List the lists that you may read."""
    return ListingsView(
        items=[
            ListingSummary(**_summary(call, dataset))
            for dataset in DATASETS.values()
            if call.principal.may(dataset.reading)
        ]
    )


@operation(blueprint, "GET", "/listings/<name>", permission=READ, answer=ListingView)
def get_listing(call: Call, name: str) -> ListingView:
    """Return what a list can be filtered, sorted and counted by, in your language."""
    dataset = get_dataset(name)
    call.principal.require(dataset.reading)
    return ListingView(
        **_summary(call, dataset) | describe(dataset.listing, call.reader),
        has_owners=dataset.owner is not None,
    )
