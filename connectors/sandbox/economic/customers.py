"""The endpoints of customers, their contacts and delivery locations."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.sandbox.economic.books import Books, Record
from connectors.sandbox.economic.paging import collection
from connectors.sandbox.economic.presenting import contact_body, customer_body, with_balances
from connectors.sandbox.economic.reading import here, json_object, root
from connectors.sandbox.economic.refusals import RefusedError
from connectors.sandbox.economic.searchable import CONTACTS, CUSTOMERS, DELIVERY_LOCATIONS


def make_customers(books: Books) -> Blueprint:  # noqa: C901 - one short function for each endpoint
    """Return the endpoints under ``/customers``."""
    blueprint = Blueprint("customers", __name__, url_prefix="/customers")

    @blueprint.get("")
    def list_customers() -> ResponseReturnValue:
        return collection(
            with_balances(books, books.customers.values(), request.args),
            request.args,
            CUSTOMERS,
            here(),
            lambda record: customer_body(books, root(), record),
            create="Create a new customer",
        )

    @blueprint.post("")
    def create_customer() -> ResponseReturnValue:
        return _created(books, books.create_customer(json_object()))

    @blueprint.get("/<int:number>")
    def show_customer(number: int) -> ResponseReturnValue:
        return customer_body(books, root(), books.customer(number))

    @blueprint.put("/<int:number>")
    def replace_customer(number: int) -> ResponseReturnValue:
        known = number in books.customers
        record = books.replace_customer(number, json_object())
        return customer_body(books, root(), record) if known else _created(books, record)

    @blueprint.delete("/<int:number>")
    def delete_customer(number: int) -> ResponseReturnValue:
        books.delete_customer(number)
        return "", 204

    @blueprint.get("/<int:number>/contacts")
    def list_contacts(number: int) -> ResponseReturnValue:
        books.customer(number)
        return collection(
            books.contacts.get(number, {}).values(),
            request.args,
            CONTACTS,
            here(),
            lambda record: contact_body(root(), number, record),
            create="Create a new contact",
        )

    @blueprint.post("/<int:number>/contacts")
    def create_contact(number: int) -> ResponseReturnValue:
        body = contact_body(root(), number, books.store_contact(number, json_object()))
        return body, 201, {"Location": body["self"]}

    @blueprint.get("/<int:number>/contacts/<int:contact>")
    def show_contact(number: int, contact: int) -> ResponseReturnValue:
        return contact_body(root(), number, _contact(books, number, contact))

    @blueprint.put("/<int:number>/contacts/<int:contact>")
    def replace_contact(number: int, contact: int) -> ResponseReturnValue:
        record = books.store_contact(number, json_object(), number=contact)
        return contact_body(root(), number, record)

    @blueprint.delete("/<int:number>/contacts/<int:contact>")
    def delete_contact(number: int, contact: int) -> ResponseReturnValue:
        _contact(books, number, contact)
        del books.contacts[number][contact]
        return "", 204

    @blueprint.get("/<int:number>/delivery-locations")
    def list_delivery_locations(number: int) -> ResponseReturnValue:
        books.customer(number)
        own = f"{root()}/customers/{number}"
        return collection(
            books.delivery_locations.get(number, {}).values(),
            request.args,
            DELIVERY_LOCATIONS,
            here(),
            lambda record: (
                record
                | {
                    "customer": {"customerNumber": number, "self": own},
                    "self": f"{own}/delivery-locations/{record['deliveryLocationNumber']}",
                }
            ),
        )

    return blueprint


def _created(books: Books, record: Record) -> ResponseReturnValue:
    body = customer_body(books, root(), record)
    return body, 201, {"Location": body["self"]}


def _contact(books: Books, customer: int, number: int) -> Record:
    books.customer(customer)
    record = books.contacts.get(customer, {}).get(number)
    if record is None:
        raise RefusedError(404, "not_found", code="E06000")
    return record
