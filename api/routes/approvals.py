"""/approvals and /customers/{id}/approvals"""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import and_

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.routes.customers import get_customer_record
from api.schemas.approvals import ApprovalView, Decision, Refusal, SubjectView
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.approvals import services as approvals
from hub.approvals.actions import actions
from hub.approvals.listing import APPROVALS
from hub.approvals.models import Approval, ApprovalState
from hub.approvals.showing import Subject, subjects_seen
from hub.i18n import translate

blueprint = Blueprint("approvals", __name__)
READ = Permission(Verb.READ, "approvals")
APPROVE = Permission(Verb.APPROVE, "approvals")
_CLOSED = {
    HTTPStatus.CONFLICT: "It is decided, withdrawn or expired (`approval_state`), or what was asked"
    " for cannot be done any more; `details` says what is allowed."
}
_DECISIONS = (ApprovalState.APPROVED, ApprovalState.REFUSED)
_RECKONED = {"action_label", "subject", "reference", "data", "allowed_states", "allowed_actions"}


def approval_view(
    call: Call[Any, Any], approval: Approval, subjects: Mapping[UUID, Subject] | None = None
) -> ApprovalView:
    """Return an approval as the caller sees it; `subjects` are those looked up already."""
    if subjects is None:
        subjects = subjects_seen(call.session, call.principal, [approval])
    subject, action = subjects.get(approval.id), actions().get(approval.action)
    is_own = approval.requested_by == call.principal.user_id
    verbs = [Verb.READ]
    if (
        approval.state is ApprovalState.REQUESTED
    ):  # nobody decides over his own, or withdraws others'
        verbs.append(Verb.EDIT if is_own else Verb.APPROVE)
    may = call.actions("approvals", approval, verbs)
    return ApprovalView(
        **{name: getattr(approval, name) for name in ApprovalView.model_fields.keys() - _RECKONED},
        action_label=translate(call.language, action.label) if action else approval.action,
        subject=SubjectView.model_validate(subject) if subject else None,
        reference=approval.reference if subject else None,
        data=approval.data if subject else None,
        allowed_states=_allowed_states(may),
        allowed_actions=may,
    )


def _allowed_states(may: Collection[str]) -> list[ApprovalState]:
    if Verb.EDIT in may:
        return [ApprovalState.WITHDRAWN]
    return list(_DECISIONS) if Verb.APPROVE in may else []


def view_again(call: Call[Any, Any], approval_id: UUID) -> ApprovalView:
    """Return an approval that the caller may see."""
    found = get_record(call.session, call.principal, Verb.READ, Approval, approval_id)
    return approval_view(call, found)


def _list(call: Call[Any, Any], within: Any = None) -> Answer[ListPage[ApprovalView]]:
    subjects: dict[UUID, Subject] = {}

    def view(approval: Approval) -> ApprovalView:
        if not subjects and call.shown:  # all of the page at once, as the first one is shown
            subjects.update(subjects_seen(call.session, call.principal, call.shown))
        return approval_view(call, approval, subjects)

    return list_page(call, APPROVALS, view, within=within)


@operation(
    blueprint, "GET", "/approvals",
    permission=READ, listing=APPROVALS, answer=ListPage[ApprovalView],
)  # fmt: skip
def list_approvals(call: Call) -> Answer[ListPage[ApprovalView]]:
    """List the approvals that you asked for, decided, or may decide; the newest first.

    `requested_by=me` gives your own.
    """
    return _list(call)


@operation(
    blueprint, "GET", "/approvals/to-decide",
    permission=APPROVE, listing=APPROVALS, answer=ListPage[ApprovalView],
)  # fmt: skip
def list_approvals_to_decide(call: Call) -> Answer[ListPage[ApprovalView]]:
    """List the requests that wait for a decision which you may make."""
    return _list(
        call,
        and_(
            Approval.state == ApprovalState.REQUESTED,
            Approval.requested_by != call.principal.user_id,
            visible(call.principal, Verb.APPROVE, Approval),
        ),
    )


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/approvals",
    permission=READ, listing=APPROVALS, answer=ListPage[ApprovalView],
)  # fmt: skip
def list_customer_approvals(call: Call, customer_id: UUID) -> Answer[ListPage[ApprovalView]]:
    """List the approvals about a customer, as far as they concern you."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    return _list(
        call,
        and_(Approval.subject_type == customer.entity(), Approval.subject_id == customer.id),
    )


@operation(
    blueprint, "GET", "/approvals/<uuid:approval_id>", permission=READ, answer=ApprovalView,
)  # fmt: skip
def get_approval(call: Call, approval_id: UUID) -> ApprovalView:
    """Return an approval; of its subject only where you may see that record."""
    return view_again(call, approval_id)


@operation(
    blueprint, "POST", "/approvals/<uuid:approval_id>/approval",
    permission=APPROVE, body=Decision, answer=ApprovalView, reload=view_again, refusals=_CLOSED,
)  # fmt: skip
def approve_request(call: Call[Decision], approval_id: UUID) -> ApprovalView:
    """Approve a request of somebody else; what was asked for is done in the same moment."""
    return _decide(call, approval_id, ApprovalState.APPROVED)


@operation(
    blueprint, "POST", "/approvals/<uuid:approval_id>/refusal",
    permission=APPROVE, body=Refusal, answer=ApprovalView, reload=view_again, refusals=_CLOSED,
)  # fmt: skip
def refuse_request(call: Call[Refusal], approval_id: UUID) -> ApprovalView:
    """Refuse a request of somebody else, and say why."""
    return _decide(call, approval_id, ApprovalState.REFUSED)


@operation(
    blueprint, "POST", "/approvals/<uuid:approval_id>/withdrawal",
    permission=Permission(Verb.EDIT, "approvals"), body=Decision, answer=ApprovalView,
    reload=view_again, refusals=_CLOSED,
)  # fmt: skip
def withdraw_request(call: Call[Decision], approval_id: UUID) -> ApprovalView:
    """Take back a request of your own that nobody has decided over yet."""
    approval = get_record(call.session, call.principal, Verb.EDIT, Approval, approval_id)
    approvals.withdraw(
        call.session, approval, by=call.principal.user_id, reason=call.body.reason, now=call.now
    )
    return approval_view(call, approval)


def _decide(call: Call[Any, Any], approval_id: UUID, state: ApprovalState) -> ApprovalView:
    approval = get_record(call.session, call.principal, Verb.APPROVE, Approval, approval_id)
    approvals.decide(
        call.session,
        approval,
        state,
        by=call.principal.user_id,
        reason=call.body.reason,
        now=call.now,
    )
    return approval_view(call, approval)
