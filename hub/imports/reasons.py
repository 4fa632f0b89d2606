"""Why a row is dealt with as it is, in the words that the items of every import's plan use."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.i18n import N_
from hub.imports.staging import StagedRow

Reason = Mapping[str, Any]
"""{pointer, code, message, params}, and the column of the file where one is at fault."""

UNCHANGED: Reason = {
    "pointer": "", "code": "unchanged", "params": {},
    "message": N_("It is here already as the file says."),
}  # fmt: skip
ALREADY_HERE: Reason = {
    "pointer": "", "code": "already_here", "params": {}, "message": N_("It is here already."),
}  # fmt: skip


def kept_as_here(fields: Sequence[str]) -> Reason:
    """Return that some fields stay as they are, although the file says otherwise."""
    return {
        "pointer": "", "code": "kept", "params": {"fields": ", ".join(sorted(fields))},
        "message": N_("Kept as it is here: {fields}."),
    }  # fmt: skip


def with_notes(item: dict[str, Any], staged: StagedRow) -> dict[str, Any]:
    """Return the item of a row, which tells first what the row leaves behind."""
    notes = staged.row.notes
    return {**item, "errors": [*notes, *(item.get("errors") or ())]} if notes else item


def refuse(entity: str, staged: StagedRow, reasons: Sequence[Reason]) -> dict[str, Any]:
    """Return the item of a row that cannot come in."""
    return {
        "position": staged.index, "action": "refuse", "entity": entity,
        "external_id": staged.row.external_ref, "errors": [dict(reason) for reason in reasons],
        "source": {"row": staged.row.number},
    }  # fmt: skip
