"""What people decide: conflicts, and links made or cut by hand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.connections import services as connections
from hub.connections.models import Conflict, Connection, ExternalLink, LinkState
from hub.customers import services as customers
from hub.customers.models import Customer
from hub.db import locked
from hub.errors import ConflictError, ValidationError
from hub.history.recording import attribute, origin_of, record
from hub.i18n import N_
from hub.origin import CauseKind
from hub.sync import chronicling, links, mapping, pushing, standing
from hub.sync.mapping import Pair

LOCAL, REMOTE = "local", "remote"


def resolve(session: Session, conflict: Conflict, choice: str, *, now: datetime) -> None:
    """Make one side's value hold on both.

    The base becomes the other side's present value, so that the next merge sees one change only.

    Raises:
        ConflictError: it was resolved already.
        ValidationError: the other side's is chosen, which cannot be taken in here.
    """
    if conflict.state != "open":
        raise ConflictError(
            "resolved", N_("The conflict is {state} already."), state=conflict.state
        )
    link = locked(session, ExternalLink, conflict.link_id)
    connection = connections.get(session, conflict.connection_id)
    customer = customers.get(session, conflict.customer_id, lock=True)
    pair = next(
        pair for pair in mapping.pairs_of(session, connection) if pair.local == conflict.field
    )
    links.agree(link, {pair.remote: conflict.remote})
    if choice == REMOTE:
        _refuse_unreadable(pair, conflict)
        customers.update(session, customer, {pair.local: pair.to_here(conflict.remote)}, now=now)
        attribute(session, customer, CauseKind.CONFLICT, str(conflict.id))
    conflict.state = "resolved"
    conflict.chosen = choice
    conflict.resolved_by = origin_of(session).user_id
    conflict.resolved_at = now
    chronicling.tell_decided(session, conflict)
    session.flush()
    if links.open_count(session, link.id) == 0 and link.state is LinkState.DIVERGED:
        link.state = LinkState.LINKED
    pushing.request(session, connection, customer, link)


def _refuse_unreadable(pair: Pair, conflict: Conflict) -> None:
    try:
        pair.from_there(conflict.remote)
    except ValidationError as error:
        broken = error.errors[0]
        raise ValidationError.of(
            "/choice",
            "unreadable",
            N_("What stands there cannot be taken in: {reason} Write here what is meant first."),
            reason={"text": broken.message, "params": dict(broken.params)},
        ) from error


def link_by_hand(
    session: Session, customer: Customer, connection_id: UUID, remote_id: str
) -> ExternalLink:
    """Join a customer with one that stands there; the next push brings both in line.

    Without a base every field that differs is a conflict, for a person to decide.

    Raises:
        ConflictError: one of the two is linked already.
    """
    connection = connections.get(session, connection_id)
    link = _link_of(session, connection, customer)
    other = links.of_remote(session, connection_id, remote_id)
    if other is not None and other is not link:
        raise ConflictError(
            "linked",
            N_("That customer is linked to another one already."),
            details={"existing_id": str(other.customer_id)},
            connection_id=str(connection_id),
            remote_id=remote_id,
        )
    link.remote_id, link.state, link.base, link.intent = remote_id, LinkState.LINKED, {}, None
    link.last_in_at = None  # nobody has seen it there yet
    return _asked_for(session, connection, customer, link)


def make_there(
    session: Session, customer: Customer, connection_id: UUID, *, reason: str
) -> ExternalLink:
    """Have a new one made there, whoever else has the customer's registration number there.

    Raises:
        ConflictError: it is linked there already.
        ValidationError: there is no reason.
    """
    if not reason.strip():
        raise ValidationError.of("/reason", "required", N_("Say why a second one is wanted."))
    connection = connections.get(session, connection_id)
    link = _link_of(session, connection, customer)
    if link.last_in_at is None and link.state is not LinkState.INTENDED:
        link.remote_id = None  # or it has the number again that it had there
    link.state, link.base = LinkState.INTENDED, {}
    link.intent = {**(link.intent or {}), pushing.AS_NEW: True}
    record(
        session,
        "customer.second_wanted",
        subject_type=customers.ENTITY,
        subject_id=customer.id,
        data={"connection_id": str(connection_id), "reason": reason},
    )
    return _asked_for(session, connection, customer, link)


def _link_of(session: Session, connection: Connection, customer: Customer) -> ExternalLink:
    """Return the link that a customer is to have there: one nobody relies on, or a new one."""
    standing = links.of_customer(session, connection.id, customer.id, lock=True)
    if standing is None:
        return ExternalLink(connection_id=connection.id, customer_id=customer.id)
    if standing.state not in {LinkState.INTENDED, LinkState.ORPHANED}:
        raise ConflictError("linked", N_("The customer is linked there already."))
    return standing


def _asked_for(
    session: Session, connection: Connection, customer: Customer, link: ExternalLink
) -> ExternalLink:
    session.add(link)
    session.flush()
    pushing.request(session, connection, customer, link)
    return link


def cut(session: Session, link: ExternalLink) -> None:
    """Part a customer from its other half; both stay as they are."""
    link.state = LinkState.SEVERED
    links.close_conflicts(session, link)
    customer = session.get_one(Customer, link.customer_id)
    standing.forget(customer, link.connection_id)
