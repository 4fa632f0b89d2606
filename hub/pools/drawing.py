"""Draws: customers of a pool dealt out by lot, so that everybody can see that it was fair."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.absences.presence import away
from hub.access.principals import Principal
from hub.access.row_filters import narrowed
from hub.clock import business_date
from hub.customers.models import Customer, PoolState
from hub.errors import ConflictError, ForbiddenError, ValidationError
from hub.i18n import N_
from hub.pools import holding
from hub.pools.dealing import Dealt, Hand, deal, fingerprint
from hub.pools.finding import cooling, require_open
from hub.pools.models import ClaimMode, Pool, PoolDraw
from hub.pools.people import assignable
from hub.pools.quotas import Room, lock_people, rooms
from hub.settings import get_settings

SEED_BYTES = 16
MOST_CANDIDATES = 10_000  # stored with each draw; of a larger pool those that waited longest
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class _Table:
    """What is dealt from: the candidates that are there, with their rows locked for us."""

    candidates: list[UUID]
    dealt: list[Dealt]
    rows: Mapping[UUID, Customer]


def draw(
    session: Session,
    pool: Pool,
    wanted: Mapping[UUID, int],
    *,
    own: bool,
    reason: str | None,
    now: datetime,
) -> PoolDraw:
    """Draw for people, each so many as are wanted for him and his quotas leave room for.

    Whoever is away has no room, whoever draws.

    Args:
        session: the caller's.
        pool: of which pool.
        wanted: how many for whom.
        own: somebody draws for himself, which the pool must allow.
        reason: kept with each claim.
        now: the present.

    Raises:
        ConflictError: ``pool_inactive``, ``mode``, ``not_assignable`` (`details` names them),
            ``absent`` where all are away, ``held_quota`` or ``daily_quota`` where there is no room
            for anybody, or ``nothing_to_draw``.
        ValidationError: these are more than the pool takes at a time.
    """
    require_open(pool, ClaimMode.RANDOM if own else None)
    if sum(wanted.values()) > pool.batch_limit:
        raise ValidationError.of(
            "/count", "too_large", N_("This pool takes at most {limit} at a time."),
            limit=pool.batch_limit,
        )  # fmt: skip
    _refuse_strangers(session, pool, wanted)
    lock_people(session, pool, wanted)
    today = business_date(now, get_settings().zone)
    room_of = rooms(session, pool, wanted, on=today)
    absent = away(session, wanted, now=now)
    hands = _hands(session, pool, wanted, room_of, today, absent=absent)
    seed = secrets.token_hex(SEED_BYTES)
    table = _settled(session, pool, seed, hands)
    if not table.dealt:
        raise ConflictError("nothing_to_draw", N_("Nothing in the pool can be drawn just now."))
    made = PoolDraw(
        pool_id=pool.id,
        draw_order=pool.draw_order,
        seed=seed,
        candidates=b"".join(each.bytes for each in table.candidates),
        candidates_sha256=fingerprint(table.candidates),
        candidate_count=len(table.candidates),
        hands=[
            {
                "user_id": str(hand.user_id),
                "asked": wanted[hand.user_id],
                "room": hand.room,
                "load": hand.load,
                "absent": hand.user_id in absent,
                "barred": sorted(map(str, hand.barred)),
            }
            for hand in hands
        ],
        reason=reason,
    )
    session.add(made)
    session.flush()
    for position, each in enumerate(table.dealt):
        holding.give(
            session,
            pool,
            table.rows[each.customer_id],
            each.user_id,
            mode=ClaimMode.RANDOM,
            reason=reason,
            now=now,
            draw=(made.id, position),
        )
    return made


def refuse_narrowed(principal: Principal) -> None:
    """Pass a caller who reaches all customers of the pools that he knows.

    Raises:
        ForbiddenError: his token is narrowed to some, and a draw is over the whole pool.
    """
    if narrowed(principal, Customer):
        raise ForbiddenError(
            N_("A draw is over the whole pool; this token is narrowed to some customers.")
        )


def candidates_of(drawn: PoolDraw) -> list[UUID]:
    """Return what stood to be drawn, in the order in which it had come into the pool."""
    raw = drawn.candidates
    return [UUID(bytes=raw[at : at + _ID_BYTES]) for at in range(0, len(raw), _ID_BYTES)]


def deal_again(drawn: PoolDraw) -> list[Dealt]:
    """Return what a draw dealt, reckoned anew from what is stored with it."""
    hands = [
        Hand(
            UUID(each["user_id"]), each["room"], each["load"], frozenset(map(UUID, each["barred"]))
        )
        for each in drawn.hands
    ]
    return deal(drawn.draw_order, drawn.seed, candidates_of(drawn), hands)


def _refuse_strangers(session: Session, pool: Pool, wanted: Mapping[UUID, int]) -> None:
    strangers = sorted(map(str, wanted.keys() - assignable(session, pool, wanted)))
    if strangers:
        raise ConflictError(
            "not_assignable",
            N_("Only active people of the pool's teams can be given its customers."),
            details={"user_ids": strangers},
        )


def _hands(
    session: Session,
    pool: Pool,
    wanted: Mapping[UUID, int],
    room_of: Mapping[UUID, Room],
    today: date,
    *,
    absent: Mapping[UUID, date],
) -> list[Hand]:
    hands = []
    for user_id in sorted(wanted):
        room = room_of[user_id]
        most = wanted[user_id] if room.left is None else min(wanted[user_id], room.left)
        barred = frozenset(cooling(session, pool, user_id, today=today))
        hands.append(Hand(user_id, 0 if user_id in absent else most, room.held, barred))
    if not any(hand.room for hand in hands):
        _refuse_absent(wanted, absent)
        next(room_of[hand.user_id] for hand in hands if hand.user_id not in absent).require()
    return hands


def _refuse_absent(wanted: Mapping[UUID, int], absent: Mapping[UUID, date]) -> None:
    if wanted.keys() <= absent.keys():
        raise ConflictError(
            "absent",
            N_("Whoever is away gets nothing by lot."),
            details={"absent": {str(each): absent[each].isoformat() for each in sorted(wanted)}},
        )


def _settled(session: Session, pool: Pool, seed: str, hands: Sequence[Hand]) -> _Table:
    """Deal, and hold the rows that were dealt.

    What others hold at this moment is not there: so no draw waits for another, or for a claim.
    """
    candidates = list(
        session.scalars(
            select(Customer.id)
            .where(
                Customer.pool_id == pool.id,
                Customer.pool_state == PoolState.IN_POOL,
                Customer.deleted_at.is_(None),
            )
            .order_by(Customer.pooled_at, Customer.id)
            .limit(MOST_CANDIDATES)
        )
    )
    rows: dict[UUID, Customer] = {}
    while True:
        dealt = deal(pool.draw_order, seed, candidates, hands)
        unheld = {each.customer_id for each in dealt} - rows.keys()
        held = _hold(session, pool, unheld)
        rows |= held
        gone = unheld - held.keys()
        if not gone:
            return _Table(candidates, dealt, rows)
        candidates = [each for each in candidates if each not in gone]


def _hold(session: Session, pool: Pool, ids: set[UUID]) -> dict[UUID, Customer]:
    found = session.scalars(
        select(Customer)
        .where(
            Customer.id.in_(ids),
            Customer.pool_id == pool.id,
            Customer.pool_state == PoolState.IN_POOL,
            Customer.deleted_at.is_(None),
        )
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    return {customer.id: customer for customer in found}
