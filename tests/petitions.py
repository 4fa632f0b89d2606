"""An action of the tests' own, and requests for its approval."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.models import User
from hub.approvals import services as approvals
from hub.approvals.actions import Action, declare_action
from hub.approvals.deciders import Administrators, Leaders
from hub.approvals.models import Approval
from hub.clock import utcnow
from hub.customers.models import Customer
from hub.errors import ConflictError

NAME = "tests.discount"
LED = "tests.visit"


@dataclass
class Followed:
    """What the action heard of."""

    approved: list[UUID] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    impossible: bool = False


followed = Followed()


def _approved(session: Session, approval: Approval, now: datetime) -> None:
    del session, now
    if followed.impossible:
        raise ConflictError("gone", "It cannot be done any more.")
    followed.approved.append(approval.id)


def _ended(session: Session, approval: Approval, now: datetime) -> None:
    del session, now
    followed.ended.append(approval.id)


declare_action(
    Action(NAME, "Give a discount", Customer, Administrators(), approved=_approved, ended=_ended)
)


declare_action(Action(LED, "Make a visit", Customer, Leaders()))


def petition(session: Session, customer: Customer, user: User | UUID, **fields: Any) -> Approval:
    """Ask for the tests' action, that of administrators if none is named."""
    fields.setdefault("now", utcnow())
    fields.setdefault("action", NAME)
    return approvals.request(
        session,
        subject=customer,
        requested_by=user if isinstance(user, UUID) else user.id,
        **fields,
    )
