"""Taking customers in: a page of remote customers becomes items of a plan, applied or previewed.

The first load, the incremental pull and a replay are the same: what is to be done with a remote
customer is decided in `decide`, and done in `CustomerSync.apply`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from hub import matching
from hub.connections.models import Connection, ExternalLink, LinkState
from hub.customers import services as customers
from hub.customers.models import AccountingState, Customer, CustomerRole, Lifecycle
from hub.db import locked
from hub.errors import ConflictError, StaleVersionError
from hub.history.recording import attribute_to_cause
from hub.i18n import N_
from hub.plans.models import PlanItem
from hub.plans.services import Applied
from hub.ports import RemoteCustomer, Scalar
from hub.sync import links, mapping, pushing, standing, telling, undoing
from hub.sync.changes import change_of, merged, take_number, take_over
from hub.sync.mapping import Pair, There
from hub.sync.merging import Direction, Times, let_be, merge
from hub.sync.resolving import cut

CHANNEL = "accounting"


def decide(
    session: Session,
    connection: Connection,
    pairs: Sequence[Pair],
    remote: RemoteCustomer,
    *,
    position: int,
) -> dict[str, Any]:
    """Return the plan item for one remote customer: link, create, update, skip or conflict."""
    link = links.of_remote(session, connection.id, remote.remote_id)
    theirs = mapping.there(pairs, remote.fields)
    values = dict(theirs.values)
    item: dict[str, Any] = {
        "position": position,
        "entity": "customer",
        "external_id": remote.remote_id,
        "after": values,
        "source": {
            "fields": {name: _plain(value) for name, value in remote.fields.items()},
            "updated_at": remote.updated_at.isoformat() if remote.updated_at else None,
            "version": remote.version,
        },
        "errors": [
            {"pointer": e.pointer, "code": e.code, "message": e.message, "params": dict(e.params)}
            for each in theirs.unreadable.values()
            for e in each.errors
        ]
        or None,
    }
    if link is not None:
        return item | _decide_linked(session, connection, pairs, link, remote, theirs=theirs)
    found = _same_here(session, connection, values)
    if len(found) == 1:
        return item | {
            "action": "link", "record_id": found[0].id, "record_version": found[0].version,
        }  # fmt: skip
    if found:
        return item | {"action": "conflict", "errors": [_several(found)]}
    return item | {"action": "create"}


@dataclass(frozen=True, slots=True)
class CustomerSync:
    """Applies and undoes what `decide` decided; a `hub.plans` handler.

    Whom a pull makes nobody here has made; a first load is the act of who applies it.
    """

    connection: Connection
    pairs: Sequence[Pair]
    is_pull: bool = False

    def apply(self, session: Session, item: PlanItem, *, now: datetime) -> Applied:
        """See `hub.plans.services.Handler.apply`."""
        remote = remote_of(item)
        if item.action == "create":
            return self._create(session, remote, now)
        if item.action == "link":
            return self._link(session, item, remote, now)
        return self._update(session, remote, now)

    def undo(self, session: Session, item: PlanItem, *, now: datetime) -> None:
        """See `hub.plans.services.Handler.undo`: unlink, and take away what was created.

        One that was joined gets the values back that it had, but for those changed since.
        """
        link = links.of_remote(session, self.connection.id, str(item.external_id))
        customer = locked(session, Customer, item.record_id)
        if item.action == "update":
            raise ConflictError(
                "not_undoable", N_("A later synchronisation may have built on this change.")
            )
        if item.action == "create" and customer.version != item.applied_version:
            raise StaleVersionError("customer", customer.id, customer.version)
        if link is not None:
            cut(session, link)
        if item.action == "create":
            customers.take_back(session, customer, now=now)
        elif customer.deleted_at is None:
            taken = undoing.taken_by(self.pairs, item)
            undoing.give_back(session, customer, item, taken, now=now)

    def _create(self, session: Session, remote: RemoteCustomer, now: datetime) -> Applied:
        theirs = mapping.there(self.pairs, remote.fields)
        taken = mapping.to_take(self.pairs, theirs.values)
        fields = {k: v for k, v in taken.items() if v is not None}
        currency = remote.fields.get("currency")
        customer = customers.create(
            session,
            {
                **fields,
                "roles": [CustomerRole.CUSTOMER.value],
                **({"currency": currency} if currency else {}),
            },
            now=now,
            check_duplicates=False,
            channel=CHANNEL,
            policed=False,
        )
        base = _base_of_new(mapping.here(self.pairs, customer), theirs.values)
        self._join(session, customer, remote, base, now)
        telling.tell(session, self.connection, self.pairs, customer, theirs.unreadable)
        if self.is_pull:
            attribute_to_cause(session, customer)
        return Applied(customer.id, customer.version)

    def _link(
        self, session: Session, item: PlanItem, remote: RemoteCustomer, now: datetime
    ) -> Applied:
        assert item.record_id is not None  # noqa: S101 - `decide` sets it for links
        customer = customers.get(session, item.record_id, lock=True)
        if customer.version != item.record_version:
            raise StaleVersionError("customer", customer.id, customer.version)
        if links.of_customer(session, self.connection.id, customer.id) is not None:
            raise ConflictError("linked", N_("It is linked to another customer already."))
        theirs = mapping.there(self.pairs, remote.fields)
        before = undoing.values_of(customer, ["ref_no", *_taken_in(self.pairs)])
        link = self._join(session, customer, remote, {}, now)
        change = change_of(session, link, self.pairs, customer)
        base = _shared_base(change.local, theirs.standing)
        outcome = merge(
            [pair.rule for pair in self.pairs],
            base,
            change.local,
            theirs.standing,
            times=Times(change.changed_here_at, remote.updated_at),
            unreadable=theirs.unreadable,
        )
        links.agree(link, {**base, **outcome.agreed})
        take_over(session, self.connection, customer, link, change=change, outcome=outcome, now=now)
        telling.tell(session, self.connection, self.pairs, customer, theirs.only(outcome.left))
        if outcome.send:
            pushing.request(session, self.connection, customer, link)
        session.flush()
        after = undoing.values_of(customer, list(before))
        changed = {name: old for name, old in before.items() if old != after[name]}
        return Applied(customer.id, customer.version, changed)

    def _update(self, session: Session, remote: RemoteCustomer, now: datetime) -> Applied:
        link = links.of_remote(session, self.connection.id, remote.remote_id)
        if link is None:
            raise ConflictError("unlinked", N_("The link was taken away meanwhile."))
        session.refresh(link, with_for_update=True)
        customer = locked(session, Customer, link.customer_id)
        if _is_older(remote, link):
            return Applied(customer.id, customer.version)
        change = change_of(session, link, self.pairs, customer)
        theirs = mapping.there(self.pairs, remote.fields)
        outcome = merged(change, theirs, changed_there_at=remote.updated_at)
        before = {name: getattr(customer, name) for name in _locals(self.pairs, outcome.take)}
        links.agree(link, {**links.base_beside(link, theirs.values), **outcome.agreed})
        take_over(session, self.connection, customer, link, change=change, outcome=outcome, now=now)
        stands = standing.standing_of(customer, self.connection.id)
        if stands.state is AccountingState.LINKED:
            telling.tell(session, self.connection, self.pairs, customer, theirs.only(outcome.left))
        _note(link, remote, now)
        if outcome.send:
            pushing.request(session, self.connection, customer, link)
        session.flush()
        return Applied(customer.id, customer.version, {k: _plain(v) for k, v in before.items()})

    def _join(
        self,
        session: Session,
        customer: Customer,
        remote: RemoteCustomer,
        base: Mapping[str, Any],
        now: datetime,
    ) -> ExternalLink:
        link = ExternalLink(
            connection_id=self.connection.id,
            customer_id=customer.id,
            remote_id=remote.remote_id,
            state=LinkState.LINKED,
            base=dict(base),
        )
        session.add(link)
        _note(link, remote, now)
        standing.note(customer, self.connection.id, AccountingState.LINKED)
        take_number(session, self.connection, customer, remote)
        session.flush()
        return link


def store_cursor(connection: Connection, cursor: Mapping[str, Any]) -> None:
    """Advance the cursor, in the same transaction as its page."""
    connection.cursor = dict(cursor)


def remote_of(item: PlanItem) -> RemoteCustomer:
    """Return the remote customer a plan item was made from."""
    source = item.source or {}
    updated_at = source.get("updated_at")
    return RemoteCustomer(
        remote_id=str(item.external_id),
        fields=source.get("fields", {}),
        updated_at=datetime.fromisoformat(updated_at) if updated_at else None,
        version=source.get("version"),
    )


def _decide_linked(
    session: Session,
    connection: Connection,
    pairs: Sequence[Pair],
    link: ExternalLink,
    remote: RemoteCustomer,
    *,
    theirs: There,
) -> dict[str, Any]:
    record = {"record_id": link.customer_id}
    if link.state is LinkState.INTENDED or _is_older(remote, link):
        return {"action": "skip", **record}
    customer = session.get_one(Customer, link.customer_id)
    if customer.lifecycle is Lifecycle.MERGED or customer.deleted_at is not None:
        return {"action": "skip", **record}
    change = change_of(session, link, pairs, customer)
    outcome = merged(change, theirs, changed_there_at=remote.updated_at)
    left = theirs.only(outcome.left)
    stands = standing.standing_of(customer, connection.id)
    is_news = stands.state is AccountingState.LINKED and stands.message != telling.message(
        session, connection, pairs, customer, left
    )
    is_back = link.state is LinkState.ORPHANED
    if outcome.take or outcome.clashes or outcome.agreed or is_back or is_news:
        return {"action": "update", "record_version": customer.version, **record}
    return {"action": "skip", **record}


def _same_here(
    session: Session, connection: Connection, values: Mapping[str, Any]
) -> list[Customer]:
    """Return unlinked customers that are the remote one: number, EAN and name all agree."""
    number, email = values.get("corporate_identification_number"), values.get("email")
    if number:
        alike = Customer.cvr == number
    elif email:
        alike = and_(func.casefold(Customer.email) == func.casefold(email), Customer.cvr.is_(None))
    else:
        return []
    found = session.scalars(
        select(Customer).where(
            alike,
            Customer.ean.is_not_distinct_from(values.get("ean")),
            Customer.deleted_at.is_(None),
            Customer.merged_into_id.is_(None),
            ~select(ExternalLink.id)
            .where(
                ExternalLink.connection_id == connection.id,
                ExternalLink.customer_id == Customer.id,
                ExternalLink.state != LinkState.SEVERED,
            )
            .exists(),
        )
    )
    name = str(values.get("name") or "")
    return [customer for customer in found if matching.same_name(customer.name, name)]


def _shared_base(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a base for two customers just found to be one: what is filled on one side wins.

    Where both sides say something else there is no base, and the field clashes.
    """
    return {name: value if value == ours.get(name) else None for name, value in theirs.items()}


def _base_of_new(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """Return a base for one just made from the other side.

    What was filled in here, such as the country, nobody has changed: it is not written there.
    """
    filled_in = {
        name: let_be(value, theirs.get(name))
        for name, value in ours.items()
        if value is not None and value != theirs.get(name)
    }
    return {**theirs, **filled_in}


def _taken_in(pairs: Sequence[Pair]) -> list[str]:
    return sorted({pair.local for pair in pairs if pair.direction is not Direction.OUT})


def _locals(pairs: Sequence[Pair], shared: Mapping[str, Any]) -> list[str]:
    return [pair.local for pair in pairs if pair.remote in shared]


def _is_older(remote: RemoteCustomer, link: ExternalLink) -> bool:
    """Say whether we know a later state of it: we sent something after the page was read.

    To take it in would bring back what we have changed there; the later state comes with the next
    pull, since it was changed later.
    """
    known, read = link.remote_updated_at, remote.updated_at
    return known is not None and read is not None and read < known


def _note(link: ExternalLink, remote: RemoteCustomer, now: datetime) -> None:
    link.last_in_at = now
    link.remote_updated_at = remote.updated_at
    link.remote_version = remote.version
    if link.state is LinkState.ORPHANED:
        link.state = LinkState.LINKED


def _several(found: Sequence[Customer]) -> dict[str, Any]:
    return {
        "pointer": "",
        "code": "several_matches",
        "message": N_("Several customers here could be this one: {ids}."),
        "params": {"ids": ", ".join(str(customer.id) for customer in found)},
    }


def _plain(value: Any) -> Scalar:
    return value if value is None or isinstance(value, str | int | bool) else str(value)


def note_seen(
    session: Session, connection_id: UUID, remote_ids: Sequence[str], *, now: datetime
) -> None:
    """Note that a sweep has seen these remote customers."""
    for link in session.scalars(
        select(ExternalLink).where(
            ExternalLink.connection_id == connection_id,
            ExternalLink.remote_id.in_(remote_ids),
            ExternalLink.state != LinkState.SEVERED,
        )
    ):
        link.last_in_at = now
