"""Who asked for a plan, as he stands now; and asking for the work on one."""

from sqlalchemy.orm import Session

from hub.access.callers import principal_of, speaking
from hub.access.models import ApiToken
from hub.access.people import find_active_user
from hub.access.principals import Principal
from hub.ledger.enqueueing import Enqueued, enqueue
from hub.ledger.tasks import TaskName
from hub.plans.models import Plan
from hub.plans.services import ENTITY


def acting_for(session: Session, plan: Plan) -> Principal | None:
    """Return whoever asked for a plan, as he stands now; None where he is not active any more.

    He reaches no further than the token with which he asked.
    """
    user = find_active_user(session, plan.created_by)
    if user is None:
        return None
    token = session.get_one(ApiToken, plan.token_id) if plan.token_id is not None else None
    return principal_of(session, user) if token is None else speaking(session, user, token)


def ask_for(session: Session, plan: Plan, task: TaskName) -> Enqueued:
    """Ask for a task's work on a plan: one job of it at a time, and none beside another."""
    return enqueue(
        session, task, key=str(plan.id), serial_key=f"plan:{plan.id}",
        subject=(ENTITY, plan.id), plan_id=plan.id,
    )  # fmt: skip
