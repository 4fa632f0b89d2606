"""What can be shared: models of records with an owner, by the name of their entity."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from hub.access.models import AccessGrant
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.db import find_locked
from hub.errors import NotFoundError

_SUBJECTS: dict[str, type[Any]] = {}


def declare_shareable(model: type[Any]) -> None:
    """Let the records of a model be shared."""
    _SUBJECTS[model.entity()] = model


def shareable() -> Mapping[str, type[Any]]:
    """Return the models whose records can be shared, by entity."""
    return _SUBJECTS


def subject_of(session: Session, grant: AccessGrant) -> Any:
    """Return the record that a grant shares.

    Raises:
        NotFoundError: it is gone.
    """
    return living_subject(session, grant.subject_type, grant.subject_id)


def living_subject(session: Session, entity: str, identifier: UUID) -> Any:
    """Return a living record of an entity, locked against being taken away.

    Raises:
        NotFoundError: there is none.
    """
    model = _SUBJECTS.get(entity)
    found = find_locked(session, model, identifier) if model is not None else None
    if found is None or found.deleted_at is not None:
        raise NotFoundError(entity, identifier)
    return found


def on_subjects(principal: Principal, verb: Verb) -> ColumnElement[bool]:
    """Return the condition for the grants of records to which a caller may do `verb`."""
    return or_(
        false(),
        *(
            and_(
                AccessGrant.subject_type == entity,
                select(model.id)
                .where(model.id == AccessGrant.subject_id, visible(principal, verb, model))
                .correlate(AccessGrant)
                .exists(),
            )
            for entity, model in _SUBJECTS.items()
        ),
    )
