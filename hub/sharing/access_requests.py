"""Asking for access to a record: one sees it and wants more, or was told of it and no more.

An approval, decided over by those who lead the owner, and by himself where his roles let him
approve; approved, it is a share.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import find_active_user
from hub.access.predicates import allowed
from hub.access.principals import Permission, Principal
from hub.access.roles import Level, Reach, Verb
from hub.approvals import services as approvals
from hub.approvals.actions import Action, declare_action
from hub.approvals.models import Approval
from hub.configuration import current
from hub.db import among
from hub.errors import ConflictError
from hub.history.records import Record
from hub.i18n import N_
from hub.sharing import services as sharing
from hub.sharing.answering import leaders
from hub.sharing.policy import SharingPolicy
from hub.sharing.services import Share
from hub.sharing.subjects import living_subject, shareable

_VERBS = {Level.READ: Verb.READ, Level.COMMENT: Verb.COMMENT, Level.WRITE: Verb.EDIT}
"""What somebody may do who has a level."""

_LABELS = {
    Level.READ: N_("Get to read a record"),
    Level.COMMENT: N_("Get to comment on a record"),
    Level.WRITE: N_("Get to change a record"),
}
_NAMES: dict[str, Level] = {}
"""Which level an action is about."""


class OwnersLine:
    """The owner of the record and those who lead him; of nobody's record, whoever leads its team.

    Each needs the right to approve, as of every action: an owner who is a representative only sees
    the request.
    Whoever leads the requester is none of them: he would let his own people in.
    """

    def predicate(
        self, principal: Principal, subject: type[Record], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.approvals.actions.Deciders.predicate`."""
        model: Any = subject
        theirs: list[ColumnElement[bool]] = [model.owner_user_id == principal.user_id]
        if reach >= Reach.LINE:
            theirs.append(among(model.owner_user_id, principal.standing.line_user_ids))
            of_team = among(model.team_id, principal.standing.line_team_ids)
            theirs.append(and_(model.owner_user_id.is_(None), of_team))
        return Approval.subject_id.in_(select(model.id).where(or_(*theirs)).correlate(None))

    def candidates(
        self, session: Session, approval: Approval, subject: Record | None
    ) -> Iterator[User]:
        """See `hub.approvals.actions.Deciders.candidates`."""
        del approval
        owner_id: UUID | None = getattr(subject, "owner_user_id", None)
        near = leaders(session, subject) if subject is not None else []
        for user_id in dict.fromkeys([*near, *([owner_id] if owner_id is not None else [])]):
            yield session.get_one(User, user_id)


def request(
    session: Session,
    principal: Principal,
    subject: Any,
    level: Level,
    *,
    reason: str,
    now: datetime,
    reference: UUID | None = None,
) -> Approval:
    """Ask for access to a record that a caller sees, or was told of by a `reference`.

    Two references are two requests, be they of one record or not: he is not to find that out.

    Raises:
        ForbiddenError: his roles would not let him use it.
        ConflictError: ``not_needed``: he has it; ``already_requested``: he asked for it already.
    """
    verb = _VERBS[level]
    principal.require(Permission(verb, subject.collection()))
    if allowed(principal, verb, subject):
        raise ConflictError("not_needed", N_("You have this access already."))
    return approvals.request(
        session,
        action=_name(subject.entity(), level),
        subject=subject,
        requested_by=principal.user_id,
        now=now,
        reason=reason,
        reference=None if reference is None else str(reference),
    )


def declare_actions() -> None:
    """Make access at each level to whatever can be shared something that can be approved."""
    for entity, model in shareable().items():
        for level, label in _LABELS.items():
            name = _name(entity, level)
            _NAMES[name] = level
            declare_action(Action(name, label, model, OwnersLine(), approved=_approved))


def _name(entity: str, level: Level) -> str:
    return f"access.{entity}.{level.name.lower()}"


def _approved(session: Session, approval: Approval, now: datetime) -> None:
    subject = living_subject(session, approval.subject_type, approval.subject_id)
    requester = find_active_user(session, approval.requested_by)
    if requester is None:
        raise ConflictError("inactive", N_("Whoever asked for it is not active any more."))
    if subject.owner_user_id == requester.id:  # it was given to him meanwhile
        return
    lasts = timedelta(days=current(session, SharingPolicy).access_days)
    wanted = Share(
        _NAMES[approval.action],
        user_id=requester.id,
        expires_at=now + lasts,
        reason=approval.reason,
    )
    sharing.widen(session, subject, wanted, now=now)
