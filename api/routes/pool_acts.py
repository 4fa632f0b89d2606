"""/pools/{id}/…: into a pool, out of it, and draws"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint
from sqlalchemy import select

from api.operations import Answer, Call, Permission, Verb, operation
from api.paging import page
from api.presenting_pools import draw_view, hidden_among, outcomes_view
from api.schemas.pools import (
    Assignments,
    CandidatesView,
    ClaimRequest,
    DecisionsBody,
    DrawRequest,
    DrawView,
    Entry,
    OutcomesView,
    Recall,
)
from api.schemas.shapes import Page, PageQuery
from hub.access.lookup import get_record
from hub.access.predicates import visible
from hub.approvals.models import ApprovalState
from hub.errors import FieldError, NotFoundError, ValidationError
from hub.i18n import N_
from hub.pools import applying, claiming, drawing, returning
from hub.pools.finding import get_pool
from hub.pools.models import PoolDraw

blueprint = Blueprint("pool_acts", __name__)
READ = Permission(Verb.READ, "pools")
CLAIM = Permission(Verb.CLAIM, "pools")
ASSIGN = Permission(Verb.ASSIGN, "pools")
_CLOSED = {HTTPStatus.CONFLICT: "The pool is not active, or does not allow it (`mode`)."}


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/entries",
    permission=Permission(Verb.ASSIGN, "customers"), body=Entry, answer=OutcomesView,
    refusals=_CLOSED,
)  # fmt: skip
def enter_pool(call: Call[Entry], pool_id: UUID) -> OutcomesView:
    """Put customers into a pool: your own, those of people you lead, and those of nobody."""
    pool = get_pool(call.session, call.principal, Verb.READ, pool_id)
    found = returning.enter(
        call.session, call.principal, pool, call.body.customer_ids,
        reason=call.body.reason, now=call.now,
    )  # fmt: skip
    return outcomes_view(call, found)


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/recalls",
    permission=ASSIGN, body=Recall, answer=OutcomesView,
)  # fmt: skip
def recall_customers(call: Call[Recall], pool_id: UUID) -> OutcomesView:
    """Take customers of a pool from their owners, back into it; for those who decide over it."""
    pool = get_pool(call.session, call.principal, Verb.ASSIGN, pool_id)
    found = returning.take_back(
        call.session, call.principal, pool, call.body.customer_ids,
        reason=call.body.reason, now=call.now,
    )  # fmt: skip
    return outcomes_view(call, found)


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/assignments",
    permission=ASSIGN, body=Assignments, answer=OutcomesView, refusals=_CLOSED,
)  # fmt: skip
def assign_customers(call: Call[Assignments], pool_id: UUID) -> OutcomesView:
    """Give customers that wait to people of the pool; for those who decide over it.

    Quotas and cooldown hold for what is assigned, too. Whoever is away may be given something: the
    answer says until when he is.
    """
    pool = get_pool(call.session, call.principal, Verb.ASSIGN, pool_id)
    wanted = {item.customer_id: item.user_id for item in call.body.items}
    if len(wanted) < len(call.body.items):
        raise ValidationError.of("/items", "repeated", N_("Each customer may be given once only."))
    found = claiming.assign(
        call.session, call.principal, pool, wanted, reason=call.body.reason, now=call.now
    )
    return outcomes_view(call, found)


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/claims",
    permission=CLAIM, body=ClaimRequest, answer=OutcomesView, refusals=_CLOSED,
)  # fmt: skip
def claim_customers(call: Call[ClaimRequest], pool_id: UUID) -> OutcomesView:
    """Take customers that wait for yourself, where the pool allows that (`self`)."""
    pool = get_pool(call.session, call.principal, Verb.CLAIM, pool_id)
    found = claiming.take(
        call.session, call.principal, pool, call.body.customer_ids,
        reason=call.body.reason, now=call.now,
    )  # fmt: skip
    return outcomes_view(call, found)


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/applications",
    permission=CLAIM, body=ClaimRequest, answer=OutcomesView, refusals=_CLOSED,
)  # fmt: skip
def apply_for_customers(call: Call[ClaimRequest], pool_id: UUID) -> OutcomesView:
    """Apply for customers that wait; they are kept for you until it is decided.

    Each application is an approval (`claim.approval_id`): it is decided, withdrawn and expires as
    these do.
    """
    pool = get_pool(call.session, call.principal, Verb.CLAIM, pool_id)
    found = applying.apply(
        call.session, call.principal, pool, call.body.customer_ids,
        reason=call.body.reason, now=call.now,
    )  # fmt: skip
    return outcomes_view(call, found)


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/decisions",
    permission=Permission(Verb.APPROVE, "approvals"), body=DecisionsBody, answer=OutcomesView,
)  # fmt: skip
def decide_over_applications(call: Call[DecisionsBody], pool_id: UUID) -> OutcomesView:
    """Approve or refuse applications, many at once; for those who decide over the pool."""
    pool = get_pool(call.session, call.principal, Verb.ASSIGN, pool_id)
    found = applying.decide(
        call.session, call.principal, pool, call.body.customer_ids,
        ApprovalState(call.body.decision), reason=call.body.reason, now=call.now,
    )  # fmt: skip
    return outcomes_view(call, found)


def _draw_again(call: Call[Any, Any], draw_id: UUID) -> DrawView:
    return draw_view(call, get_record(call.session, call.principal, Verb.READ, PoolDraw, draw_id))


@operation(
    blueprint, "POST", "/pools/<uuid:pool_id>/draws",
    permission=CLAIM, body=DrawRequest, answer=DrawView, status=HTTPStatus.CREATED,
    reload=_draw_again,
    refusals={
        HTTPStatus.CONFLICT: "No room (`held_quota`, `daily_quota`), nobody is there (`absent`),"
        " nothing to draw (`nothing_to_draw`), or the pool does not allow it (`mode`)."
    },
)  # fmt: skip
def draw_customers(call: Call[DrawRequest], pool_id: UUID) -> DrawView:
    """Draw customers by lot: `count` for yourself, or `hands` for others where you decide.

    Each gets at most what his quotas leave room for, and whoever is away nothing. Seed and
    candidates are stored: anybody who knows the pool can draw again and compare.
    """
    drawing.refuse_narrowed(call.principal)
    wanted = _wanted(call)
    own = call.body.hands is None
    pool = get_pool(call.session, call.principal, Verb.CLAIM if own else Verb.ASSIGN, pool_id)
    drawn = drawing.draw(call.session, pool, wanted, own=own, reason=call.body.reason, now=call.now)
    return draw_view(call, drawn)


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/draws",
    permission=READ, query=PageQuery, answer=Page[DrawView],
)  # fmt: skip
def list_draws(call: Call[None, PageQuery], pool_id: UUID) -> Answer[Page[DrawView]]:
    """List the draws of a pool, the newest first."""
    pool = get_pool(call.session, call.principal, Verb.READ, pool_id)
    query = select(PoolDraw).where(
        PoolDraw.pool_id == pool.id, visible(call.principal, Verb.READ, PoolDraw)
    )
    return page(
        call, query, PoolDraw, lambda each: draw_view(call, each), call.query, newest_first=True
    )


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/draws/<uuid:draw_id>",
    permission=READ, answer=DrawView,
)  # fmt: skip
def get_draw(call: Call, pool_id: UUID, draw_id: UUID) -> DrawView:
    """Return a draw with its seed and what it dealt."""
    return draw_view(call, _drawn(call, pool_id, draw_id))


@operation(
    blueprint, "GET", "/pools/<uuid:pool_id>/draws/<uuid:draw_id>/candidates",
    permission=READ, answer=CandidatesView,
)  # fmt: skip
def list_candidates(call: Call, pool_id: UUID, draw_id: UUID) -> CandidatesView:
    """Return all that stood to be drawn, in the order in which it had come into the pool."""
    candidates = drawing.candidates_of(_drawn(call, pool_id, draw_id))
    hidden = hidden_among(call, candidates)
    return CandidatesView(items=[None if each in hidden else each for each in candidates])


def _drawn(call: Call[Any, Any], pool_id: UUID, draw_id: UUID) -> PoolDraw:
    drawn = get_record(call.session, call.principal, Verb.READ, PoolDraw, draw_id)
    if drawn.pool_id != pool_id:
        raise NotFoundError(PoolDraw.entity(), draw_id)
    return drawn


def _wanted(call: Call[DrawRequest]) -> dict[UUID, int]:
    count, hands = call.body.count, call.body.hands
    if (count is None) == (hands is None):
        raise ValidationError.of(
            "/count", "one_of", N_("Say either count, for yourself, or hands, for others.")
        )
    if hands is None:
        return {call.principal.user_id: count or 0}
    wanted: dict[UUID, int] = {}
    for position, hand in enumerate(hands):
        if hand.user_id in wanted:
            raise ValidationError(
                FieldError(f"/hands/{position}/user_id", "repeated", N_("May be given once only."))
            )
        wanted[hand.user_id] = hand.count
    return wanted
