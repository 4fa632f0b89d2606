"""Reads one record for one caller: the same three refusals everywhere."""

from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from hub.access import readings
from hub.access.predicates import visible
from hub.access.principals import Principal
from hub.access.roles import Verb
from hub.errors import ForbiddenError, NotFoundError, StaleVersionError
from hub.history.records import Record
from hub.i18n import N_

RecordT = TypeVar("RecordT", bound=Record)


def get_record(
    session: Session,
    principal: Principal,
    verb: Verb,
    model: type[RecordT],
    identifier: UUID,
    *,
    expected_version: int | None = None,
    even_deleted: bool = False,
) -> RecordT:
    """Return a record that the caller may do `verb` to: a live one, unless others are asked for.

    For anything but reading the row stays locked until the transaction ends, so that of two
    writers with the same version one wins. A protected record that only a right to everything
    shows keeps a mark of it.

    Raises:
        NotFoundError: there is none, or the caller may not see it.
        ForbiddenError: he may see it, and no more.
        StaleVersionError: it is not at `expected_version` any more.
    """
    query = select(model, visible(principal, verb, model).label("permitted")).where(
        model.id == identifier,
        true() if even_deleted else model.deleted_at.is_(None),
        visible(principal, Verb.READ, model),
    )
    if verb is not Verb.READ:
        query = query.with_for_update(of=model).execution_options(populate_existing=True)
    found = session.execute(query).one_or_none()
    if found is None:
        raise NotFoundError(model.entity(), identifier)
    record, permitted = found
    readings.note(session, principal, [record], "record")
    if not permitted:
        raise ForbiddenError(
            N_("This {entity} is not yours: you may read it, but not {verb} it."),
            entity=model.entity(),
            verb=verb.value,
        )
    if expected_version is not None and record.version != expected_version:
        raise StaleVersionError(model.entity(), identifier, record.version)
    return record
