"""What may be done with catalogues, and what records may keep of them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.catalogues.declaring import CATALOGUES, Catalogue, Use, all_catalogues, uses_of
from hub.catalogues.models import CatalogueEntry
from hub.db import Seen, savepoint
from hub.errors import ConflictError, FieldError, NotFoundError, ValidationError
from hub.held import refuse_held
from hub.i18n import LANGUAGES, N_, translate
from hub.listing import Vocabulary

_UNKNOWN = N_("There is no {name} in the catalogue {catalogue}.")
_RETIRED = N_("{name} is retired: nothing gets it any more.")


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of a collection keep a word; open and closed ones where there are both."""

    total: int
    open: int | None = None
    closed: int | None = None


def get_catalogue(session: Session, name: str) -> Catalogue:
    """Return a catalogue.

    Raises:
        NotFoundError: there is none of this name.
    """
    try:
        return CATALOGUES.get(name) or all_catalogues(session)[name]
    except KeyError:
        raise NotFoundError("catalogue", name) from None


def create(session: Session, catalogue: Catalogue, fields: Mapping[str, Any]) -> CatalogueEntry:
    """Add an entry; without a `sort` of its own it comes last.

    Raises:
        ConflictError: ``taken``: there is one of this code, perhaps a retired one.
    """
    values = dict(fields)
    if values.get("sort") is None:
        values["sort"] = _next_sort(session, catalogue)
    entry = CatalogueEntry(catalogue=catalogue.name, **values)
    try:
        with savepoint(session):
            session.add(entry)
            session.flush()
    except IntegrityError as error:
        raise ConflictError(
            "taken", N_("The catalogue {catalogue} has {name} already."),
            details={"pointer": "/code"}, catalogue=catalogue.name, name=entry.code,
        ) from error  # fmt: skip
    return entry


def change(session: Session, entry: CatalogueEntry, changes: Mapping[str, Any]) -> CatalogueEntry:
    """Change an entry's label or place, retire it or take it up again; all who have it keep it."""
    for field, value in changes.items():
        if getattr(entry, field) != value:
            setattr(entry, field, value)
    session.flush()
    return entry


def delete(session: Session, entry: CatalogueEntry, *, now: datetime) -> None:
    """Take an entry away that nothing ever kept; its code is not given again.

    Raises:
        HeldError: ``in_use``: something keeps it; it can be retired.
    """
    sources = (
        (
            use.model.entity(),
            select(use.model.id)
            .where(_keeps(use, entry.code), use.model.deleted_at.is_(None))
            .order_by(use.model.id),
        )
        for use in uses_of(session, entry.catalogue)
    )
    refuse_held(session, N_("It is kept, records have it: {what}. Retire it instead."), sources)
    entry.active = False
    entry.deleted_at = now
    session.flush()


def entries(session: Session, name: str) -> Sequence[CatalogueEntry]:
    """Return a catalogue in its order, retired entries too."""
    query = select(CatalogueEntry).where(
        CatalogueEntry.catalogue == name, CatalogueEntry.deleted_at.is_(None)
    )
    return session.scalars(query.order_by(CatalogueEntry.sort, CatalogueEntry.code)).all()


def writings(session: Session, name: str) -> dict[str, str]:
    """Return the codes of a catalogue's entries that are not retired, by how people write them.

    That is the code, or the label in any language of ours, case-folded.
    """
    found: dict[str, str] = {}
    active = [entry for entry in entries(session, name) if entry.active]
    for entry in active:
        found.setdefault(entry.code.casefold(), entry.code)
    for entry in active:
        for label in (entry.label, *(translate(each, entry.label) for each in LANGUAGES)):
            found.setdefault(label.casefold(), entry.code)
    return found


def labels(session: Session, name: str) -> dict[str, str]:
    """Return the label of each code of a catalogue, of those taken away too.

    They are read once in each session.
    """
    known: dict[str, dict[str, str]] = session.info.setdefault("catalogue_labels", {})
    if name not in known:
        query = select(CatalogueEntry.code, CatalogueEntry.label)
        rows = session.execute(query.where(CatalogueEntry.catalogue == name))
        known[name] = {row.code: row.label for row in rows}
    return known[name]


def count(
    session: Session, name: str, codes: Collection[str], seen: Seen
) -> dict[str, dict[str, Count]]:
    """Return by code, and by collection, how many records keep it, of those that are seen."""
    found: dict[str, dict[str, Count]] = defaultdict(dict)
    for use in uses_of(session, name):
        for code, counted in _count_use(session, use, codes, seen(use.model)).items():
            found[code][use.model.collection()] = counted
    return dict(found)


def words_of(
    name: str, column: ColumnElement[Any] | InstrumentedAttribute[Any], model: type[Any]
) -> Vocabulary:
    """Return the words that a list shows for what its rows keep of a catalogue."""
    entries = (
        select(
            CatalogueEntry.code,
            CatalogueEntry.label,
            and_(CatalogueEntry.active, CatalogueEntry.deleted_at.is_(None)),
        )
        .where(CatalogueEntry.catalogue == name)
        .order_by(CatalogueEntry.sort, CatalogueEntry.code)
    )
    shipped = CATALOGUES[name].first.values() if name in CATALOGUES else ()
    if isinstance(column.type, ARRAY):
        return Vocabulary(entries, ours=frozenset(shipped))
    label = (
        select(CatalogueEntry.label)
        .where(CatalogueEntry.catalogue == name, CatalogueEntry.code == column)
        .correlate(model)
        .scalar_subquery()
    )
    return Vocabulary(entries, label, frozenset(shipped))


def refuse_unlisted(
    session: Session,
    fields: Mapping[str, str],
    values: Mapping[str, Any],
    kept: Mapping[str, Any] | None = None,
) -> None:
    """Pass where all that a record is to keep of catalogues stands in them and is not retired.

    Args:
        session: the caller's.
        fields: the catalogue of each field.
        values: what is to be written; a list is a mix of entries, a mapping has them as its keys.
        kept: what the record has already, which it may keep though it was retired.

    Raises:
        ValidationError: names each field with its rule: ``unknown`` or ``retired``.
    """
    wanted = {
        (fields[field], code)
        for field in fields.keys() & values.keys()
        for code in _codes(values[field])
    }
    if not wanted:
        return
    query = select(CatalogueEntry.catalogue, CatalogueEntry.code, CatalogueEntry.active).where(
        CatalogueEntry.catalogue.in_({name for name, _ in wanted}),
        CatalogueEntry.code.in_({code for _, code in wanted}),
        CatalogueEntry.deleted_at.is_(None),
    )
    active = {(row.catalogue, row.code): row.active for row in session.execute(query)}
    errors = []
    for field in sorted(fields.keys() & values.keys()):
        had = set(_codes((kept or {}).get(field)))
        for code in _codes(values[field]):
            name = fields[field]
            pointer = f"/{field}/{code}" if isinstance(values[field], Mapping) else f"/{field}"
            if (name, code) not in active:
                params = {"name": code, "catalogue": name}
                errors.append(FieldError(pointer, "unknown", _UNKNOWN, params))
            elif not active[name, code] and code not in had:
                errors.append(FieldError(pointer, "retired", _RETIRED, {"name": code}))
    if errors:
        raise ValidationError(*errors)


def _codes(value: Any) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _count_use(
    session: Session, use: Use, codes: Collection[str], seen: ColumnElement[bool]
) -> dict[str, Count]:
    code: Any = func.unnest(use.column) if isinstance(use.column.type, ARRAY) else use.column
    if use.keyed:
        code = func.split_part(code, ":", 1)
    is_open: Any = use.is_open if use.is_open is not None else false()
    kept = (
        select(code.label("code"), is_open.label("is_open"))
        .select_from(use.model)
        .where(seen, use.model.deleted_at.is_(None))
        .subquery()
    )
    rows = session.execute(
        select(kept.c.code, func.count(), func.count().filter(kept.c.is_open))
        .where(kept.c.code.in_(codes))
        .group_by(kept.c.code)
    )
    return {
        code: Count(total) if use.is_open is None else Count(total, opened, total - opened)
        for code, total, opened in rows
    }


def _keeps(use: Use, code: str) -> ColumnElement[bool]:
    """Return the condition for the rows that keep a word."""
    if use.keyed:
        keys = func.unnest(use.column).column_valued("kept")
        return exists().where(func.split_part(keys, ":", 1) == code)
    if isinstance(use.column.type, ARRAY):
        return use.column.contains([code])
    return use.column == code


def _next_sort(session: Session, catalogue: Catalogue) -> int:
    query = select(func.coalesce(func.max(CatalogueEntry.sort), 0))
    highest = session.scalar(query.where(CatalogueEntry.catalogue == catalogue.name))
    return (highest or 0) + 10
