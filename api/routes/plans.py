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
from hub.plan_items import Sight, sight_of
from hub.planning import needed_right, request_application, request_undo, right_of
from hub.plans import services as plans
from hub.plans.models import Plan, PlanItem

blueprint = Blueprint("plans", __name__)
READ = Permission(Verb.READ, "plans")
_WRONG_STATE = {
    HTTPStatus.CONFLICT: "The plan's state forbids it, or its kind is not applied by hand."
}


class ItemQuery(PageQuery):
    """Which items."""

    action: str | None = None
    outcome: str | None = None


def plan_view(call: Call[Any, Any], plan: Plan) -> PlanView:
    """Return a plan as the caller sees it: with the verb of its kind, if he may apply it."""
    may = call.actions("plans", plan, (Verb.READ,))
    needed = right_of(plan)
    if needed is not None and call.principal.may(needed):
        may = [*may, needed.verb.value]
    return PlanView.model_validate(plan).model_copy(update={"allowed_actions": may})


def view_again(call: Call[Any, Any], plan_id: UUID) -> PlanView:
    """Return a plan that the caller may see, as it stands now."""
    return plan_view(call, get_record(call.session, call.principal, Verb.READ, Plan, plan_id))


def _plan_to_apply(call: Call[Any, Any], plan_id: UUID) -> Plan:
    """Return a plan of the caller's, locked, if he has the right that its kind takes."""
    plan = get_record(call.session, call.principal, Verb.READ, Plan, plan_id)
    call.principal.require(needed_right(plan))
    return plans.get(call.session, plan.id, lock=True)


@operation(
    blueprint, "GET", "/plans", permission=READ, query=PageQuery, answer=Page[PlanView],
)  # fmt: skip
def list_plans(call: Call[None, PageQuery]) -> Answer[Page[PlanView]]:
    """List plans, the newest first."""
    query = select(Plan).where(visible(call.principal, Verb.READ, Plan))
    return page(
        call, query, Plan, lambda plan: plan_view(call, plan), call.query, newest_first=True
    )


@operation(blueprint, "GET", "/plans/<uuid:plan_id>", permission=READ, answer=PlanView)
def get_plan(call: Call, plan_id: UUID) -> PlanView:
    """Return a plan with its counters."""
    return view_again(call, plan_id)


@operation(
    blueprint, "GET", "/plans/<uuid:plan_id>/items",
    permission=READ, query=ItemQuery, answer=Page[PlanItemView],
)  # fmt: skip
def list_items(call: Call[None, ItemQuery], plan_id: UUID) -> Answer[Page[PlanItemView]]:
    """List what a plan does, item by item, with the outcome of each.

    Of an item about a record that you may not see (any more) only the outcome is shown.
    """
    plan = get_record(call.session, call.principal, Verb.READ, Plan, plan_id)
    query = select(PlanItem).where(PlanItem.plan_id == plan.id)
    if call.query.action:
        query = query.where(PlanItem.action == call.query.action)
    if call.query.outcome:
        query = query.where(PlanItem.outcome == call.query.outcome)
    sights: list[Sight] = []

    def view(item: PlanItem) -> PlanItemView:
        if not sights:  # all of the page at once, as the first one is shown
            sights.append(sight_of(call.session, call.principal, plan, call.shown))
        return PlanItemView.model_validate(sights[0].shown(item))

    return page(call, query, PlanItem, view, call.query)


@operation(
    blueprint, "POST", "/plans/<uuid:plan_id>/application",
    permission=READ, answer=PlanView, status=HTTPStatus.ACCEPTED, reload=view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def apply_plan(call: Call, plan_id: UUID) -> Answer[PlanView]:
    """Do what the plan says, exactly as it was previewed.

    It takes the right of its kind: `plans:import` for imports and synchronisations, that of
    assigning its records for assignments.
    """
    plan = _plan_to_apply(call, plan_id)
    job = request_application(call.session, plan, now=call.now)
    call.session.flush()
    return Answer(plan_view(call, plan), jobs=[job])


@operation(
    blueprint, "POST", "/plans/<uuid:plan_id>/undo",
    permission=READ, answer=PlanView, status=HTTPStatus.ACCEPTED, reload=view_again,
    refusals=_WRONG_STATE,
)  # fmt: skip
def undo_plan(call: Call, plan_id: UUID) -> Answer[PlanView]:
    """Take back what the plan did; what was changed since is kept, and listed.

    It takes the same right as applying it did.
    """
    plan = _plan_to_apply(call, plan_id)
    job = request_undo(call.session, plan, now=call.now)
    call.session.flush()
    return Answer(plan_view(call, plan), jobs=[job])
