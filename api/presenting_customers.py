"""What is shown of a customer."""

from typing import Any

from sqlalchemy import select

from api.calls import Call
from api.messages import message_view
from api.presenting_entries import warning_views
from api.schemas.customers import (
    AccountingView,
    CustomerView,
    FieldSource,
    HoldView,
    RegistryView,
    SharedView,
    ShopView,
)
from api.schemas.sharing import GrantLevel
from hub.access.fields import hidden_fields
from hub.access.roles import OF_A_RECORD, Verb
from hub.connections.models import Connection
from hub.customers import facts, keyed
from hub.customers.models import Customer, ShopIdentity
from hub.customers.services import KEYED

_VERBS = (*OF_A_RECORD, Verb.CLAIM)
_COLUMNS = frozenset(CustomerView.model_fields) - {
    "registry", "accounting", "hold", "provenance", "shops", "allowed_actions", "shared",
    "pool_state", "warnings", *KEYED,
}  # fmt: skip


def customer_view(
    call: Call[Any, Any], customer: Customer, *, provenance: bool = False
) -> CustomerView:
    """Return a customer as the caller sees it, on request with where its values come from.

    What follows from a change of this request (a look-up, a push) shows already.
    """
    loaded = customer.__dict__  # read past SQLAlchemy's descriptors: a page has 2,000 values
    return CustomerView(
        **{n: loaded[n] if n in loaded else getattr(customer, n) for n in _COLUMNS},
        **{name: keyed.texts(getattr(customer, name)) for name in KEYED},
        warnings=warning_views(call, customer),
        allowed_actions=_actions(call, customer),
        hold=hold_view(call, customer),
        shared=shared_view(call, customer),
        pool_state=customer.pool_place,
        registry=RegistryView(
            state=customer.registry_state,
            source=customer.registry_source,
            at=customer.registry_at,
            next_try_at=customer.registry_next_try_at,
            status=customer.registry_status,
            message=message_view(call, customer.registry_message),
        ),
        accounting=AccountingView(
            state=customer.accounting_state,
            message=message_view(call, customer.accounting_message),
        ),
        provenance={
            field: FieldSource(origin=found.origin, source=found.source, at=found.at)
            for field, found in facts.provenance(call.session, customer).items()
            if field not in hidden_fields(call.principal, Customer)
        }
        if provenance
        else None,
        shops=_shops(call, customer) if provenance else None,
    )


def _shops(call: Call[Any, Any], customer: Customer) -> list[ShopView]:
    known = call.session.execute(
        select(ShopIdentity.connection_id, Connection.name, ShopIdentity.shop_customer_id)
        .join(Connection, Connection.id == ShopIdentity.connection_id)
        .where(ShopIdentity.customer_id == customer.id)
        .order_by(Connection.name, ShopIdentity.shop_customer_id)
    )
    return [
        ShopView(connection_id=connection, connection_name=name, shop_customer_id=of_shop)
        for connection, name, of_shop in known
    ]


def shared_view(call: Call[Any, Any], record: Any) -> SharedView | None:
    """Return how far a record is shared with the caller; None where it is not."""
    share = call.share_of(record)
    if share is None:
        return None
    return SharedView(
        level=GrantLevel(share.level.name.lower()),
        may_share=share.may_share,
        expires_at=share.expires_at,
        reason=share.reason,
        shared_by=share.by,
        shared_by_name=share.by_name,
    )


def customer_numbers(call: Call[Any, Any], record: Any) -> dict[Any, str | None]:
    """Return the numbers of records' customers by id, asked once for a page."""
    known: dict[Any, str | None] = call.session.info.setdefault("customer_numbers", {})
    if record.customer_id is None or record.customer_id in known:
        return known
    shown = [each for each in call.shown if type(each) is type(record)]
    wanted = {each.customer_id for each in shown or [record] if each.customer_id is not None}
    missing = wanted - known.keys()
    if missing:
        query = select(Customer.id, Customer.ref_no).where(Customer.id.in_(missing))
        known |= {row.id: row.ref_no for row in call.session.execute(query)}
    return known


def hold_view(call: Call[Any, Any], customer: Customer) -> HoldView:
    """Return whether a customer is on hold, in the caller's words."""
    return HoldView(
        state=customer.hold,
        message=message_view(call, customer.hold_message),
        by=customer.hold_by,
        at=customer.hold_at,
    )


def _actions(call: Call[Any, Any], customer: Customer) -> list[str]:
    may = call.actions("customers", customer, _VERBS)
    is_own = customer.owner_user_id == call.principal.user_id
    return [verb for verb in may if verb != Verb.CLAIM] if is_own else may
