"""Making, changing and taking away pools, and how their people stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select, text, true
from sqlalchemy.orm import Session

from hub.access.models import Team, User
from hub.access.principals import Principal
from hub.access.row_filters import narrowed
from hub.approvals.policy import HOURS_OF_A_DAY, TOO_LATE
from hub.customers.access import concealed
from hub.customers.models import Customer
from hub.errors import ConflictError, FieldError, ValidationError
from hub.held import refuse_held
from hub.i18n import N_
from hub.pools import recall_rules
from hub.pools.models import DrawOrder, Pool
from hub.pools.people import members
from hub.pools.quotas import Room, rooms

_PEOPLE: Mapping[str, type[Team] | type[User]] = {
    "claim_team_ids": Team,
    "manager_team_ids": Team,
    "manager_user_ids": User,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands in a pool; `may_claim` is false of a former member who still holds."""

    user: User
    may_claim: bool
    room: Room


def create(session: Session, fields: Mapping[str, Any]) -> Pool:
    """Make a pool.

    Raises:
        ValidationError: a team, person or word of a catalogue is unknown, the notice is as long as
            the time, or applications would expire before they go up.
        ConflictError: ``taken``: another pool has the name.
    """
    pool = Pool(**_checked(session, None, fields))
    session.add(pool)
    session.flush()
    return pool


def change(session: Session, pool: Pool, changes: Mapping[str, Any]) -> Pool:
    """Change a pool's people and rules; what it holds stays as it is.

    Raises:
        ValidationError, ConflictError: as `create`.
    """
    for field, value in _checked(session, pool, changes).items():
        setattr(pool, field, value)
    session.flush()
    return pool


def delete(session: Session, pool: Pool, *, now: datetime) -> None:
    """Take a pool away that has, and has given, nothing; others are made inactive.

    Its row is locked by the caller, so that nothing enters meanwhile.

    Raises:
        HeldError: ``in_use``: customers wait in it, or their owners have them from it.
    """
    belonging = select(Customer.id).where(
        Customer.pool_id == pool.id, Customer.deleted_at.is_(None)
    )
    refuse_held(
        session,
        N_("It is kept, customers belong to it: {what}. Make it inactive instead."),
        [(Customer.entity(), belonging.order_by(Customer.id))],
    )
    pool.deleted_at = now
    session.flush()


def standings(
    session: Session, principal: Principal, pool: Pool, *, on: date, only: UUID | None = None
) -> list[Standing]:
    """Return how the people of a pool stand on a business day, by name; `only` one of them.

    Whoever still holds a customer of the pool is among them, a person who left included. What is
    hidden from the caller by its protection, or is past his token's filter, is not counted for him.
    """
    shown = and_(concealed(principal).is_not(true()), *narrowed(principal, Customer))
    may_claim = set(session.scalars(members(pool)))
    holding = select(Customer.owner_user_id).where(
        Customer.pool_id == pool.id,
        Customer.owner_user_id.is_not(None),
        Customer.deleted_at.is_(None),
        shown,
    )
    wanted = may_claim | {each for each in session.scalars(holding.distinct()) if each}
    if only is not None:
        wanted &= {only}
    people = session.scalars(select(User).where(User.id.in_(wanted)).order_by(User.name, User.id))
    room_of = rooms(session, pool, wanted, on=on, among=shown)
    return [Standing(user, user.id in may_claim, room_of[user.id]) for user in people]


def _checked(session: Session, pool: Pool | None, given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    errors: list[FieldError] = []
    for name, model in _PEOPLE.items():
        if name in values:
            values[name] = sorted(set(values[name]))
            errors += _unknown(session, model, name, values[name])
    recall, notice = (
        values.get(name, getattr(pool, name, None)) for name in ("recall_after_days", "notice_days")
    )
    notice = notice or 0
    if recall is not None and notice >= recall:
        errors.append(
            FieldError(
                "/notice_days", "too_large",
                N_("The notice must be shorter than the time without a note."),
            )
        )  # fmt: skip
    days, hours = (
        values.get(name, getattr(pool, name, None))
        for name in ("application_days", "escalation_hours")
    )
    if hours is not None and days is not None and hours >= days * HOURS_OF_A_DAY:
        errors.append(FieldError("/escalation_hours", "too_large", TOO_LATE))
    if errors:
        raise ValidationError(*errors)
    kept = pool.recall_exceptions if pool is not None else []
    if {"recall_exceptions", "notice_days"} & values.keys():
        wanted = values.get("recall_exceptions", kept)
        values["recall_exceptions"] = recall_rules.check(session, wanted, kept, notice_days=notice)
    if "name" in values:
        _refuse_taken(session, pool, values["name"])
    if "modes" in values:
        values["modes"] = sorted(set(values["modes"]))
    if "draw_order" in values:
        values["draw_order"] = DrawOrder(values["draw_order"])
    return values


def _unknown(
    session: Session, model: type[Team] | type[User], field: str, ids: Iterable[UUID]
) -> list[FieldError]:
    wanted = list(ids)
    query = select(model.id).where(model.id.in_(wanted), model.deleted_at.is_(None))
    if model is User:
        code, message = "unknown_user", N_("{id} is no active user.")
        query = query.where(User.active)
    else:
        code, message = "unknown_team", N_("There is no team {id}.")
    known = set(session.scalars(query))
    return [
        FieldError(f"/{field}", code, message, {"id": str(each)})
        for each in wanted
        if each not in known
    ]


def _refuse_taken(session: Session, pool: Pool | None, name: str) -> None:
    # Writers of one name wait for one another here; the unique index is the last word.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('pool-name:' || casefold(:name), 0))"),
        {"name": name},
    )
    taken = session.scalar(
        select(Pool.id).where(
            text("casefold(name) = casefold(:name)").bindparams(name=name),
            Pool.deleted_at.is_(None),
        )
    )
    if taken is not None and (pool is None or taken != pool.id):
        raise ConflictError(
            "taken", N_("There is a pool {name} already."),
            details={"existing_id": str(taken), "pointer": "/name"}, name=name,
        )  # fmt: skip
