"""The one step between clean values and a record: custom fields, and what is asked of entries."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from hub import custom_fields
from hub.access.principals import Principal
from hub.custom_fields.models import COLUMN
from hub.entry_policies.enforcing import Warned, enforce


def entered(
    session: Session,
    model: type[Any],
    values: Mapping[str, Any],
    record: Any = None,
    *,
    caller: Principal | None = None,
    policed: bool = True,
) -> tuple[dict[str, Any], list[Warned]]:
    """Return the values to write, with custom ones whole, and what is to be told of them.

    Args:
        session: the caller's.
        model: the record's.
        values: clean ones: of a new record all, of a change what is named.
        record: what is changed; None for a new one.
        caller: who enters it; None is a process, which sees everything.
        policed: False for systems whose word is not questioned (`EntryPolicy`).

    Raises:
        ValidationError: a custom value breaks its rule, or a required field is missing.
        ConflictError: ``duplicate_value``.
    """
    found = dict(values)
    if record is None:
        given = found.get(COLUMN) or {}
        found[COLUMN] = custom_fields.clean(session, model, given, caller=caller)
    elif COLUMN in found:
        kept = record.custom
        found[COLUMN] = custom_fields.clean(session, model, found[COLUMN], kept, caller=caller)
    warned = enforce(session, model, found, record, caller=caller) if policed else []
    return found, warned
