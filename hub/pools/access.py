"""Who may do what with pools: their people claim, whoever decides over them assigns."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from hub.access.predicates import Judge, PartRule, ask_the_database, visible
from hub.access.principals import Principal
from hub.access.roles import WITHOUT_OWNING, Reach, Verb
from hub.access.row_filters import narrowed
from hub.customers.access import concealed
from hub.customers.models import Customer
from hub.db import Ids, among, array_of
from hub.pools.models import Pool


class PoolRule:
    """A pool is known to its people and to those who decide over it."""

    is_part = False

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del reach
        standing = principal.standing
        decides: ColumnElement[bool] = among(model.id, standing.pool_ids)
        belongs: ColumnElement[bool] = model.claim_team_ids.overlap(array_of(standing.team_ids))
        if verb in WITHOUT_OWNING:
            return or_(decides, belongs)
        return belongs if verb is Verb.CLAIM else decides

    def judge(self, principal: Principal, verb: Verb, model: type[Any], reach: Reach) -> Judge:
        """See `hub.access.predicates.Rule.judge`."""
        del principal, verb, model, reach
        return ask_the_database


class DrawRule(PartRule):
    """Everybody who knows the pool may look at its draws, so that he can draw them again.

    They name customers of the whole pool: a token that is narrowed to some knows of none.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del reach
        if narrowed(principal, Customer):
            return false()
        known = select(Pool.id).where(visible(principal, verb, Pool)).correlate(None)
        of_known: ColumnElement[bool] = model.pool_id.in_(known)
        return of_known


class ClaimRule(PartRule):
    """A claim is known to whoever made it and to those who decide over the pool.

    That of a customer which is protected by now only as far as they know that one.
    """

    def predicate(
        self, principal: Principal, verb: Verb, model: type[Any], reach: Reach
    ) -> ColumnElement[bool]:
        """See `hub.access.predicates.Rule.predicate`."""
        del verb
        of_filtered = _of_filtered(principal, model)
        if reach is Reach.ALL:
            return and_(*of_filtered)
        own: ColumnElement[bool] = model.user_id == principal.user_id
        hidden = select(Customer.id).where(concealed(principal)).correlate(None)
        return and_(
            or_(own, among(model.pool_id, principal.standing.pool_ids)),
            model.customer_id.not_in(hidden),
            *of_filtered,
        )


def cards_seen(principal: Principal) -> ColumnElement[bool]:
    """Return the condition for the customers whose card, and no more, a caller is shown.

    They are those that wait in a pool he knows, as far as his token is not narrowed.
    """
    known = select(Pool.id).where(visible(principal, Verb.READ, Pool)).correlate(None)
    return and_(
        Customer.is_pooled,
        Customer.deleted_at.is_(None),
        Customer.pool_id.in_(known),
        *narrowed(principal, Customer),
    )


def pools_decided_over(session: Session, user_id: UUID, team_ids: Ids) -> Iterable[UUID]:
    """Return the pools over which a person decides, himself or by one of some teams."""
    return session.scalars(
        select(Pool.id).where(
            Pool.deleted_at.is_(None),
            or_(
                Pool.manager_user_ids.contains([user_id]),
                Pool.manager_team_ids.overlap(array_of(team_ids)),
            ),
        )
    )


def _of_filtered(principal: Principal, model: type[Any]) -> list[ColumnElement[bool]]:
    narrowing = narrowed(principal, Customer)
    if not narrowing:
        return []
    return [model.customer_id.in_(select(Customer.id).where(*narrowing).correlate(None))]
