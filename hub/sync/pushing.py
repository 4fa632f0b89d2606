"""Sending customers out: what to send is decided here, the calls are made in `workers.tasks`.

Creating is careful: a number is reserved and the intent stored before any call; a reply that was
lost is found again by reading that number; a customer that stands there already is linked only when
registration number, EAN and name all agree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from hub import matching
from hub.connections import services as connections
from hub.connections.models import USABLE, Connection, ExternalLink, LinkState
from hub.customers.models import AccountingState, Customer, Lifecycle
from hub.db import find_locked, locked, new_id
from hub.history.recording import PendingEvent, origin_of
from hub.i18n import N_
from hub.ledger.enqueueing import enqueue
from hub.ledger.tasks import TaskName
from hub.origin import CauseKind
from hub.ports import RemoteCustomer, Scalar
from hub.sync import links, mapping, standing, telling
from hub.sync.changes import Change, change_of, take_number, take_over
from hub.sync.mapping import Pair
from hub.sync.merging import Direction, Merged

DEFAULT_FILTER: dict[str, Any] = {
    "roles": ["customer"],
    "not_channels": ["import", "accounting", "shop"],
}
"""What becomes a debtor unless the connection's own filter says otherwise (journeys J1.7)."""

SETTLES_IN = timedelta(seconds=1)
"""Edits made in quick succession reach the other side as one."""

AS_NEW = "as_new"
"""In the intent of a link: nobody is looked for who might be the same."""

_DEFAULTED = ("customer_group", "payment_terms", "vat_zone", "currency")


@dataclass(frozen=True, slots=True)
class Intent:
    """A create that has been decided: number, body and key stay the same at every try.

    `is_kept` says that the link has body and key, so that it may be sent; `as_new` that somebody
    wants a new one whoever else has its registration number there.
    """

    link_id: UUID
    remote_id: str
    key: str
    is_kept: bool
    as_new: bool
    fields: Mapping[str, Scalar]
    registration_number: str | None
    ean: str | None
    name: str


@dataclass(frozen=True, slots=True)
class NumberWanted:
    """A create that needs a number: `instead_of` names the intent whose number was taken."""

    instead_of: UUID | None = None


Prepared = NumberWanted | Intent | Change | None
"""What a push has to do."""


def react(session: Session, happened: PendingEvent) -> None:
    """Ask for a push to each accounting connection that a change of a customer concerns.

    A change that came in from a connection is not sent back to it (domain.md invariant 14).
    """
    if not happened.type.endswith((".created", ".updated", ".taken_up")):
        return
    customer = session.get(Customer, happened.subject_id)
    if customer is None or customer.name_provisional or customer.lifecycle is Lifecycle.MERGED:
        return
    origin = origin_of(session)
    is_new = happened.type.endswith(".created")  # so that there is no link to look for
    for connection in connections.active_of_kind(session, "accounting", live=True):
        came_from_there = origin.cause_kind is CauseKind.ACCOUNTING and origin.cause_id == str(
            connection.id
        )
        if came_from_there:
            continue
        link = None if is_new else links.of_customer(session, connection.id, customer.id)
        if link is None and not is_eligible(connection, customer):
            continue
        if link is not None and not _is_mapped(session, connection, happened):
            continue
        request(
            session, connection, customer, link, cause_event_id=happened.id, settles_in=SETTLES_IN
        )


def react_many(session: Session, happened: Sequence[PendingEvent]) -> None:
    """Do the same for many events; new customers that no connection lets through cost nothing."""
    live = connections.active_of_kind(session, "accounting", live=True)
    barred = [{**DEFAULT_FILTER, **connection.filter}["not_channels"] for connection in live]
    for each in happened:
        channel = each.changes.get("channel", (None, None))[1]
        is_new = each.type.endswith(".created")
        if not (is_new and all(channel in channels for channels in barred)):
            react(session, each)


def request(
    session: Session,
    connection: Connection,
    customer: Customer,
    link: ExternalLink | None,
    *,
    cause_event_id: UUID | None = None,
    settles_in: timedelta | None = None,
) -> None:
    """Ask for one push of a customer to a connection; any number of edits before it are one.

    `settles_in` gives the edits of a linked customer so long to settle; a new one goes at once.
    """
    enqueue(
        session,
        TaskName.PUSH_CUSTOMER,
        key=f"{connection.id}:{customer.id}",
        subject=("customer", customer.id),
        cause_event_id=cause_event_id,
        delay=settles_in if link is not None and link.state is not LinkState.INTENDED else None,
        connection_id=connection.id,
        customer_id=customer.id,
    )
    if link is None or link.state is LinkState.INTENDED:
        is_held = connection.outgoing_held or connection.state not in USABLE
        state = AccountingState.HELD if is_held else AccountingState.WAITING
        standing.note(customer, connection.id, state)


def is_eligible(connection: Connection, customer: Customer) -> bool:
    """Say whether the connection's filter lets an unlinked customer through."""
    wanted = {**DEFAULT_FILTER, **connection.filter}
    return (
        customer.lifecycle is Lifecycle.ACTIVE
        and customer.deleted_at is None
        and bool(set(customer.roles) & set(wanted["roles"]))
        and customer.channel not in wanted["not_channels"]
    )


def prepare(session: Session, connection: Connection, customer_id: UUID) -> Prepared:
    """Decide what a push has to do; None where there is nothing to do any more."""
    customer = session.get(Customer, customer_id)
    if customer is None or _is_gone(customer):
        return None
    link = links.of_customer(session, connection.id, customer_id)
    if link is None:
        is_wanted = not customer.name_provisional and is_eligible(connection, customer)
        return NumberWanted() if is_wanted else None
    if link.state is LinkState.ORPHANED:
        return None
    if link.state is LinkState.INTENDED:
        if link.remote_id is None:
            return NumberWanted(instead_of=link.id)
        return _intent(session, connection, customer, link)
    pairs = mapping.pairs_of(session, connection)
    return change_of(session, link, pairs, customer)


def reserve(
    session: Session,
    connection_id: UUID,
    customer_id: UUID,
    highest_free: str | None,
    wanted: NumberWanted,
) -> Intent | None:
    """Reserve a number for a customer under the connection's lock, and decide the create.

    None where the customer has a link by now, or is gone: nothing is reserved then.

    Args:
        session: the caller's.
        connection_id: where it is to be created.
        customer_id: whom.
        highest_free: what the other side proposes; None where it numbers by itself.
        wanted: says whether the number is another one for an intent that there is.
    """
    connection = connections.get(session, connection_id, lock=True)
    customer = session.get_one(Customer, customer_id)
    if _is_gone(customer):
        return None
    if wanted.instead_of is not None:
        link = locked(session, ExternalLink, wanted.instead_of)
        if link.state is not LinkState.INTENDED:  # somebody has linked it by hand
            return None
        link.remote_id = _next_number(connection, highest_free)
        link.intent = _unsent(link)
        return _intent(session, connection, customer, link)
    if links.of_customer(session, connection_id, customer_id) is not None:
        return None
    link = ExternalLink(
        id=new_id(),
        connection_id=connection_id,
        customer_id=customer_id,
        remote_id=_next_number(connection, highest_free),
        state=LinkState.INTENDED,
    )
    intent = _intent(session, connection, customer, link)
    session.add(link)
    return intent


def store_intent(session: Session, intent: Intent) -> None:
    """Keep the body and key of a create before it is sent."""
    link = locked(session, ExternalLink, intent.link_id)
    link.intent = {**(link.intent or {}), "key": intent.key, "fields": dict(intent.fields)}


def note_sending(session: Session, change: Change, outcome: Merged, *, now: datetime) -> None:
    """Keep what is about to be sent, and what it writes over unread; commit before the call."""
    link = locked(session, ExternalLink, change.link.id)
    links.note_sending(link, outcome.send)
    links.keep_overruled(session, link, change.pairs, outcome.overruled, now=now)


def is_same(intent: Intent, remote: RemoteCustomer) -> bool:
    """Say whether a remote customer is the one we meant to create.

    A registration number alone never says so: chains and municipalities share one.
    """
    return (
        remote.fields.get("corporate_identification_number") == intent.registration_number
        and (remote.fields.get("ean") or None) == intent.ean
        and matching.same_name(str(remote.fields.get("name") or ""), intent.name)
    )


def unlinked(
    session: Session, connection_id: UUID, intent: Intent, candidates: Sequence[RemoteCustomer]
) -> list[RemoteCustomer]:
    """Return those remote customers that are no other customer of ours already."""
    known = ((each, links.of_remote(session, connection_id, each.remote_id)) for each in candidates)
    return [each for each, link in known if link is None or link.id == intent.link_id]


def same_unit(intent: Intent, candidates: Sequence[RemoteCustomer]) -> list[RemoteCustomer]:
    """Return the remote customers that carry the intent's registration number and EAN."""
    return [c for c in candidates if (c.fields.get("ean") or None) == intent.ean]


def record_linked(
    session: Session, connection_id: UUID, link_id: UUID, remote: RemoteCustomer, *, now: datetime
) -> None:
    """Note that the two are one: link, base, number and state."""
    connection = connections.get(session, connection_id)
    link = locked(session, ExternalLink, link_id)
    customer = locked(session, Customer, link.customer_id)
    take_number(session, connection, customer, remote)
    pairs = mapping.pairs_of(session, connection)
    link.remote_id = remote.remote_id
    link.state = LinkState.LINKED
    link.intent = None
    theirs = mapping.there(pairs, remote.fields)
    links.agree(link, theirs.values, clear=True)
    _note_remote(link, remote, now)
    link.last_out_at = now
    telling.tell(session, connection, pairs, customer, theirs.unreadable)
    if mapping.here(pairs, customer) != theirs.standing:
        _ask_if_changed(session, connection, customer, link, pairs=pairs, agreed=theirs.standing)


def record_pushed(
    session: Session,
    connection_id: UUID,
    change: Change,
    outcome: Merged,
    remote: RemoteCustomer,
    *,
    now: datetime,
) -> None:
    """Note what was sent, take over what changed there, and ask about what clashes."""
    connection = connections.get(session, connection_id)
    link = locked(session, ExternalLink, change.link.id)
    customer = locked(session, Customer, link.customer_id)
    take_number(session, connection, customer, remote)  # it may have been linked by hand
    theirs = mapping.there(change.pairs, remote.fields)
    links.agree(link, {**links.base_beside(link, theirs.values), **outcome.agreed, **outcome.send})
    link.intent = None
    if outcome.send:
        link.last_out_at = now
    _note_remote(link, remote, now)
    take_over(session, connection, customer, link, change=change, outcome=outcome, now=now)
    telling.tell(session, connection, change.pairs, customer, theirs.only(outcome.left))


def _is_gone(customer: Customer) -> bool:
    return customer.deleted_at is not None or customer.merged_into_id is not None


def drop_intent(session: Session, link_id: UUID) -> None:
    """Forget the body of a create that was refused: the next try sends the mended one."""
    link = find_locked(session, ExternalLink, link_id)
    if link is not None and link.state is LinkState.INTENDED:
        link.intent = _unsent(link)


def adopt(session: Session, link_id: UUID, remote_id: str) -> None:
    """Point an intent at a remote customer that proved to be the same."""
    link = locked(session, ExternalLink, link_id)
    link.remote_id = remote_id


def _is_mapped(session: Session, connection: Connection, happened: PendingEvent) -> bool:
    pairs = mapping.pairs_of(session, connection)
    return any(pair.local in happened.changes for pair in pairs)


def _intent(
    session: Session, connection: Connection, customer: Customer, link: ExternalLink
) -> Intent:
    noted = link.intent or {}
    is_kept, as_new = "key" in noted, AS_NEW in noted
    if is_kept:
        key, fields = noted["key"], noted["fields"]
    else:
        key = uuid4().hex
        fields = _create_fields(connection, mapping.pairs_of(session, connection), customer)
    registration_number = fields.get("corporate_identification_number")
    if not is_kept and (as_new or registration_number is None):  # nobody is looked for before
        link.intent, is_kept = {**noted, "key": key, "fields": fields}, True
    assert link.remote_id is not None  # noqa: S101 - reserved with the intent
    return Intent(
        link_id=link.id,
        remote_id=link.remote_id,
        key=key,
        is_kept=is_kept,
        as_new=as_new,
        fields=fields,
        registration_number=registration_number,
        ean=fields.get("ean"),
        name=str(fields.get("name")),
    )


def _unsent(link: ExternalLink) -> dict[str, Any] | None:
    """Return an intent without what was to be sent."""
    return {AS_NEW: True} if AS_NEW in (link.intent or {}) else None


def _create_fields(
    connection: Connection, pairs: Sequence[Pair], customer: Customer
) -> dict[str, Scalar]:
    fields: dict[str, Scalar] = {
        name: value
        for name, value in mapping.to_send(pairs, mapping.here(pairs, customer)).items()
        if value is not None
    }
    for name in _DEFAULTED:
        default = connection.settings.get(f"default_{name}")
        if fields.get(name) is None and default is not None:
            fields[name] = str(default)
    return fields


def _next_number(connection: Connection, highest_free: str | None) -> str | None:
    if highest_free is None:
        return None
    number = max(int(highest_free), (connection.number_high or 0) + 1)
    connection.number_high = number
    return str(number)


def _note_remote(link: ExternalLink, remote: RemoteCustomer, now: datetime) -> None:
    link.remote_version = remote.version
    link.remote_updated_at = remote.updated_at
    link.last_in_at = now


def _ask_if_changed(
    session: Session,
    connection: Connection,
    customer: Customer,
    link: ExternalLink,
    *,
    pairs: Sequence[Pair],
    agreed: Mapping[str, Any],
) -> None:
    """Ask for a push where the customer was edited while its create was under way."""
    ours = mapping.here(pairs, customer)
    differs = any(
        ours[pair.remote] != agreed.get(pair.remote)
        and not (pair.direction is Direction.OUT and ours[pair.remote] is None)
        for pair in pairs
        if pair.remote in agreed
    )
    if differs:
        request(session, connection, customer, link)


GONE_THERE = N_(
    "It is gone in {system}: it was deleted there. Link it to another one, or have it made anew."
)
NOT_THERE = N_("{system} has no customer {number}: link it to another one, or have it made there.")
SAME_NUMBER_CODE = "same_number_there"
SAME_NUMBER_THERE = N_(
    "{system} has a customer {number} with the same registration number but another name:"
    " link them, or allow a second one."
)
