"""Applying and undoing any plan: which process asks for the work of which kind."""

from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from hub.errors import ConflictError
from hub.i18n import N_
from hub.imports import services as imports
from hub.ledger.enqueueing import Enqueued
from hub.plans.models import Plan
from hub.sync import loading


class PlanProcess(Protocol):
    """What applies and undoes the plans of one kind: a module with these two functions."""

    def request_application(self, session: Session, plan: Plan, *, now: datetime) -> Enqueued:
        """Ask for a draft to be applied."""
        ...

    def request_undo(self, session: Session, plan: Plan) -> Enqueued:
        """Ask for an applied plan to be taken back."""
        ...


_PROCESSES: dict[str, PlanProcess] = {loading.KIND: loading, imports.KIND: imports}


def request_application(session: Session, plan: Plan, *, now: datetime) -> Enqueued:
    """Ask for a draft to be applied.

    Raises:
        ConflictError: it is no draft, has expired, or its kind is not applied by hand.
    """
    return _process(plan).request_application(session, plan, now=now)


def request_undo(session: Session, plan: Plan) -> Enqueued:
    """Ask for an applied plan to be taken back.

    Raises:
        ConflictError: it was not applied, or its kind is not undone by hand.
    """
    return _process(plan).request_undo(session, plan)


def _process(plan: Plan) -> PlanProcess:
    process = _PROCESSES.get(plan.kind)
    if process is None:
        raise ConflictError(
            "not_by_hand", N_("A plan of kind {kind} is not applied by hand."), kind=plan.kind
        )
    return process
