"""The endpoints of what customers refer to, of the agreement itself, and of the root."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.sandbox.economic.books import Books, Record
from connectors.sandbox.economic.filters import Field
from connectors.sandbox.economic.paging import collection
from connectors.sandbox.economic.presenting import (
    agreement_body,
    customer_body,
    customer_group_body,
    simple_body,
    with_balances,
)
from connectors.sandbox.economic.reading import here, json_object, root
from connectors.sandbox.economic.refusals import RefusedError
from connectors.sandbox.economic.searchable import (
    CUSTOMER_GROUPS,
    CUSTOMERS_OF_GROUP,
    EMPLOYEES,
)


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A read-only collection: where it is served, its key, which member of `Books` holds it."""

    path: str
    key: str
    member: str
    fields: Mapping[str, Field]

    def records(self, books: Books) -> Mapping[Any, Record]:
        records: Mapping[Any, Record] = getattr(books, self.member)
        return records


_SHELVES = (
    _Shelf("payment-terms", "paymentTermsNumber", "payment_terms", {}),
    _Shelf("vat-zones", "vatZoneNumber", "vat_zones", {}),
    _Shelf("currencies", "code", "currencies", {}),
    _Shelf("layouts", "layoutNumber", "layouts", {}),
    _Shelf("employees", "employeeNumber", "employees", EMPLOYEES),
)


def make_agreement(books: Books) -> Blueprint:
    """Return the endpoints of the agreement: read-only but for customer groups."""
    blueprint = Blueprint("agreement", __name__)

    @blueprint.get("/self")
    def show_agreement() -> ResponseReturnValue:
        return agreement_body(books, root())

    for shelf in _SHELVES:
        _serve(blueprint, books, shelf)
    _serve_customer_groups(blueprint, books)
    return blueprint


def _serve(blueprint: Blueprint, books: Books, shelf: _Shelf) -> None:
    def present(record: Record) -> Record:
        return simple_body(root(), shelf.path, shelf.key, record)

    def list_records() -> ResponseReturnValue:
        return collection(
            shelf.records(books).values(), request.args, shelf.fields, here(), present
        )

    def show_record(number: str) -> ResponseReturnValue:
        records = {str(key): record for key, record in shelf.records(books).items()}
        if number not in records:
            raise RefusedError(404, "not_found", code="E06000")
        return present(records[number])

    blueprint.add_url_rule(f"/{shelf.path}", f"list_{shelf.member}", list_records)
    blueprint.add_url_rule(f"/{shelf.path}/<number>", f"show_{shelf.member}", show_record)


def _serve_customer_groups(blueprint: Blueprint, books: Books) -> None:
    @blueprint.get("/customer-groups")
    def list_customer_groups() -> ResponseReturnValue:
        return collection(
            books.customer_groups.values(),
            request.args,
            CUSTOMER_GROUPS,
            here(),
            lambda record: customer_group_body(root(), record),
            create="Create a new customer group",
        )

    @blueprint.post("/customer-groups")
    def create_customer_group() -> ResponseReturnValue:
        body = customer_group_body(root(), books.store_customer_group(json_object()))
        return body, 201, {"Location": body["self"]}

    @blueprint.get("/customer-groups/<int:number>")
    def show_customer_group(number: int) -> ResponseReturnValue:
        return customer_group_body(root(), _group(books, number))

    @blueprint.put("/customer-groups/<int:number>")
    def replace_customer_group(number: int) -> ResponseReturnValue:
        return customer_group_body(root(), books.store_customer_group(json_object(), number=number))

    @blueprint.delete("/customer-groups/<int:number>")
    def delete_customer_group(number: int) -> ResponseReturnValue:
        _group(books, number)
        if _members(books, number):
            raise RefusedError(400, "group_in_use", code="E04300")
        del books.customer_groups[number]
        return "", 204

    @blueprint.get("/customer-groups/<int:number>/customers")
    def list_members(number: int) -> ResponseReturnValue:
        _group(books, number)
        return collection(
            with_balances(books, _members(books, number), request.args),
            request.args,
            CUSTOMERS_OF_GROUP,
            here(),
            lambda record: customer_body(books, root(), record),
        )


def _group(books: Books, number: int) -> Record:
    if number not in books.customer_groups:
        raise RefusedError(404, "not_found", code="E06000")
    return books.customer_groups[number]


def _members(books: Books, number: int) -> list[Record]:
    return [
        record
        for record in books.customers.values()
        if record["customerGroup"]["customerGroupNumber"] == number
    ]
