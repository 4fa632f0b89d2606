"""What is shown of a customer."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import select

from api.calls import Call
from api.messages import message_view
from api.presenting_accounting import ACCOUNTING, accounting_view
from api.presenting_entries import warning_views
from api.presenting_provenance import sources_of
from api.schemas.customers import (
    CustomerView,
    HoldView,
    RegistryView,
    SharedView,
    ShopView,
)
from api.schemas.sharing import GrantLevel
from hub.access.fields import hidden_fields
from hub.access.predicates import near, visible
from hub.access.principals import Permission
from hub.access.roles import OF_A_RECORD, Verb
from hub.connections.models import Connection
from hub.customers import keyed
from hub.customers.models import Customer, ShopIdentity
from hub.customers.services import KEYED
from hub.references import unseen_in, without_ids

_VERBS = (*OF_A_RECORD, Verb.CLAIM)
_COLUMNS = frozenset(CustomerView.model_fields) - {
    "registry", "accounting", "hold", "provenance", "shops", "allowed_actions", "shared",
    "pool_state", "warnings", "custom", *KEYED,
}  # fmt: skip
_PARTS: Mapping[str, Mapping[str, str]] = {
    "hold": {"state": "hold"} | {n: f"hold_{n}" for n in HoldView.model_fields if n != "state"},
    "registry": {name: f"registry_{name}" for name in RegistryView.model_fields},
}
"""The columns in the parts of a view, by the names that they have there."""
_READ = frozenset(
    (
        *_COLUMNS, *KEYED, *(column for part in _PARTS.values() for column in part.values()),
        *ACCOUNTING,
    )
)  # fmt: skip
_OF_PART = {part: itemgetter(*columns.values()) for part, columns in _PARTS.items()}


def customer_view(
    call: Call[Any, Any], customer: Customer, *, provenance: bool = False
) -> CustomerView:
    """Return a customer as the caller sees it, on request with where its values come from.

    What follows from a change of this request (a look-up, a push) shows already.
    """
    # Read past SQLAlchemy's descriptors, checked by pydantic in one go: a page has 3,000 values.
    row = customer.__dict__
    if not row.keys() >= _READ:
        row = {name: getattr(customer, name) for name in _READ}
    shown = {
        **row,
        **{name: keyed.texts(row[name]) for name in KEYED},
        **{part: _part(call, row, part) for part in _PARTS},
        "accounting": accounting_view(call, customer, row),
        "warnings": warning_views(call, customer),
        "custom": custom_view(call, customer),
        "allowed_actions": _actions(call, customer),
        "shared": shared_view(call, customer),
        "pool_state": customer.pool_place,
    }
    if provenance:
        shown["provenance"] = {
            field: found
            for field, found in sources_of(call, customer).items()
            if field not in hidden_fields(call.principal, Customer)
        }
        shown["shops"] = _shops(call, customer)
    return CustomerView.model_validate(shown)


def _part(call: Call[Any, Any], row: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return the columns that a view has in a part of its own, their message in words."""
    shown = dict(zip(_PARTS[part], _OF_PART[part](row), strict=True))
    if shown["message"] is not None:
        shown["message"] = message_view(call, shown["message"])
    return shown


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


def customers_seen(
    call: Call[Any, Any], record: Any, *names: str
) -> Mapping[UUID | None, str | None]:
    """Return the numbers of the customers that records name, by id, of those the caller sees.

    They are asked for once for a page. `names` are the fields that name them, `customer_id` alone
    where none is given.
    """
    columns = names or ("customer_id",)
    asked: set[UUID] = call.session.info.setdefault("customers_asked_for", set())
    known: dict[UUID | None, str | None] = call.session.info.setdefault("customers_seen", {})
    if not call.principal.may(Permission(Verb.READ, Customer.collection())):
        return known  # his token does not reach customers
    if {getattr(record, name) for name in columns} - {None} <= asked:
        return known
    shown = [each for each in call.shown if type(each) is type(record)]
    wanted = {getattr(each, name) for each in shown or [record] for name in columns} - {None}
    if missing := wanted - asked:
        asked |= missing
        principal = near(call.principal, Customer, missing)
        query = select(Customer.id, Customer.ref_no).where(
            Customer.id.in_(missing), visible(principal, Verb.READ, Customer)
        )
        known |= {row.id: row.ref_no for row in call.session.execute(query)}
    return known


def custom_view(call: Call[Any, Any], record: Any) -> dict[str, Any]:
    """Return the custom values of a record; those that name what the caller does not see are empty.

    It is asked once for a page what he sees.
    """
    custom: dict[str, Any] = record.custom
    if not custom:
        return custom
    shown = [each for each in call.shown if type(each) is type(record)] or [record]
    known: dict[Any, frozenset[str]] = call.session.info.setdefault("unseen_in_custom", {})
    key = tuple(each.id for each in shown)
    if key not in known or record not in shown:
        values = [(record.entity(), each.custom) for each in {*shown, record}]
        known[key] = unseen_in(call.session, call.principal, values)
    return dict(without_ids(custom, known[key]))


def hold_view(call: Call[Any, Any], customer: Customer) -> HoldView:
    """Return whether a customer is on hold, in the caller's words."""
    row = {column: getattr(customer, column) for column in _PARTS["hold"].values()}
    return HoldView(**_part(call, row, "hold"))


def _actions(call: Call[Any, Any], customer: Customer) -> list[str]:
    may = call.actions("customers", customer, _VERBS)
    is_own = customer.owner_user_id == call.principal.user_id
    return [verb for verb in may if verb != Verb.CLAIM] if is_own else may
