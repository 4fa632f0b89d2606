"""Mails about approvals: to those who may decide, to those above them, then to whoever asked."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.absences.presence import away
from hub.access.callers import principal_of
from hub.access.models import User
from hub.access.people import find_active_user, is_active
from hub.access.predicates import allowed
from hub.access.roles import Verb
from hub.access.standing import leaders_of
from hub.approvals.actions import Action, Deciders
from hub.approvals.deciders import Administrators
from hub.approvals.models import Approval, ApprovalState
from hub.db import find_locked
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind
from hub.mail.services import Recipient

SOURCE = "approval"
_NOBODY: frozenset[UUID] = frozenset()
ASKED, DECIDED, WENT_UP = 0, 1, 2
"""The sequences of the mails of an approval."""


def ask(session: Session, action: Action, approval: Approval, *, limit: int, now: datetime) -> None:
    """Tell the nearest of those who may decide, `limit` at most, that somebody waits.

    Whoever is away is passed over while there is another, an administrator in the end.
    """
    absent = away(session, now=now)
    for left_out in (absent, _NOBODY):
        for deciders in (action.deciders, Administrators()):  # these where nobody is nearer
            who = _who_may(session, action, deciders, approval)
            found = list(islice((user for user in who if user.id not in left_out), limit))
            for user in found:
                _request(session, approval, user, ASKED)
            if found:
                return


def go_up(
    session: Session, action: Action, approval: Approval, *, limit: int, now: datetime
) -> list[UUID]:
    """Tell those above the deciders that nobody has decided; returns who may decide now as well.

    Of each decider it is the nearest who leads him, was not told yet, is there, and has the right
    to approve. Where there is nobody it is the administrators.
    """
    absent = away(session, now=now)
    passed = {approval.requested_by, *absent, *_told(session, approval)}
    deciders = _who_may(session, action, action.deciders, approval)
    above = [leaders_of(session, user.id) for user in deciders]
    approval.escalated_to = sorted({each for line in above for each in line} - passed)
    session.flush()  # so that they are asked as those who may decide by it
    nearest = (_first_who_may(session, approval, line, passed) for line in above)
    found = list(dict.fromkeys(user for user in nearest if user is not None))[:limit]
    if not found:
        who = _who_may(session, action, Administrators(), approval)
        found = list(islice((user for user in who if user.id not in absent), limit))
    for user in found:
        _request(session, approval, user, WENT_UP)
    return [user.id for user in found]


def _told(session: Session, approval: Approval) -> Sequence[UUID | None]:
    return session.scalars(
        select(Delivery.user_id).where(
            Delivery.source_type == SOURCE,
            Delivery.source_id == approval.id,
            Delivery.sequence == ASKED,
        )
    ).all()


def _first_who_may(
    session: Session, approval: Approval, user_ids: Iterable[UUID], passed: Collection[UUID | None]
) -> User | None:
    users = (find_active_user(session, each) for each in user_ids if each not in passed)
    return next((each for each in users if each and _may_decide(session, each, approval)), None)


def _who_may(
    session: Session, action: Action, deciders: Deciders, approval: Approval
) -> Iterator[User]:
    subject = session.get(action.subject, approval.subject_id)
    known: set[UUID] = {approval.requested_by}
    for user in deciders.candidates(session, approval, subject):
        if user.id in known or not is_active(user):
            continue
        known.add(user.id)
        if _may_decide(session, user, approval):
            yield user


def _may_decide(session: Session, user: User, approval: Approval) -> bool:
    return allowed(principal_of(session, user), Verb.APPROVE, approval)


def tell_decision(session: Session, approval: Approval) -> None:
    """Tell whoever asked what became of it."""
    requester = find_active_user(session, approval.requested_by)
    if requester is not None:
        _request(session, approval, requester, DECIDED)


class ApprovalMails:
    """What approvals say of their mails; see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """See `hub.mail.sources.Source.wants`: what is decided asks nobody any more."""
        if delivery.sequence == DECIDED:
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
