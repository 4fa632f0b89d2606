"""The mails of an approval, telling no more than their reader may see."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from hub import links
from hub.access.callers import principal_of
from hub.access.models import User
from hub.approvals.actions import actions
from hub.approvals.models import Approval, ApprovalState
from hub.approvals.showing import subjects_seen
from hub.approvals.telling import DECIDED, WENT_UP
from hub.i18n import N_
from hub.mail.models import Delivery, DeliveryKind
from hub.ports import OutgoingMail
from workers.mailing.renderers import Composer, renders
from workers.rendering.approval_mails import ApprovalFacts, decision_content, request_content
from workers.rendering.mails import Envelope, compose
from workers.rendering.readers import Reader

_OUTCOMES: Mapping[ApprovalState, str] = {
    ApprovalState.APPROVED: N_("Your request was approved"),
    ApprovalState.REFUSED: N_("Your request was refused"),
    ApprovalState.EXPIRED: N_("Nobody decided over your request in time"),
}


@renders(DeliveryKind.APPROVAL)
def approval_mail(session: Session, delivery: Delivery) -> Composer:
    """Return what makes the mail to whoever may decide, or to whoever asked."""
    approval = session.get_one(Approval, delivery.source_id)
    facts = _facts(session, approval, delivery)
    content = decision_content if delivery.sequence == DECIDED else request_content

    def make(reader: Reader, envelope: Envelope) -> OutgoingMail:
        return compose(envelope, content(facts, reader))

    return make


def _facts(session: Session, approval: Approval, delivery: Delivery) -> ApprovalFacts:
    action = actions().get(approval.action)
    reader = principal_of(session, session.get_one(User, delivery.user_id))
    subject = subjects_seen(session, reader, [approval]).get(approval.id)
    decider = session.get(User, approval.decided_by) if approval.decided_by else None
    return ApprovalFacts(
        action=action.label if action else approval.action,
        requester=session.get_one(User, approval.requested_by).name,
        requested_at=approval.created_at,
        link=links.absolute(links.record_path("approvals", approval.id)),
        subject=subject.name if subject else None,
        reference=approval.reference if subject else None,
        reason=approval.reason,
        expires_at=approval.expires_at,
        went_up=delivery.sequence == WENT_UP,
        outcome=_OUTCOMES.get(approval.state),
        decider=decider.name if decider else None,
        answer=approval.decision_reason,
    )
