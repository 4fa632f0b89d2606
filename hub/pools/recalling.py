"""Recall by rule: what nobody noted anything of for too long goes back to its pool.

The clock of a customer runs from its last sign of care: its newest note, or the moment in which its
owner got it, whichever is later. First its owner is warned by mail, once for each such sign; the
recall comes when the mail is out and its notice has run. A note in between moves the sign, and the
warning is void. Protected customers wait until their protection is over.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from hub.access.models import User
from hub.access.people import are_active
from hub.clock import business_date
from hub.customers.models import Customer, PoolState
from hub.mail import services as mail
from hub.mail.models import Delivery, DeliveryKind, DeliveryState
from hub.mail.services import Recipient
from hub.pools import holding
from hub.pools.models import ClaimState, Pool, PoolClaim
from hub.pools.recall_rules import recall_days
from hub.settings import get_settings

CLAIM = PoolClaim.entity()
BATCH = 100
TOLD_AT_ONCE = 500
REASON = "No note for {days} days."  # becomes part of the history, as what people write does

last_sign = func.greatest(PoolClaim.owned_at, Customer.last_note_at)
"""When somebody last cared for a customer, as a column of claims joined with customers."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """One batch: how many went back, and where to go on; None where nothing is left."""

    count: int
    following: UUID | None


@dataclass(frozen=True, slots=True)
class Warned:
    """One mail: of how many customers it tells, and after whom to go on."""

    count: int
    following: UUID | None


def recall_batch(
    session: Session, *, today: date, now: datetime, after: UUID | None, limit: int = BATCH
) -> Recalled:
    """Take customers back whose time is over on a business day, in the order of their claims."""
    warned = and_(
        PoolClaim.warned_since == last_sign,
        PoolClaim.warning_out_on.is_not(None),
        PoolClaim.recall_on <= today,
    )
    rows = session.execute(
        _neglected(today)
        .where(or_(Pool.notice_days == 0, ~_OWNER_IS_ACTIVE, warned))
        .where(*([PoolClaim.id > after] if after else []))
        .order_by(PoolClaim.id)
        .limit(limit)
        .with_for_update(of=Customer, skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        holding.put_in(
            session,
            row.Pool,
            row.Customer,
            how=ClaimState.RECALLED,
            reason=REASON.format(days=row.days),
            now=now,
        )
    return Recalled(len(rows), rows[-1].PoolClaim.id if rows else None)


def warn_next_owner(
    session: Session, *, today: date, after: UUID | None, limit: int = TOLD_AT_ONCE
) -> Warned | None:
    """Warn one person, the next by id, of his customers whose recall comes near; None for nobody.

    Of very many he is told in several mails.
    """
    due = _neglected(today, earlier=Pool.notice_days).where(
        Pool.notice_days > 0,
        _OWNER_IS_ACTIVE,
        PoolClaim.warned_since.is_distinct_from(last_sign),
    )
    owner = session.scalar(
        due.with_only_columns(PoolClaim.user_id)
        .where(*([PoolClaim.user_id > after] if after else []))
        .order_by(PoolClaim.user_id)
        .limit(1)
    )
    if owner is None:
        return None
    rows = session.execute(
        due.add_columns(last_sign.label("sign"))
        .where(PoolClaim.user_id == owner)
        .order_by(PoolClaim.id)
        .limit(limit)
        .with_for_update(of=PoolClaim, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for row in rows:
        claim: PoolClaim = row.PoolClaim
        claim.warned_since, claim.warning_out_on = row.sign, None
        claim.warnings += 1
        due_on = business_date(row.sign, _zone()) + timedelta(days=row.days)
        claim.recall_on = max(due_on, today + timedelta(days=row.Pool.notice_days))
    if rows:
        _ask_for_mail(session, owner, [row.PoolClaim for row in rows])
    return Warned(len(rows), after if len(rows) == limit else owner)


def still_warned(session: Session, claim_ids: Iterable[UUID]) -> list[tuple[PoolClaim, Customer]]:
    """Return which of some claims a warning still holds for, soonest first."""
    rows = session.execute(
        select(PoolClaim, Customer)
        .join(Customer, Customer.id == PoolClaim.customer_id)
        .where(
            PoolClaim.id.in_(list(claim_ids)),
            PoolClaim.state == ClaimState.OWNED,
            PoolClaim.warned_since == last_sign,
            ~Customer.is_protected,
        )
        .order_by(PoolClaim.recall_on, Customer.sort_name, Customer.id)
        .execution_options(populate_existing=True)
    )
    return [(row.PoolClaim, row.Customer) for row in rows]


class RecallWarnings:
    """Warnings as a source of mail; see `hub.mail.sources.Source`."""

    def wants(self, session: Session, delivery: Delivery) -> bool:
        """Say whether any of the customers it tells of would still go back."""
        return bool(still_warned(session, claims_of(delivery)))

    def settled(self, session: Session, delivery: Delivery) -> None:
        """Let the notice run from the day on which the mail went out, if that is later.

        One that could not be sent counts as out: its failure is told to those who can mend it.
        """
        settled_at = delivery.sent_at or delivery.last_tried_at or delivery.created_at
        out_on = business_date(settled_at, _zone())
        is_out = delivery.state is DeliveryState.SENT
        for claim, _ in still_warned(session, claims_of(delivery)):
            claim.warning_out_on = out_on
            if is_out and claim.recall_on is not None:
                notice = session.get_one(Pool, claim.pool_id).notice_days
                claim.recall_on = max(claim.recall_on, out_on + timedelta(days=notice))


def claims_of(delivery: Delivery) -> list[UUID]:
    """Return the claims that a warning tells of."""
    return [UUID(each) for each in delivery.facts["claims"]]


def _ask_for_mail(session: Session, owner: UUID, claims: list[PoolClaim]) -> None:
    # One mail of several claims hangs on the first; its count of warnings tells the mails apart.
    session.flush()
    mail.request(
        session,
        DeliveryKind.RECALL_WARNING,
        Recipient.of(session.get_one(User, owner)),
        source=(CLAIM, claims[0].id),
        sequence=claims[0].warnings,
        facts={"claims": [str(claim.id) for claim in claims]},
    )


def _neglected(today: date, *, earlier: Any = 0) -> Select[PoolClaim, Customer, Pool, int]:
    """Return the query of customers whose time is over on a day, or so many days earlier.

    `days` of a row is how long nobody may have noted anything of that customer.
    """
    days = recall_days()
    signed_on = cast(func.timezone(_zone(), last_sign), Date)
    return (
        select(PoolClaim, Customer, Pool, days.label("days"))
        .join(Customer, Customer.id == PoolClaim.customer_id)
        .join(Pool, Pool.id == PoolClaim.pool_id)
        .where(
            PoolClaim.state == ClaimState.OWNED,
            Pool.active,
            Pool.deleted_at.is_(None),
            or_(Pool.recall_after_days.is_not(None), Pool.recall_exceptions != []),
            Customer.pool_state == PoolState.OWNED,
            Customer.deleted_at.is_(None),
            ~Customer.is_protected,
            signed_on + days - earlier <= today,
        )
    )


_OWNER_IS_ACTIVE = (
    select(User.id).where(User.id == PoolClaim.user_id, are_active()).correlate(PoolClaim).exists()
)


def _zone() -> str:
    return get_settings().zone
