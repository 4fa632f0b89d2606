"""/plans"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.schemas.connections import PlanItemView, PlanView
from api.schemas.shapes import Page, PageQuery
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.planning import request_application, request_undo
from hub.plans.models import Plan, PlanItem

blueprint = Blueprint("plans", __name__)
READ = Permission(Verb.READ, "plans")
APPLY = Permission(Verb.IMPORT, "plans")
_WRONG_STATE = {HTTPStatus.CONFLICT: "The plan's state forbids it."}


class ItemQuery(PageQuery):
    """Which items."""

    action: str | None = None
    outcome: str | None = None


def _view_again(call: Call[Any, Any], plan_id: UUID) -> PlanView:
    return PlanView.model_validate(
        get_record(call.session, call.principal, Verb.READ, Plan, plan_id)
    )


@operation(
    blueprint, "GET", "/plans", permission=READ, query=PageQuery, answer=Page[PlanView],
)  # fmt: skip
def list_plans(call: Call[None, PageQuery]) -> Answer[Page[PlanView]]:
    """List plans, the newest first."""
    query = select(Plan).where(visible(call.principal, Verb.READ, Plan))
    return page(call, query, Plan, PlanView.model_validate, call.query, newest_first=True)


@operation(blueprint, "GET", "/plans/<uuid:plan_id>", permission=READ, answer=PlanView)
def get_plan(call: Call, plan_id: UUID) -> PlanView:
    """Return a plan with its counters."""
    return _view_again(call, plan_id)


@operation(
    blueprint, "GET", "/plans/<uuid:plan_id>/items",
    permission=READ, query=ItemQuery, answer=Page[PlanItemView],
)  # fmt: skip
def list_items(call: Call[None, ItemQuery], plan_id: UUID) -> Answer[Page[PlanItemView]]:
    """List what a plan does, item by item, with the outcome of each."""
    plan = get_record(call.session, call.principal, Verb.READ, Plan, plan_id)
    query = select(PlanItem).where(PlanItem.plan_id == plan.id)
    if call.query.action:
        query = query.where(PlanItem.action == call.query.action)
    if call.query.outcome:
        query = query.where(PlanItem.outcome == call.query.outcome)
    return page(call, query, PlanItem, PlanItemView.model_validate, call.query)


@operation(
    blueprint, "POST", "/plans/<uuid:plan_id>/application",
    permission=APPLY, answer=PlanView, status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def apply_plan(call: Call, plan_id: UUID) -> Answer[PlanView]:
    """Do what the plan says, exactly as it was previewed."""
    plan = get_record(call.session, call.principal, Verb.IMPORT, Plan, plan_id)
    job = request_application(call.session, plan, now=call.now)
    call.session.flush()
    return Answer(PlanView.model_validate(plan), jobs=[job])


@operation(
    blueprint, "POST", "/plans/<uuid:plan_id>/undo",
    permission=APPLY, answer=PlanView, status=HTTPStatus.ACCEPTED, reload=_view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def undo_plan(call: Call, plan_id: UUID) -> Answer[PlanView]:
    """Take back what the plan did; what was changed since is kept, and listed."""
    plan = get_record(call.session, call.principal, Verb.IMPORT, Plan, plan_id)
    job = request_undo(call.session, plan)
    call.session.flush()
    return Answer(PlanView.model_validate(plan), jobs=[job])
