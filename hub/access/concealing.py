"""Refusals that name other records: what they name must be what the caller may see."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.errors import ConflictError
from hub.history.records import Record

_ONE, _SEVERAL = "existing_id", "candidates"


def without_unseen(
    session: Session, principal: Principal, model: type[Record], error: ConflictError
) -> ConflictError:
    """Return a refusal without the ids of records that the caller may not see.

    That there is one he is still told: otherwise he could not know why he is refused.
    """
    named = _named(error.details)
    if not named:
        return error
    seen = {
        str(identifier)
        for identifier in session.scalars(
            select(model.id).where(
                model.id.in_([UUID(each) for each in named]), visible(principal, Verb.READ, model)
            )
        )
    }
    if named <= seen:
        return error
    return ConflictError(
        error.code, error.message, details=_kept(error.details, seen), **error.params
    )


def _named(details: Mapping[str, Any]) -> set[str]:
    named = {candidate["id"] for candidate in details.get(_SEVERAL, ())}
    return named | ({details[_ONE]} if _ONE in details else set())


def _kept(details: Mapping[str, Any], seen: set[str]) -> dict[str, Any]:
    kept = dict(details)
    if kept.get(_ONE) not in seen:
        kept.pop(_ONE, None)
    if _SEVERAL in kept:
        kept[_SEVERAL] = [candidate for candidate in kept[_SEVERAL] if candidate["id"] in seen]
    return kept
