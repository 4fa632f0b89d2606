"""Which column of a file is which field: proposed from the headers, or as somebody says."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from hub.errors import FieldError, ValidationError
from hub.i18n import N_
from hub.imports.columns import ImportColumn, columns_by_header, header_key
from hub.imports.entities import ENTITIES


def propose(
    entity_name: str,
    header: Sequence[str],
    wanted: Mapping[str, str | None],
    added: Sequence[ImportColumn] = (),
) -> list[dict[str, Any]]:
    """Return for each header the column it stands for: [{header, field}], None for unknown ones.

    What somebody says in `wanted` (header to column, None leaves it out) comes first; a column
    is given once, to the first header that fits. `added` are columns of the installation's own.

    Raises:
        ValidationError: `wanted` names a header or a column that there is not, or a column twice.
    """
    columns = (*ENTITIES[entity_name].columns, *added)
    known = columns_by_header(columns)
    keys = {column.key for column in columns}
    chosen = _chosen(keys, header, wanted)
    taken = {column for column in chosen.values() if column is not None}
    found = []
    for label in header:
        if label in chosen:
            column = chosen[label]
        else:
            match = known.get(header_key(label))
            column = match.key if match is not None and match.key not in taken else None
            if column is not None:
                taken.add(column)
        found.append({"header": label, "field": column})
    return found


def headings(
    entity_name: str, wanted: Mapping[str, str | None], added: Sequence[ImportColumn] = ()
) -> frozenset[str]:
    """Return, as `header_key` writes them, all headers that are recognised or spoken of."""
    known = columns_by_header((*ENTITIES[entity_name].columns, *added))
    return frozenset(known) | {header_key(label) for label in wanted}


def is_nameless(entity_name: str, columns: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether a file lacks every column that could tell what its records are called."""
    return ENTITIES[entity_name].named_in.isdisjoint(column["field"] for column in columns)


def _chosen(
    columns: AbstractSet[str], header: Sequence[str], wanted: Mapping[str, str | None]
) -> dict[str, str | None]:
    by_key = {header_key(label): label for label in header}
    chosen: dict[str, str | None] = {}
    errors = []
    for given, column in wanted.items():
        pointer = f"/mapping/{given.replace('~', '~0').replace('/', '~1')}"
        label = by_key.get(header_key(given))
        if label is None:
            message = N_("The file has no column {header}.")
            errors.append(FieldError(pointer, "unknown_header", message, {"header": given}))
        elif column is not None and column not in columns:
            message = N_("Nothing is imported as {field}.")
            errors.append(FieldError(pointer, "unknown_field", message, {"field": column}))
        elif column is not None and column in chosen.values():
            message = N_("Two columns are to be {field}.")
            errors.append(FieldError(pointer, "repeated", message, {"field": column}))
        else:
            chosen[label] = column
    if errors:
        raise ValidationError(*errors)
    return chosen
