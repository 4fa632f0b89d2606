"""/catalogues and /catalogue-entries"""

from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.schemas.catalogues import (
    CataloguesView,
    CatalogueView,
    EntryCreate,
    EntryPatch,
    EntryView,
    UseView,
)
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.catalogues import services
from hub.catalogues.declaring import all_catalogues, uses_of
from hub.catalogues.listing import CATALOGUE_ENTRIES
from hub.catalogues.models import CatalogueEntry
from hub.catalogues.services import Count
from hub.i18n import translate

blueprint = Blueprint("catalogues", __name__)
READ = Permission(Verb.READ, "catalogue-entries")
CONFIGURE = Permission(Verb.CONFIGURE, "catalogue-entries")
_SHOWN = frozenset(EntryView.model_fields) - {"label", "used_by", "allowed_actions"}


def _view(
    call: Call[Any, Any], entry: CatalogueEntry, counts: dict[str, dict[str, Count]]
) -> EntryView:
    return EntryView(
        **{name: getattr(entry, name) for name in _SHOWN},
        label=translate(call.language, entry.label),
        used_by={
            collection: UseView.model_validate(counted)
            for collection, counted in counts.get(entry.code, {}).items()
        },
        allowed_actions=call.actions("catalogue-entries", entry, (Verb.READ, Verb.CONFIGURE)),
    )


def _counts(
    call: Call[Any, Any], name: str, entries: Sequence[CatalogueEntry]
) -> dict[str, dict[str, Count]]:
    return services.count(
        call.session, name, [entry.code for entry in entries],
        lambda model: visible(call.principal, Verb.READ, model),
    )  # fmt: skip


def _counted(call: Call[Any, Any], entry: CatalogueEntry) -> EntryView:
    return _view(call, entry, _counts(call, entry.catalogue, [entry]))


def _view_again(call: Call[Any, Any], entry_id: UUID) -> EntryView:
    found = get_record(call.session, call.principal, Verb.READ, CatalogueEntry, entry_id)
    return _counted(call, found)


@operation(blueprint, "GET", "/catalogues", permission=READ, answer=CataloguesView)
def list_catalogues(call: Call) -> CataloguesView:
    """List the catalogues: the words that this installation keeps itself."""
    return CataloguesView(
        items=[
            CatalogueView(
                name=each.name,
                label=translate(call.language, each.label),
                used_by=sorted(
                    {use.model.collection() for use in uses_of(call.session, each.name)}
                ),
            )
            for each in all_catalogues(call.session).values()
        ]
    )


@operation(
    blueprint, "GET", "/catalogues/<catalogue>/entries",
    permission=READ, listing=CATALOGUE_ENTRIES, answer=ListPage[EntryView],
)  # fmt: skip
def list_catalogue_entries(call: Call, catalogue: str) -> Answer[ListPage[EntryView]]:
    """List the entries of a catalogue, retired ones too, with how many records keep each.

    Of leads and opportunities it counts the open and the closed ones.
    """
    name = services.get_catalogue(call.session, catalogue).name
    counts = cache(lambda: _counts(call, name, call.shown))  # asked once for the whole page
    return list_page(
        call, CATALOGUE_ENTRIES, lambda entry: _view(call, entry, counts()),
        within=CatalogueEntry.catalogue == name,
    )  # fmt: skip


@operation(
    blueprint, "POST", "/catalogues/<catalogue>/entries",
    permission=CONFIGURE, body=EntryCreate, answer=EntryView, status=HTTPStatus.CREATED,
    reload=_view_again, refusals={HTTPStatus.CONFLICT: "It has one of this code (`taken`)."},
)  # fmt: skip
def create_catalogue_entry(call: Call[EntryCreate], catalogue: str) -> Answer[EntryView]:
    """Add an entry to a catalogue."""
    found = services.get_catalogue(call.session, catalogue)
    entry = services.create(call.session, found, call.body.model_dump())
    return Answer(_view(call, entry, {}), location=f"/catalogue-entries/{entry.id}")


@operation(
    blueprint, "GET", "/catalogue-entries/<uuid:entry_id>", permission=READ, answer=EntryView,
)  # fmt: skip
def get_catalogue_entry(call: Call, entry_id: UUID) -> EntryView:
    """Return an entry of a catalogue."""
    return _view_again(call, entry_id)


@operation(
    blueprint, "PATCH", "/catalogue-entries/<uuid:entry_id>",
    permission=CONFIGURE, body=EntryPatch, answer=EntryView, reload=_view_again,
)  # fmt: skip
def change_catalogue_entry(call: Call[EntryPatch], entry_id: UUID) -> EntryView:
    """Rename or move an entry, retire it (`"active": false`) or take it up again."""
    entry = _for_change(call, entry_id)
    services.change(call.session, entry, call.body.changes())
    return _counted(call, entry)


@operation(
    blueprint, "DELETE", "/catalogue-entries/<uuid:entry_id>",
    permission=CONFIGURE, query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "Records keep it (`in_use`): retire it instead."},
)  # fmt: skip
def delete_catalogue_entry(call: Call[None, Because], entry_id: UUID) -> Answer[None]:
    """Take an entry away that no record keeps; its code is not given again."""
    entry = _for_change(call, entry_id)
    with taking_away(call, entry):
        services.delete(call.session, entry, now=call.now)
    return Answer(None)


def _for_change(call: Call[Any, Any], entry_id: UUID) -> CatalogueEntry:
    return get_record(
        call.session, call.principal, Verb.CONFIGURE, CatalogueEntry, entry_id,
        expected_version=call.expected_version,
    )  # fmt: skip
