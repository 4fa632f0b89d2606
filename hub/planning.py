"""Applying and undoing any plan: which process asks for the work of which kind, and who may."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from hub.access.principals import Permission
from hub.access.roles import Verb
from hub.assignments import services as assignments
from hub.conversion import services as conversion
from hub.errors import ConflictError
from hub.i18n import N_
from hub.imports import services as imports
from hub.leads.models import Lead
from hub.ledger.enqueueing import Enqueued
from hub.plans.models import Plan
from hub.sync import loading


class PlanProcess(Protocol):
    """What applies and undoes the plans of one kind: a module with these two functions."""

    def request_application(self, session: Session, plan: Plan, *, now: datetime) -> Enqueued:
        """Ask for a draft to be applied."""
        ...

    def request_undo(self, session: Session, plan: Plan, *, now: datetime) -> Enqueued:
        """Ask for an applied plan to be taken back."""
        ...


@dataclass(frozen=True, slots=True)
class PlanKind:
    """How the plans of a kind are applied and undone, and which right that takes."""

    process: PlanProcess
    needs: Callable[[Plan], Permission]


def _importing(plan: Plan) -> Permission:
    return Permission(Verb.IMPORT, plan.collection())


def _assigning(plan: Plan) -> Permission:
    return Permission(Verb.ASSIGN, plan.scope["entity"])


def _converting(plan: Plan) -> Permission:
    del plan
    return Permission(Verb.TRANSITION, Lead.collection())


_KINDS: Mapping[str, PlanKind] = {
    loading.KIND: PlanKind(loading, _importing),
    imports.KIND: PlanKind(imports, _importing),
    assignments.KIND: PlanKind(assignments, _assigning),
    conversion.KIND: PlanKind(conversion, _converting),
}


def right_of(plan: Plan) -> Permission | None:
    """Return the right that it takes to apply a plan or undo it; None where nobody does by hand."""
    kind = _KINDS.get(plan.kind)
    return None if kind is None else kind.needs(plan)


def needed_right(plan: Plan) -> Permission:
    """Return the same.

    Raises:
        ConflictError: its kind is not applied by hand.
    """
    return _kind(plan).needs(plan)


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """Ask for a draft to be applied; that the caller may is his to check by `needed_right`.

    Raises:
        ConflictError: it is no draft, has expired, or its kind is not applied by hand.
    """
    return _kind(plan).process.request_application(session, plan, now=now)


def request_undo(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """Ask for an applied plan to be taken back; see `request_application`.

    Raises:
        ConflictError: it was not applied, or its kind is not undone by hand.
    """
    return _kind(plan).process.request_undo(session, plan, now=now)


def _kind(plan: Plan) -> PlanKind:
    kind = _KINDS.get(plan.kind)
    if kind is None:
        raise ConflictError(
            "not_by_hand", N_("A plan of kind {kind} is not applied by hand."), kind=plan.kind
        )
    return kind
