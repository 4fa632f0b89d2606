"""The endpoints of invoices: all are read-only here, and entered through `control`."""

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from connectors.sandbox.economic.books import Books, Record
from connectors.sandbox.economic.filters import Field, FieldKind
from connectors.sandbox.economic.paging import collection
from connectors.sandbox.economic.presenting import invoice_body, is_overdue
from connectors.sandbox.economic.reading import here, root
from connectors.sandbox.economic.refusals import RefusedError

_SHARED_FIELDS: Mapping[str, Field] = {
    "date": Field(FieldKind.DATE),
    "currency": Field(),
    "paymentTerms.paymentTermsNumber": Field(FieldKind.NUMBER),
    "customer.customerNumber": Field(FieldKind.NUMBER),
    "recipient.name": Field(),
    "recipient.address": Field(),
    "recipient.zip": Field(),
    "recipient.city": Field(),
    "recipient.country": Field(),
    "recipient.ean": Field(),
    "recipient.publicEntryNumber": Field(),
}
OPEN_FIELDS: Mapping[str, Field] = {
    **_SHARED_FIELDS,
    "bookedInvoiceNumber": Field(FieldKind.NUMBER),
    "recipient.vatZone.vatZoneNumber": Field(FieldKind.NUMBER),
}
BOOKED_FIELDS: Mapping[str, Field] = {
    **OPEN_FIELDS,
    "exchangeRate": Field(FieldKind.NUMBER),
}
DRAFT_FIELDS: Mapping[str, Field] = {
    **_SHARED_FIELDS,
    "draftInvoiceNumber": Field(FieldKind.NUMBER),
    "exchangeRate": Field(FieldKind.NUMBER),
    "lastUpdated": Field(FieldKind.INSTANT, sortable=False),
}

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
        return _booked(books.booked.values(), BOOKED_FIELDS)

    @blueprint.get("/invoices/booked/<int:number>")
    def show_booked(number: int) -> ResponseReturnValue:
        return _body_of_booked(_record(books.booked, number)) | {"lines": []}

    @blueprint.get("/invoices/drafts")
    def list_drafts() -> ResponseReturnValue:
        return _drafted(books.drafts.values(), DRAFT_FIELDS)

    @blueprint.get("/invoices/drafts/<int:number>")
    def show_draft(number: int) -> ResponseReturnValue:
        return _body_of_draft(_record(books.drafts, number)) | {"lines": []}

    @blueprint.get("/invoices/<state>")
    def list_state(state: str) -> ResponseReturnValue:
        if state not in _STATES:
            raise RefusedError(404, "not_found", code="E06000")
        today = books.now().date().isoformat()
        wanted = _STATES[state]
        return _booked([i for i in books.booked.values() if wanted(i, today)], OPEN_FIELDS)

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
        return _booked(_of(books.booked, customer), OPEN_FIELDS)

    @blueprint.get("/customers/<int:customer>/invoices/drafts")
    def list_drafts_of_customer(customer: int) -> ResponseReturnValue:
        books.customer(customer)
        return _drafted(_of(books.drafts, customer), DRAFT_FIELDS)


def _booked(records: Iterable[Record], fields: Mapping[str, Field]) -> Record:
    return collection(records, request.args, fields, here(), _body_of_booked)


def _drafted(records: Iterable[Record], fields: Mapping[str, Field]) -> Record:
    return collection(records, request.args, fields, here(), _body_of_draft)


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
