"""What is shown of pools: claims, draws, and what became of many customers at once."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.calls import Call
from api.problems import problem_document, problem_of
from api.schemas.pools import (
    CardView,
    ClaimView,
    DealtView,
    DrawView,
    HandView,
    OutcomesView,
    OutcomeView,
    PoolView,
)
from hub.absences.presence import away
from hub.access.roles import Verb
from hub.customers.access import concealed
from hub.customers.models import Customer
from hub.db import among
from hub.pools.batches import Outcome
from hub.pools.cards import masked_email, masked_phone
from hub.pools.models import Pool, PoolClaim, PoolDraw

_POOL_VERBS = (Verb.READ, Verb.CLAIM, Verb.ASSIGN, Verb.CONFIGURE)
_OWN = {"entity", "allowed_actions"}


def pool_view(call: Call[Any, Any], pool: Pool) -> PoolView:
    """Return a pool, with what the caller may do in it."""
    return PoolView(
        **{name: getattr(pool, name) for name in PoolView.model_fields.keys() - _OWN},
        entity=pool.entity_name,
        allowed_actions=call.actions("pools", pool, _POOL_VERBS),
    )


def card_view(customer: Customer) -> CardView:
    """Return the card of a customer that waits, and no more."""
    return CardView.model_validate(customer).model_copy(
        update={"phone": masked_phone(customer.phone), "email": masked_email(customer.email)}
    )


def draw_view(call: Call[Any, Any], drawn: PoolDraw) -> DrawView:
    """Return a draw with what it dealt, as the claims have kept it."""
    claims = call.session.scalars(
        select(PoolClaim).where(PoolClaim.draw_id == drawn.id).order_by(PoolClaim.draw_position)
    ).all()
    barred = {UUID(each) for hand in drawn.hands for each in hand["barred"]}
    hidden = hidden_among(call, barred.union(claim.customer_id for claim in claims))
    return DrawView(
        **{
            name: getattr(drawn, name)
            for name in DrawView.model_fields.keys() - {"hands", "dealt", "allowed_actions"}
        },
        hands=[
            HandView.model_validate(
                {**each, "barred": [some for some in each["barred"] if UUID(some) not in hidden]}
            )
            for each in drawn.hands
        ],
        dealt=[
            DealtView(
                position=claim.draw_position or 0,
                customer_id=None if claim.customer_id in hidden else claim.customer_id,
                user_id=claim.user_id,
            )
            for claim in claims
        ],
    )


def hidden_among(call: Call[Any, Any], customer_ids: Collection[UUID]) -> set[UUID]:
    """Return those of some customers, by their ids, that their protection hides from the caller."""
    if not customer_ids:
        return set()
    hidden = select(Customer.id).where(among(Customer.id, customer_ids), concealed(call.principal))
    return set(call.session.scalars(hidden))


def outcomes_view(call: Call[Any, Any], outcomes: Sequence[Outcome]) -> OutcomesView:
    """Return what became of each of many customers, in the caller's language."""
    got = {each.claim.user_id for each in outcomes if each.claim is not None}
    absent = away(call.session, got, now=call.now) if got else {}
    results = [_outcome(call, each, absent) for each in outcomes]
    done = sum(result.status == HTTPStatus.OK for result in results)
    return OutcomesView(results=results, done=done, refused=len(results) - done)


def _outcome(call: Call[Any, Any], outcome: Outcome, absent: Mapping[UUID, date]) -> OutcomeView:
    if outcome.error is None:
        claim = ClaimView.model_validate(outcome.claim) if outcome.claim is not None else None
        return OutcomeView(
            customer_id=outcome.customer_id,
            status=HTTPStatus.OK,
            claim=claim,
            absent_until=absent.get(claim.user_id) if claim and claim.ended_at is None else None,
        )
    problem = problem_of(outcome.error)
    document = problem_document(problem, call.language, call.request.path, call.request_id)
    return OutcomeView(
        customer_id=outcome.customer_id,
        status=problem.status,
        problem=json.loads(json.dumps(document, default=str)),
    )
