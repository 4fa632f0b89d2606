"""The records that a request names as what something is about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from api.calls import Call
from api.schemas.activities import SubjectBody
from hub import external_refs
from hub.access.lookup import get_record
from hub.access.roles import Verb
from hub.errors import NotFoundError, ValidationError
from hub.i18n import N_
from hub.subjects import order, subjects


def get_subjects(call: Call[Any, Any], verb: Verb, wanted: Sequence[SubjectBody]) -> list[Any]:
    """Return the records that a caller names, each once, if he may do `verb` to all of them.

    They are locked, unless it is for reading, in the order in which everybody locks them.

    Raises:
        ValidationError: ``unknown``: he may not see one, or there is none; it was merged into
            another; it is named by an id and a reference, or by neither.
        ForbiddenError: he may see one, and no more.
    """
    named = {_identity(call, each, n): n for n, each in reversed(list(enumerate(wanted)))}
    return [
        _get(call, verb, entity, identifier, named[entity, identifier])
        for entity, identifier in sorted(named, key=order)
    ]


def _identity(call: Call[Any, Any], each: SubjectBody, position: int) -> tuple[str, UUID]:
    if (each.id is None) == (each.external_ref is None):
        raise ValidationError.of(
            f"/subjects/{position}", "one_of", N_("Name it by its id or by its external_ref.")
        )
    if each.id is not None:
        return each.type, each.id
    assert each.external_ref is not None  # noqa: S101 - one of the two, as said above
    found = external_refs.find(call.session, subjects()[each.type], each.external_ref)
    if found is None:
        raise _unknown(position)
    return each.type, found.id


def _get(call: Call[Any, Any], verb: Verb, entity: str, identifier: UUID, position: int) -> Any:
    try:
        record: Any = get_record(call.session, call.principal, verb, subjects()[entity], identifier)
    except NotFoundError as error:
        raise _unknown(position) from error
    if getattr(record, "merged_into_id", None) is not None:
        raise _unknown(position)
    return record


def _unknown(position: int) -> ValidationError:
    return ValidationError.of(f"/subjects/{position}", "unknown", N_("There is no such record."))
