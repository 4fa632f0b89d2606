"""/pools"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.presenting_pools import card_view, pool_view
from api.removing import taking_away
from api.schemas.pools import (
    CardView,
    ClaimView,
    PoolCreate,
    PoolPatch,
    PoolView,
    StandingsView,
    StandingView,
)
from api.schemas.shapes import Because, Page, PageQuery
from hub.absences.presence import away
from hub.access.lookup import get_record
from hub.access.people import is_active
from hub.access.predicates import allowed, visible
from hub.clock import business_date
from hub.customers.models import Customer
from hub.pools import services as pools
from hub.pools.access import cards_seen
from hub.pools.cards import count_waiting, note_seen
from hub.pools.finding import get_pool
from hub.pools.listing import CARDS, CLAIMS
from hub.pools.models import Pool, PoolClaim
from hub.settings import get_settings

blueprint = Blueprint("pools", __name__)
READ = Permission(Verb.READ, "pools")
CONFIGURE = Permission(Verb.CONFIGURE, "pools")
_REFUSED = {HTTPStatus.CONFLICT: "The name is taken (`taken`), or the pool is in use (`in_use`)."}


def _view_again(call: Call[Any, Any], pool_id: UUID) -> PoolView:
    return pool_view(call, get_record(call.session, call.principal, Verb.READ, Pool, pool_id))


@operation(
    blueprint, "GET", "/pools", permission=READ, query=PageQuery, answer=Page[PoolView],
)  # fmt: skip
def list_pools(call: Call[None, PageQuery]) -> Answer[Page[PoolView]]:
    """List the pools that you claim from or decide over."""
    query = select(Pool).where(Pool.deleted_at.is_(None), visible(call.principal, Verb.READ, Pool))
    return page(call, query, Pool, lambda pool: pool_view(call, pool), call.query)


@operation(
    blueprint, "POST", "/pools",
    permission=CONFIGURE, body=PoolCreate, answer=PoolView, status=HTTPStatus.CREATED,
    reload=_view_again, refusals=_REFUSED,
)  # fmt: skip
def create_pool(call: Call[PoolCreate]) -> PoolView:
    """Make a pool: whose people may claim, who decides, and by which rules."""
    return pool_view(call, pools.create(call.session, call.body.model_dump()))


@operation(blueprint, "GET", "/pools/<uuid:pool_id>", permission=READ, answer=PoolView)
def get_pool_by_id(call: Call, pool_id: UUID) -> PoolView:
    """Return a pool with its rules."""
    return _view_again(call, pool_id)


@operation(
    blueprint, "PATCH", "/pools/<uuid:pool_id>",
    permission=CONFIGURE, body=PoolPatch, answer=PoolView, refusals=_REFUSED,
)  # fmt: skip
def change_pool(call: Call[PoolPatch], pool_id: UUID) -> PoolView:
    """Change a pool's people and rules; what people hold by now stays theirs."""
    pool = get_record(
        call.session, call.principal, Verb.CONFIGURE, Pool, pool_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    return pool_view(call, pools.change(call.session, pool, call.body.changes()))


@operation(
    blueprint, "DELETE", "/pools/<uuid:pool_id>",
    permission=CONFIGURE, query=Because, status=HTTPStatus.NO_CONTENT, refusals=_REFUSED,
)  # fmt: skip
def delete_pool(call: Call[None, Because], pool_id: UUID) -> Answer[None]:
    """Take a pool away to which no customer belongs; make others inactive instead."""
    pool = get_record(
        call.session, call.principal, Verb.CONFIGURE, Pool, pool_id,
        expected_version=call.expected_version,
    )  # fmt: skip
    with taking_away(call, pool):
        pools.delete(call.session, pool, now=call.now)
    return Answer(None)


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/customers",
    permission=READ, listing=CARDS, answer=ListPage[CardView],
    refusals={HTTPStatus.CONFLICT: "You have seen enough cards today (`daily_views`)."},
)  # fmt: skip
def list_cards(call: Call, pool_id: UUID) -> Answer[ListPage[CardView]]:
    """List the cards of the customers that wait in a pool, those that wait longest first.

    A card tells name, region and industry; phone and mail address are masked. Where the pool limits
    the cards of a day, a page with more new ones than are left is refused: ask for a smaller one.
    """
    pool = get_pool(call.session, call.principal, Verb.READ, pool_id)
    answer = list_page(
        call, CARDS, card_view,
        within=Customer.pool_id == pool.id, seen=cards_seen(call.principal),
    )  # fmt: skip
    if not allowed(call.principal, Verb.ASSIGN, pool):
        today = business_date(call.now, get_settings().zone)
        note_seen(call.session, pool, call.principal.user_id, call.shown, on=today)
    return answer


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/claims",
    permission=READ, listing=CLAIMS, answer=ListPage[ClaimView],
)  # fmt: skip
def list_claims(call: Call, pool_id: UUID) -> Answer[ListPage[ClaimView]]:
    """List claims of a pool, the newest first: your own, and all where you decide over it."""
    pool = get_pool(call.session, call.principal, Verb.READ, pool_id)
    return list_page(call, CLAIMS, ClaimView.model_validate, within=PoolClaim.pool_id == pool.id)


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/people", permission=READ, answer=StandingsView,
)  # fmt: skip
def list_people(call: Call, pool_id: UUID) -> StandingsView:
    """Return what the people of a pool hold and may still get: you, or all where you decide.

    Whoever left but still holds customers is among them (`active`, `may_claim`); you list these by
    `GET /customers?pool={id}&owner={user_id}`, and may take them back.
    """
    pool = get_pool(call.session, call.principal, Verb.READ, pool_id)
    decides = allowed(call.principal, Verb.ASSIGN, pool)
    found = pools.standings(
        call.session,
        call.principal,
        pool,
        on=business_date(call.now, get_settings().zone),
        only=None if decides else call.principal.user_id,
    )
    absences = away(call.session, [each.user.id for each in found], now=call.now)
    return StandingsView(
        items=[
            StandingView(
                user_id=each.user.id,
                name=each.user.name,
                active=is_active(each.user),
                may_claim=each.may_claim,
                absent_until=absences.get(each.user.id),
                held=each.room.held,
                taken_today=each.room.taken,
                left=each.room.left,
            )
            for each in found
        ],
        waiting=count_waiting(call.session, call.principal, pool),
    )
