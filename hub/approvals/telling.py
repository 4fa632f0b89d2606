"""Mails about approvals: to those who may decide, then to whoever asked."""

from collections.abc import Iterator
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.people import find_active_user, is_active
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.approvals.actions import Action, Deciders
from hub.approvals.deciders import Administrators
from hub.approvals.models import Approval, ApprovalState
from hub.db import find_locked
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind
from hub.mail.services import Recipient

SOURCE = "approval"
ASKED, DECIDED = 0, 1
"""The sequences of the two mails of an approval."""


def ask(session: Session, action: Action, approval: Approval, *, limit: int) -> None:
    """Tell the nearest of those who may decide, `limit` at most, that somebody waits."""
    for deciders in (action.deciders, Administrators()):  # these where nobody is nearer
        found = list(islice(_who_may(session, action, deciders, approval), limit))
        for user in found:
            _request(session, approval, user, ASKED)
        if found:
            break


def _who_may(
    session: Session, action: Action, deciders: Deciders, approval: Approval
) -> Iterator[User]:
    subject = session.get(action.subject, approval.subject_id)
    known: set[UUID] = {approval.requested_by}
    for user in deciders.candidates(session, approval, subject):
        if user.id in known or not is_active(user):
            continue
        known.add(user.id)
        if allowed(principal_of(session, user), Verb.APPROVE, approval):
            yield user


def tell_decision(session: Session, approval: Approval) -> None:
    """Tell whoever asked what became of it."""
    requester = find_active_user(session, approval.requested_by)
    if requester is not None:
        _request(session, approval, requester, DECIDED)


class ApprovalMails:
    """What approvals say of their mails; see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """See `hub.mail.sources.Source.wants`: what is decided asks nobody any more."""
        if delivery.sequence != ASKED:
            return True
        approval = find_locked(session, Approval, delivery.source_id)
        return approval is not None and approval.state is ApprovalState.REQUESTED

    def settled(self, session: Session, delivery: Delivery) -> None:
        """See `hub.mail.sources.Source.settled`."""
        del session, delivery


def _request(session: Session, approval: Approval, user: User, sequence: int) -> None:
    mail.request(
        session,
        DeliveryKind.APPROVAL,
        Recipient.of(user),
        source=(SOURCE, approval.id),
        sequence=sequence,
    )
