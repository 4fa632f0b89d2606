"""/ownership-requests"""

from http import HTTPStatus

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.schemas.approvals import AskedView, AskedViews
from api.schemas.ownership import OwnershipRequest
from hub.approvals.models import Approval
from hub.assignments import requesting

blueprint = Blueprint("ownership_requests", __name__)


@operation(
    blueprint, "POST", "/ownership-requests",
    permission=Permission(Verb.CREATE, Approval.collection()), body=OwnershipRequest,
    answer=AskedViews, status=HTTPStatus.CREATED,
    refusals={HTTPStatus.CONFLICT: "You have applied for one already (`already_requested`)."},
)  # fmt: skip
def request_ownership(call: Call[OwnershipRequest]) -> Answer[AskedViews]:
    """Apply for leads or opportunities that you see, several at once: all of them or none.

    Each is an approval: those decide who lead you, who own it, or who lead its owner or its team.
    Approved, it is yours. Your requests are in `GET /approvals?requested_by=me`; there you take one
    back.
    """
    body = call.body
    model = requesting.REQUESTED[body.entity]
    call.principal.require(Permission(Verb.CLAIM, model.collection()))
    made = requesting.request(
        call.session, call.principal, model, body.ids, reason=body.reason, now=call.now
    )
    return Answer(
        AskedViews(items=[AskedView(id=each.subject_id, approval_id=each.id) for each in made])
    )
