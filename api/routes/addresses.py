"""/addresses, /customers/{id}/addresses and /customers/{id}/mail-routes"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Blueprint

from api.concealing import writing
from api.lists import ListPage, list_page
from api.operations import Answer, Call, Permission, Verb, operation
from api.removing import taking_away
from api.routes.customers import get_customer_record
from api.schemas.addresses import (
    AddressFields,
    AddressPatch,
    AddressView,
    MailRoutes,
    MailRouteView,
)
from api.schemas.shapes import Because
from hub.access.lookup import get_record
from hub.customers import addresses, routing
from hub.customers.listing import ADDRESSES
from hub.customers.models import Address

blueprint = Blueprint("addresses", __name__)
_TAKEN = {HTTPStatus.CONFLICT: "The external reference is in use (`taken`)."}


def address_view(call: Call[Any, Any], address: Address) -> AddressView:
    """Return an address as the caller sees it."""
    return AddressView.model_validate(address).model_copy(
        update={"allowed_actions": call.actions("customers", address)}
    )


def _view_again(call: Call[Any, Any], address_id: UUID) -> AddressView:
    return address_view(
        call, get_record(call.session, call.principal, Verb.READ, Address, address_id)
    )


@operation(
    blueprint, "GET", "/addresses",
    permission=Permission(Verb.READ, "customers"), listing=ADDRESSES,
    answer=ListPage[AddressView],
)  # fmt: skip
def list_addresses(call: Call) -> Answer[ListPage[AddressView]]:
    """List addresses beside the main ones; `customer=` names whose."""
    return list_page(call, ADDRESSES, lambda address: address_view(call, address))


@operation(
    blueprint, "POST", "/customers/<uuid:customer_id>/addresses",
    permission=Permission(Verb.EDIT, "customers"), body=AddressFields, answer=AddressView,
    status=HTTPStatus.CREATED, reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def create_address(call: Call[AddressFields], customer_id: UUID) -> Answer[AddressView]:
    """Add a billing, shipping or other address; the first one of its kind is the default."""
    customer = get_customer_record(call, Verb.EDIT, customer_id)
    fields = call.body.given()
    with writing(call, Address, fields):
        address = addresses.create(call.session, customer, fields)
    return Answer(address_view(call, address), location=f"/addresses/{address.id}")


@operation(
    blueprint, "GET", "/addresses/<uuid:address_id>",
    permission=Permission(Verb.READ, "customers"), answer=AddressView,
)  # fmt: skip
def get_address(call: Call, address_id: UUID) -> AddressView:
    """Return an address."""
    return _view_again(call, address_id)


@operation(
    blueprint, "PATCH", "/addresses/<uuid:address_id>",
    permission=Permission(Verb.EDIT, "customers"), body=AddressPatch, answer=AddressView,
    reload=_view_again, refusals=_TAKEN,
)  # fmt: skip
def change_address(call: Call[AddressPatch], address_id: UUID) -> AddressView:
    """Change an address; made the default, it takes the place of the one that was."""
    address = _for_change(call, address_id)
    customer = get_customer_record(call, Verb.EDIT, address.customer_id)
    changes = call.body.changes()
    with writing(call, Address, changes):
        addresses.update(call.session, customer, address, changes)
    return address_view(call, address)


@operation(
    blueprint, "DELETE", "/addresses/<uuid:address_id>",
    permission=Permission(Verb.EDIT, "customers"), query=Because, status=HTTPStatus.NO_CONTENT,
    refusals={HTTPStatus.CONFLICT: "Documents go to it (`in_use`)."},
)  # fmt: skip
def delete_address(call: Call[None, Because], address_id: UUID) -> Answer[None]:
    """Take an address away; its history stays readable.

    In the place of a default comes the oldest of the others of its kind.
    """
    address = _for_change(call, address_id)
    customer = get_customer_record(call, Verb.EDIT, address.customer_id)
    with taking_away(call, address):
        addresses.delete(call.session, customer, address, now=call.now)
    return Answer(None)


@operation(
    blueprint, "GET", "/customers/<uuid:customer_id>/mail-routes",
    permission=Permission(Verb.READ, "customers"), answer=MailRoutes,
)  # fmt: skip
def list_mail_routes(call: Call, customer_id: UUID) -> MailRoutes:
    """Say where documents of each kind go now, by the customer's `mail_routes`."""
    customer = get_customer_record(call, Verb.READ, customer_id)
    found = routing.routes(call.session, customer)
    return MailRoutes(items=[MailRouteView.model_validate(each) for each in found])


def _for_change(call: Call[Any, Any], address_id: UUID) -> Address:
    return get_record(
        call.session, call.principal, Verb.EDIT, Address, address_id,
        expected_version=call.expected_version,
    )  # fmt: skip
