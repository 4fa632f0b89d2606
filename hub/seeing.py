"""What points at records of any kind, by type and id: shown where that very record may be seen.

Events and jobs name what they are about in two columns. Whoever does not read everything is shown
those about records that he may read, and, of jobs, those that are about nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, cast, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from hub.access.fields import of_shown_fields
from hub.access.predicates import (
    Judge,
    PersonalRule,
    ask_the_database,
    has_rule,
    visible,
)
from hub.access.principals import Permission, Principal
from hub.access.readings import ACT, guarded
from hub.access.roles import Reach, Verb
from hub.approvals.access import about_seen_subjects
from hub.approvals.models import Approval
from hub.customers.models import Customer
from hub.db import Base
from hub.history.models import Event
from hub.history.records import Record
from hub.ledger.models import Job
from hub.sharing.services import ACTS as SHARING_ACTS

READING_ALL = Permission(Verb.AUDIT, "events")
"""The right to the feed of all events."""
_OTHER = "other_id"  # by which an event of one customer names another


def events_seen(principal: Principal) -> ColumnElement[bool]:
    """Return the condition for the events that a caller with the right to read them may see.

    An event tells what its record held, and what it holds no more: who may not see the record may
    not see that either. A record that tells of one field is hidden with it from everybody.
    """
    everything = principal.reach(Verb.AUDIT, "events") is Reach.ALL and not principal.row_filters
    if everything:
        return and_(true(), *_of_shown_fields(principal))
    seen = or_(
        *(
            and_(Event.subject_type == model.entity(), _seen(principal, model, Event.subject_id))
            for model in _records()
        )
    )
    return and_(seen, _of_seen_others(principal))


def history_seen(
    principal: Principal, model: type[Record], identifier: UUID
) -> ColumnElement[bool]:
    """Return the condition for the events of one record that a caller who may read it may see.

    Whom it is shared with, and who read it by a right alone, is for those who may share it on and
    for those who read all events.
    """
    condition = and_(
        Event.subject_type == model.entity(),
        Event.subject_id == identifier,
        _seen(principal, model, Event.subject_id),
        _of_seen_others(principal),
    )
    if principal.may(READING_ALL):
        return condition
    shares = _seen(principal, model, Event.subject_id, Verb.SHARE)
    about_others = Event.type.in_([f"{model.entity()}.{act}" for act in (*SHARING_ACTS, ACT)])
    return and_(condition, or_(~about_others, shares))


def past_seen(principal: Principal, model: type[Record], identifier: UUID) -> ColumnElement[bool]:
    """Return the condition under which whoever may read a record may see what it held and holds."""
    return _seen(principal, model, identifier)


def _of_seen_others(principal: Principal) -> ColumnElement[bool]:
    other = cast(Event.data[_OTHER].astext, Uuid)
    # Written this way, the text is read as an id only where it is one.
    return or_(~Event.type.endswith("duplicate_allowed"), _seen(principal, Customer, other))


def _of_shown_fields(principal: Principal) -> Iterator[ColumnElement[bool]]:
    for model in _records():
        if conditions := of_shown_fields(principal, model):
            shown = select(model.id).where(model.id == Event.subject_id, *conditions).exists()
            yield or_(Event.subject_type != model.entity(), shown)


class JobRule(PersonalRule):
    """Whoever asked for a job sees it, as long as he may see what it is about."""

    is_part = True

    def __init__(self) -> None:
        super().__init__("created_by")

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        own = self.of_seen(principal, verb, model, reach)
        if reach is Reach.ALL and not principal.row_filters:
            return own
        hidden = (
            and_(
                model.subject_type == subject.entity(),
                ~_seen(principal, subject, model.subject_id),
            )
            for subject in _with_entity(guarded())
        )
        return and_(own, or_(model.subject_type.is_(None), ~or_(false(), *hidden)))

    def of_seen(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """Return the condition for jobs about a record that the caller is known to see."""
        return true() if reach is Reach.ALL else super().predicate(principal, verb, model, reach)

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `hub.access.predicates.Rule.judge`: what it is about, the database must say."""
        del principal, verb, model, reach
        return ask_the_database


JOBS = JobRule()


def jobs_of_seen(principal: Principal) -> ColumnElement[bool]:
    """Return the condition for the jobs about a record that a caller is known to see."""
    reach = principal.reach(Verb.READ, Job.collection())
    return false() if reach is None else JOBS.of_seen(principal, Verb.READ, Job, reach)


def _seen(
    principal: Principal,
    model: type[Any],
    identifier: InstrumentedAttribute[Any] | Any,
    verb: Verb = Verb.READ,
) -> ColumnElement[bool]:
    condition = visible(principal, verb, model)
    if model is Approval:  # its requester sees that there is one, but not what it is about
        condition = and_(condition, about_seen_subjects(principal))
    return select(model.id).where(model.id == identifier, condition).exists()


def _records() -> Iterator[type[Record]]:
    for mapper in Base.registry.mappers:
        model = mapper.class_
        if issubclass(model, Record) and has_rule(model):
            yield model


def _with_entity(models: Iterable[type[Any]]) -> Iterator[type[Any]]:
    return (model for model in models if issubclass(model, Record))
