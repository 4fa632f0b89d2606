"""How records look on the wire: the stored properties with the vendor's links around them.

The links lead to the sandbox itself, so that following one works.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.sandbox.economic.books import Books, Record

_SHELVES: Mapping[str, tuple[str, str]] = {
    "customerGroup": ("customerGroupNumber", "customer-groups"),
    "vatZone": ("vatZoneNumber", "vat-zones"),
    "layout": ("layoutNumber", "layouts"),
    "paymentTerms": ("paymentTermsNumber", "payment-terms"),
    "salesPerson": ("employeeNumber", "employees"),
    "account": ("accountNumber", "accounts"),
    "customer": ("customerNumber", "customers"),
}
_OF_CUSTOMER: Mapping[str, tuple[str, str]] = {
    "attention": ("customerContactNumber", "contacts"),
    "customerContact": ("customerContactNumber", "contacts"),
    "defaultDeliveryLocation": ("deliveryLocationNumber", "delivery-locations"),
}


def customer_body(books: Books, root: str, record: Record) -> Record:
    """Return a customer; `root` is the URL of the server without a slash at the end."""
    own = f"{root}/customers/{record['customerNumber']}"
    number = record["customerNumber"]
    balance, due = balances(books, number)
    return _linked(record, root, own) | {
        "balance": balance,
        "dueAmount": due,
        "contacts": f"{own}/contacts",
        "deliveryLocations": f"{own}/delivery-locations",
        "templates": {
            "invoice": f"{own}/templates/invoice",
            "invoiceLine": f"{own}/templates/invoiceline",
            "self": f"{own}/templates",
        },
        "totals": {
            "drafts": f"{root}/invoices/totals/drafts/customers/{number}",
            "booked": f"{root}/invoices/totals/booked/customers/{number}",
            "self": f"{own}/totals",
        },
        "invoices": {
            "drafts": f"{own}/invoices/drafts",
            "booked": f"{own}/invoices/booked",
            "self": f"{own}/invoices",
        },
        "self": own,
    }


def contact_body(root: str, customer: int, record: Record) -> Record:
    """Return a contact of a customer."""
    own = f"{root}/customers/{customer}"
    return record | {
        "deleted": False,
        "customer": {"customerNumber": customer, "self": own},
        "self": f"{own}/contacts/{record['customerContactNumber']}",
    }


def customer_group_body(root: str, record: Record) -> Record:
    """Return a customer group."""
    own = f"{root}/customer-groups/{record['customerGroupNumber']}"
    return _linked(record, root, own) | {"customers": f"{own}/customers", "self": own}


def invoice_body(root: str, record: Record, path: str, number: str) -> Record:
    """Return an invoice; `path` is where its kind is kept, `number` the name of its number."""
    own = f"{root}/{path}/{record[number]}"
    body = _linked(record, root, own) | {"pdf": {"download": f"{own}/pdf"}, "self": own}
    recipient = dict(record["recipient"])
    zone = recipient["vatZone"]["vatZoneNumber"]
    recipient["vatZone"] = {"vatZoneNumber": zone, "self": f"{root}/vat-zones/{zone}"}
    if path == "invoices/drafts":
        body["templates"] = {
            "bookingInstructions": f"{own}/templates/booking-instructions",
            "self": f"{own}/templates",
        }
    return body | {"recipient": recipient}


def simple_body(root: str, path: str, number: str, record: Record) -> Record:
    """Return a record that refers to nothing."""
    return record | {"self": f"{root}/{path}/{record[number]}"}


def agreement_body(books: Books, root: str) -> Record:
    """Return what ``/self`` says of the agreement, its user and the calling app."""
    return {
        "agreementNumber": books.agreement_number,
        "agreementType": {"agreementTypeNumber": 4, "name": "Kunde"},
        "userName": "SANDBOX",
        "user": {
            "loginId": "SANDBOX",
            "email": "bogholder@proevehandel.example",
            "name": "Prøve Bogholder",
            "agreementNumber": books.agreement_number,
            "language": {
                "languageNumber": 1 if books.options.voice.language == "da" else 2,
                "name": "Dansk" if books.options.voice.language == "da" else "English",
                "culture": "da-DK" if books.options.voice.language == "da" else "en-GB",
                "self": f"{root}/languages/1",
            },
        },
        "signupDate": "2020-01-01",
        "company": {
            "name": books.company,
            "addressLine1": "Prøvevej 1",
            "zip": "8000",
            "city": "Aarhus C",
            "country": "Danmark",
            "companyIdentificationNumber": "99000015",
        },
        "bankInformation": {},
        "application": {
            "appNumber": 1,
            "name": "Sandbox app",
            "appPublicToken": "sandbox-public",
            "created": "2020-01-01",
            "requiredRoles": [
                {"roleNumber": 1, "name": "SuperUser", "self": f"{root}/app-roles/1"}
            ],
            "self": f"{root}/apps/1",
        },
        "settings": {"baseCurrency": books.base_currency, "internationalLedger": "false"},
        "canSendElectronicInvoice": True,
        "modules": [{"moduleNumber": 1, "name": "Sandbox", "self": f"{root}/modules/1"}],
        "self": f"{root}/self",
    }


def is_overdue(invoice: Mapping[str, Any], today: str) -> bool:
    """Say whether an invoice has something left to pay after its due date; dates are ISO texts."""
    return bool(invoice["remainder"] != 0 and invoice.get("dueDate", today) < today)


def balances(books: Books, customer: int) -> tuple[float, float]:
    """Return what a customer owes and how much of it is overdue, in the base currency."""
    today = books.now().date().isoformat()
    own = [i for i in books.booked.values() if i["customer"]["customerNumber"] == customer]
    balance = sum((float(i["remainderInBaseCurrency"]) for i in own), 0.0)
    due = sum((float(i["remainderInBaseCurrency"]) for i in own if is_overdue(i, today)), 0.0)
    return round(balance, 2), round(due, 2)


def with_balances(
    books: Books, customers: Iterable[Record], query: Mapping[str, str]
) -> list[Record]:
    """Return customers to search among, with their balances where the query asks about those."""
    if "balance" not in query.get("filter", "") + query.get("sort", ""):
        return list(customers)
    return [
        record | {"balance": balances(books, record["customerNumber"])[0]} for record in customers
    ]


def _linked(record: Record, root: str, own: str) -> Record:
    """Add its ``self`` link to each reference of a record."""
    linked = dict(record)
    for name, value in record.items():
        if name in _SHELVES:
            number, shelf = _SHELVES[name]
            linked[name] = value | {"self": f"{root}/{shelf}/{value[number]}"}
        elif name in _OF_CUSTOMER:
            number, shelf = _OF_CUSTOMER[name]
            linked[name] = value | {"self": f"{own}/{shelf}/{value[number]}"}
    return linked
