"""Catalogues as the API takes and shows them."""

from pydantic import Field

from api.schemas.fields import Code, Integer, Line
from api.schemas.shapes import Body, Patch, RecordView, View, absent


class CatalogueView(View):
    """A catalogue."""

    name: str
    label: str = Field(description="What it lists, in your language.")
    used_by: list[str] = Field(description="The collections whose records keep its codes.")


class CataloguesView(View):
    """The catalogues there are."""

    items: list[CatalogueView]


class EntryCreate(Body):
    """A new entry of a catalogue."""

    code: Code = Field(description="For scripts, filters and files; it never changes.")
    label: Line = Field(description="For people.")
    active: bool = True
    sort: Integer | None = Field(None, description="Its place; last where it is left out.")


class EntryPatch(Patch):
    """What changes of an entry; the code itself stays."""

    label: Line = absent()
    active: bool = absent()
    sort: Integer = absent()


class UseView(View):
    """How many records keep an entry, of those that you may see."""

    total: int
    open: int | None = Field(description="null where the records are neither open nor closed.")
    closed: int | None


class EntryView(RecordView):
    """An entry of a catalogue."""

    catalogue: str
    code: str
    label: str
    active: bool = Field(description="False: retired, whoever has it keeps it.")
    sort: int
    used_by: dict[str, UseView] = Field(description="By collection.")
