"""Who may do what with an approval: its requester, whoever decided, whoever may decide."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, select

from hub.access.predicates import PartRule
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.approvals.actions import Action, actions
from hub.approvals.models import Approval


class ApprovalRule(PartRule):
    """A request is its requester's to withdraw and others' to decide, whatever the visibility.

    Others need sight of the subject: a right to everything is bound by a token's row filter.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del model
        own: ColumnElement[bool] = Approval.requested_by == principal.user_id
        if verb is Verb.APPROVE:
            return and_(~own, _of_others(principal, reach))
        if verb in WITHOUT_OWNING:
            decided: ColumnElement[bool] = Approval.decided_by == principal.user_id
            reach = max(reach, principal.reach(Verb.APPROVE, Approval.collection()) or reach)
            return or_(own, decided, _of_others(principal, reach))
        return own


def about_seen_subjects(principal: Principal) -> ColumnElement[bool]:
    """Return the condition for the approvals whose subject a caller is shown."""
    return or_(
        false(),
        *(
            and_(Approval.action == action.name, Approval.subject_id.in_(_seen(principal, action)))
            for action in actions().values()
        ),
    )


def _of_others(principal: Principal, reach: Reach) -> ColumnElement[bool]:
    return or_(false(), *_by_action(principal, reach))


def _by_action(principal: Principal, reach: Reach) -> Iterator[ColumnElement[bool]]:
    for action in actions().values():
        conditions = [
            Approval.action == action.name,
            Approval.subject_id.in_(_seen(principal, action)),
        ]
        if reach < Reach.ALL:
            went_up: ColumnElement[bool] = Approval.escalated_to.contains([principal.user_id])
            decides = action.deciders.predicate(principal, action.subject, reach)
            conditions.append(or_(decides, went_up))
        yield and_(*conditions)


def _seen(principal: Principal, action: Action) -> Any:
    return select(action.subject.id).where(action.sees(principal, action.subject)).correlate(None)
