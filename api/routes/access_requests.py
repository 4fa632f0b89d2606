"""/access-requests"""

from http import HTTPStatus

from flask import Blueprint

from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.approvals import approval_view, view_again
from api.routes.customers import get_customer_record
from api.schemas.approvals import ApprovalView
from api.schemas.sharing import AccessRequest
from hub.errors import ValidationError
from hub.i18n import N_
from hub.sharing import access_requests
from hub.sharing.blind_matches import subject_of_reference

blueprint = Blueprint("access_requests", __name__)


@operation(
    blueprint, "POST", "/access-requests",
    permission=Permission(Verb.CREATE, "approvals"), body=AccessRequest, answer=ApprovalView,
    status=HTTPStatus.CREATED, reload=view_again,
    refusals={
        HTTPStatus.CONFLICT: "You have this access (`not_needed`), or have asked for it already"
        " (`already_requested`).",
        HTTPStatus.NOT_FOUND: "The reference is not yours, or too old; or there is no such customer"
        " for you.",
    },
)  # fmt: skip
def request_access(call: Call[AccessRequest]) -> Answer[ApprovalView]:
    """Ask for access to a customer that you see, or were told of by a `blind_match`.

    Who leads its owner decides, or an administrator; the owner sees it, and decides where his
    roles let him approve. Approved, the customer is shared with you for as long as is set. It is an
    approval: `GET /approvals?requested_by=me` lists yours, and there you take it back.
    """
    body = call.body
    if body.customer_id is not None and body.reference is None:
        subject = get_customer_record(call, Verb.READ, body.customer_id)
    elif body.reference is not None and body.customer_id is None:
        subject = subject_of_reference(call.session, call.principal, body.reference)
    else:
        raise ValidationError.of(
            "/reference", "one_of", N_("Name either a customer, or the reference of one.")
        )
    approval = access_requests.request(
        call.session,
        call.principal,
        subject,
        body.level.level,
        reason=body.reason,
        reference=body.reference,
        now=call.now,
    )
    return Answer(approval_view(call, approval), location=f"/approvals/{approval.id}")
