"""What notes and reminders can be about: customers, and records that may belong to one.

Such a record has a `customer_id` of its own; a customer is its own. Models are declared, not
imported: most of them stand above what is noted about them.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, false, or_, select, true
from sqlalchemy.orm import Session

from hub.access.predicates import PartRule, sees, visible
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.db import find_locked

CUSTOMER = "customer"
_SUBJECTS: dict[str, type[Any]] = {}
_NAMED_AFTER: dict[type[Any], type[Any]] = {}


def declare_subject(model: type[Any], *, named_after: type[Any] | None = None) -> None:
    """Let notes and reminders be about the records of a model.

    `named_after` is the model of the customers whose names its records have, where they have one.
    """
    _SUBJECTS[model.entity()] = model
    if named_after is not None:
        _NAMED_AFTER[model] = named_after


def name_of(principal: Principal, model: type[Any], row: Any = None) -> ColumnElement[Any]:
    """Return the SQL for what a caller is told that a record is called.

    It is empty where that is the name of a customer which he does not see.

    Args:
        principal: the caller.
        model: the record's.
        row: the columns of the record, where they are not the model's own but those of an alias.
    """
    columns = model if row is None else row
    name: ColumnElement[Any] = columns.name
    if model not in _NAMED_AFTER:
        return name
    sight = sees(principal, _NAMED_AFTER[model], columns.customer_id)
    return name if sight is None else case((sight.given, name))


def subjects() -> Mapping[str, type[Any]]:
    """Return the models of what notes and reminders can be about, by entity."""
    return _SUBJECTS


def customer_id_of(subject: Any) -> UUID | None:
    """Return the customer that a subject is, or belongs to."""
    found: UUID | None = subject.id if subject.entity() == CUSTOMER else subject.customer_id
    return found


def lock_subject(session: Session, entity: str, identifier: UUID | None) -> Any:
    """Return a subject, locked; None where it is gone."""
    return find_locked(session, _SUBJECTS[entity], identifier)


def order(subject: tuple[str, UUID]) -> tuple[bool, str, UUID]:
    """Sort subjects, by entity and id, as all lock them who lock several: customers last."""
    entity, identifier = subject
    return entity == CUSTOMER, entity, identifier


class OnSubjectRule(PartRule):
    """What hangs on a subject is seen with it; only the people in `own` change it.

    `but_for` are subjects that such things are never about.
    """

    def __init__(self, *own: str, but_for: type[Any] | None = None) -> None:
        self.own = own
        self.but_for = but_for

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `Rule.predicate`."""
        on_seen = or_(false(), *(
            and_(model.subject_type == entity, _seen(principal, model, subject))
            for entity, subject in _SUBJECTS.items()
            if subject is not self.but_for
        ))  # fmt: skip
        if verb in WITHOUT_OWNING or reach is Reach.ALL:
            return on_seen
        mine = or_(*(getattr(model, column) == principal.user_id for column in self.own))
        return and_(on_seen, mine)


def _seen(principal: Principal, model: type[Any], subject: type[Any]) -> ColumnElement[bool]:
    if principal.sees_all(subject.collection()):
        return true()
    # By EXISTS: of a few rows PostgreSQL then asks each, and only of many it reads all subjects.
    seen = select(subject.id).where(
        subject.id == model.subject_id, visible(principal, Verb.READ, subject)
    )
    return seen.correlate(model).exists()
