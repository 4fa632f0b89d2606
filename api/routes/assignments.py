"""/assignments"""

from http import HTTPStatus

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.plans import plan_view, view_again
from api.schemas.connections import PlanView
from api.schemas.ownership import AssignmentCreate
from hub.assignments import services as assignments

blueprint = Blueprint("assignments", __name__)


@operation(
    blueprint, "POST", "/assignments",
    permission=Permission(Verb.ASSIGN, "customers"), body=AssignmentCreate, answer=PlanView,
    status=HTTPStatus.CREATED, reload=view_again,
    refusals={HTTPStatus.ACCEPTED: "They are many: a worker makes the preview."},
)  # fmt: skip
def plan_assignment(call: Call[AssignmentCreate]) -> Answer[PlanView]:
    """Plan to give many records away, to take them over, or to take them back.

    They are customers, leads or opportunities, for whom you need the right to assign as well. The
    answer is a draft: its items say of each record that you may assign whose it is and whose
    it would be. Others are counted (`scope.left_out`), not named. Nothing is written until the plan
    is applied; applied, it can be undone for 30 days.
    """
    body = call.body
    call.principal.require(Permission(Verb.ASSIGN, body.entity))
    plan, job = assignments.request(
        call.session,
        call.principal,
        entity=body.entity,
        chosen=body.chosen,
        changes=body.set.changes(),
        reason=body.reason,
        now=call.now,
    )
    view = plan_view(call, plan)
    if job is not None:
        return Answer(view, status=HTTPStatus.ACCEPTED, jobs=[job])
    return Answer(view, location=f"/plans/{plan.id}", jobs=[])
