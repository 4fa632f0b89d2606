"""The usual deciders: whoever leads those whom a request concerns, or administrators alone."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import administrators
from hub.access.principals import Principal
from hub.access.roles import Reach
from hub.access.standing import leaders_of
from hub.approvals.models import Approval
from hub.db import among
from hub.history.records import Record


class Administrators:
    """Administrators, whose right reaches everything in any case."""

    def predicate(
        self, principal: Principal, subject: type[Record], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.approvals.actions.Deciders.predicate`."""
        del principal, subject, reach
        return false()

    def candidates(
        self, session: Session, approval: Approval, subject: Record | None
    ) -> Iterable[User]:
        """See `hub.approvals.actions.Deciders.candidates`."""
        del approval, subject
        return administrators(session)


class Leaders(Administrators):
    """Whoever leads the requester, or leads or is the owner of the record; administrators too."""

    def predicate(
        self, principal: Principal, subject: type[Record], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.approvals.actions.Deciders.predicate`."""
        if reach < Reach.LINE:
            return false()
        model: Any = subject
        line, standing = principal.standing.line_user_ids, principal.standing
        concerned = []
        if hasattr(model, "owner_user_id"):
            owner = model.owner_user_id
            concerned.append(or_(owner == principal.user_id, among(owner, line)))
        if hasattr(model, "team_id") and standing.line_team_ids:
            concerned.append(among(model.team_id, standing.line_team_ids))
        of_theirs = select(model.id).where(or_(false(), *concerned)).correlate(None)
        return or_(among(Approval.requested_by, line), Approval.subject_id.in_(of_theirs))

    def candidates(
        self, session: Session, approval: Approval, subject: Record | None
    ) -> Iterator[User]:
        """See `hub.approvals.actions.Deciders.candidates`."""
        owner: UUID | None = getattr(subject, "owner_user_id", None)
        nearest = leaders_of(session, approval.requested_by)
        if owner is not None:
            nearest += [owner, *leaders_of(session, owner)]
        for user_id in dict.fromkeys(nearest):
            yield session.get_one(User, user_id)
