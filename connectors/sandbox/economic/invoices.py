"""The endpoints of invoices: all are read-only here, and entered through `control`."""

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.sandbox.economic.books import Books, Record
from connectors.sandbox.economic.filters import Field
from connectors.sandbox.economic.paging import collection
from connectors.sandbox.economic.presenting import invoice_body, is_overdue
from connectors.sandbox.economic.reading import here, root
from connectors.sandbox.economic.refusals import RefusedError
from connectors.sandbox.economic.searchable import (
    BOOKED,
    BOOKED_BY_STATE,
    BOOKED_OF_CUSTOMER,
    DRAFTS,
    DRAFTS_OF_CUSTOMER,
)

_Wanted = Callable[[Record, str], bool]

_STATES: Mapping[str, _Wanted] = {
    "unpaid": lambda invoice, _today: invoice["remainder"] != 0,
    "paid": lambda invoice, _today: invoice["remainder"] == 0,
    "overdue": is_overdue,
    "not-due": lambda invoice, today: invoice["remainder"] != 0 and not is_overdue(invoice, today),
}


def make_invoices(books: Books) -> Blueprint:
    """Return the endpoints under ``/invoices`` and those of a customer's own invoices."""
    blueprint = Blueprint("invoices", __name__)

    @blueprint.get("/invoices")
    def list_kinds() -> ResponseReturnValue:
        kinds = ("drafts", "booked", *_STATES)
        return {kind: f"{here()}/{kind}" for kind in kinds} | {"self": here()}

    @blueprint.get("/invoices/booked")
    def list_booked() -> ResponseReturnValue:
        return _page(books.booked.values(), BOOKED, _body_of_booked)

    @blueprint.get("/invoices/booked/<int:number>")
    def show_booked(number: int) -> ResponseReturnValue:
        return _body_of_booked(_record(books.booked, number)) | {"lines": []}

    @blueprint.get("/invoices/drafts")
    def list_drafts() -> ResponseReturnValue:
        return _page(books.drafts.values(), DRAFTS, _short_draft)

    @blueprint.get("/invoices/drafts/<int:number>")
    def show_draft(number: int) -> ResponseReturnValue:
        return _body_of_draft(_record(books.drafts, number)) | {"lines": []}

    @blueprint.get("/invoices/<state>")
    def list_state(state: str) -> ResponseReturnValue:
        if state not in _STATES:
            raise RefusedError(404, "not_found", code="E06000")
        today = books.now().date().isoformat()
        wanted = _STATES[state]
        return _page(
            [i for i in books.booked.values() if wanted(i, today)], BOOKED_BY_STATE, _short_booked
        )

    _serve_those_of_a_customer(blueprint, books)
    return blueprint


def _serve_those_of_a_customer(blueprint: Blueprint, books: Books) -> None:
    @blueprint.get("/customers/<int:customer>/invoices")
    def list_kinds_of_customer(customer: int) -> ResponseReturnValue:
        books.customer(customer)
        return {
            "drafts": f"{here()}/drafts",
            "booked": f"{here()}/booked",
            "self": here(),
        }

    @blueprint.get("/customers/<int:customer>/invoices/booked")
    def list_booked_of_customer(customer: int) -> ResponseReturnValue:
        books.customer(customer)
        return _page(_of(books.booked, customer), BOOKED_OF_CUSTOMER, _short_booked)

    @blueprint.get("/customers/<int:customer>/invoices/drafts")
    def list_drafts_of_customer(customer: int) -> ResponseReturnValue:
        books.customer(customer)
        return _page(_of(books.drafts, customer), DRAFTS_OF_CUSTOMER, _shorter_draft)


def _page(
    records: Iterable[Record], fields: Mapping[str, Field], present: Callable[[Record], Record]
) -> Record:
    return collection(records, request.args, fields, here(), present)


def _short_booked(record: Record) -> Record:
    """Return a booked invoice as the lists by state and by customer show it."""
    return _without(_body_of_booked(record), "exchangeRate", "grossAmountInBaseCurrency")


def _short_draft(record: Record) -> Record:
    """Return a draft as the list of all drafts shows it."""
    return _without(_body_of_draft(record), "layout")


def _shorter_draft(record: Record) -> Record:
    """Return a draft as the list of a customer's drafts shows it."""
    return _without(_short_draft(record), "lastUpdated")


def _without(body: Record, *names: str) -> Record:
    return {name: value for name, value in body.items() if name not in names}


def _body_of_booked(record: Record) -> Record:
    return invoice_body(root(), record, "invoices/booked", "bookedInvoiceNumber")


def _body_of_draft(record: Record) -> Record:
    return invoice_body(root(), record, "invoices/drafts", "draftInvoiceNumber")


def _record(records: Mapping[int, Record], number: int) -> Record:
    if number not in records:
        raise RefusedError(404, "not_found", code="E06000")
    return records[number]


def _of(records: Mapping[int, Record], customer: int) -> list[Record]:
    return [i for i in records.values() if i["customer"]["customerNumber"] == customer]
