"""The list of a catalogue's entries."""

from hub.catalogues.models import CatalogueEntry
from hub.i18n import N_
from hub.listing import Field, Kind, Listing

CATALOGUE_ENTRIES = Listing(
    name="catalogue-entries",
    model=CatalogueEntry,
    fields=(
        Field("id", CatalogueEntry.id, label=N_("Id"), kind=Kind.UUID, shown=False),
        Field("catalogue", CatalogueEntry.catalogue, label=N_("Catalogue"), facet=True, width=20),
        Field("code", CatalogueEntry.code, label=N_("Code"), width=20),
        Field("label", CatalogueEntry.label, label=N_("Label"), sortable=True, width=40),
        Field("active", CatalogueEntry.active, label=N_("Active"), kind=Kind.BOOLEAN, facet=True),
        Field("place", CatalogueEntry.sort, label=N_("Place"), kind=Kind.INTEGER, sortable=True),
    ),
    default_sort=("place",),
)  # fmt: skip
