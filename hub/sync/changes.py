"""Bringing the two halves of a linked customer in line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from hub.connections.models import Connection, ExternalLink
from hub.customers import facts
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.history.changes import last_changes
from hub.history.recording import attribute_to_cause
from hub.origin import CauseKind
from hub.ports import RemoteCustomer
from hub.sync import links, mapping
from hub.sync.mapping import Pair, There
from hub.sync.merging import Direction, Merged, Policy, Times, merge


@dataclass(frozen=True, slots=True)
class Change:
    """A linked customer to be brought in line with its other half; `link` as it was then."""

    link: ExternalLink
    remote_id: str
    pairs: Sequence[Pair]
    local: Mapping[str, str | None]
    changed_here_at: Mapping[str, datetime] = field(default_factory=dict)


def change_of(
    session: Session, link: ExternalLink, pairs: Sequence[Pair], customer: Customer
) -> Change:
    """Return a linked customer as it is here now.

    When its fields changed here is looked up for those of which the newest is to win.
    """
    assert link.remote_id is not None  # noqa: S101 - only an intended link may lack it
    newest = {pair.local: pair.remote for pair in pairs if pair.policy is Policy.NEWEST}
    at = last_changes(
        session, customers.ENTITY, customer.id, newest,
        but_for=(CauseKind.ACCOUNTING, str(link.connection_id)),
    )  # fmt: skip
    return Change(
        link,
        link.remote_id,
        pairs,
        mapping.here(pairs, customer),
        {newest[name]: moment for name, moment in at.items()},
    )


def merged(change: Change, theirs: There, *, changed_there_at: datetime | None) -> Merged:
    """Return what a linked pair needs: three-way, field by field.

    A value there that cannot be read here is a change like any other, but for being taken over: who
    has edited the field here is asked about it.
    """
    rules = [
        pair.rule
        for pair in change.pairs
        if not (pair.direction is Direction.OUT and change.local.get(pair.remote) is None)
    ]
    base = links.base_beside(change.link, theirs.values)
    times = Times(change.changed_here_at, changed_there_at)
    return merge(
        rules, base, change.local, theirs.standing, times=times, unreadable=theirs.unreadable
    )


def take_number(
    session: Session, connection: Connection, customer: Customer, remote: RemoteCustomer
) -> None:
    """Give a customer the number it has there, where the connection owns the numbers.

    It looks for who else has it, so it is best called before there is something to write.
    """
    if connection.numbering_owner:
        customers.take_number(session, customer, remote.remote_id)


def take_over(
    session: Session,
    connection: Connection,
    customer: Customer,
    link: ExternalLink,
    *,
    change: Change,
    outcome: Merged,
    now: datetime,
) -> None:
    """Write what changed there into the customer, and put what clashes into the inbox.

    A field that was edited here since the merge is left alone: its own push will merge it again.
    The history tells the change as one of the other side, whoever had it taken in.
    """
    ours_now = mapping.here(change.pairs, customer)
    wanted = {
        name: value
        for name, value in outcome.take.items()
        if ours_now.get(name) == change.local.get(name)
    }
    taken = mapping.to_take(change.pairs, wanted)
    if taken:
        before = {name: getattr(customer, name) for name in taken}
        customers.update(session, customer, taken, now=now)
        written = {
            name: value for name, value in taken.items() if getattr(customer, name) != before[name]
        }
        facts.keep_written(
            session, customer, CauseKind.ACCOUNTING, str(connection.id), written, at=now
        )
        attribute_to_cause(session, customer)
        links.agree(link, wanted)
    clashing = [
        pair.local
        for pair in change.pairs
        if pair.remote in {clash.name for clash in outcome.clashes}
    ]
    links.settle_conflicts(session, link, clashing)
    links.raise_conflicts(session, link, change.pairs, outcome.clashes)
