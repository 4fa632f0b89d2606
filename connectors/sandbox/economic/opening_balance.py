"""What a new agreement has from the start: everything a customer must refer to, and no customer."""

from collections.abc import Callable
from datetime import UTC, datetime

from connectors.sandbox.economic.books import Books

_CURRENCIES = (
    ("DKK", "Danske kroner", "208"),
    ("EUR", "Euro", "978"),
    ("SEK", "Svenske kroner", "752"),
    ("NOK", "Norske kroner", "578"),
    ("USD", "US-dollar", "840"),
    ("GBP", "Britiske pund", "826"),
)  # fmt: skip - one line for every two currencies
_TERMS = (
    (1, "Netto 8 dage", "net", 8),
    (2, "Netto 14 dage", "net", 14),
    (3, "Netto 30 dage", "net", 30),
    (4, "Løbende måned 15 dage", "invoiceMonth", 15),
    (5, "Kontant", "paidInCash", None),
)  # fmt: skip - likewise
_ZONES = (
    (1, "Domestic", True),
    (2, "EU", True),
    (3, "Abroad", True),
    (4, "Domestic without VAT", True),
)  # fmt: skip - likewise


def _present() -> datetime:
    return datetime.now(UTC)


def new_books(clock: Callable[[], datetime] = _present) -> Books:
    """Return the books of a new agreement; `clock` gives aware instants."""
    books = Books(clock)
    for number, name in ((1, "Danske kunder"), (2, "EU-kunder"), (3, "Øvrige udland")):
        books.customer_groups[number] = {
            "customerGroupNumber": number,
            "name": name,
            "account": {"accountNumber": 5600},
        }
    for number, name, kind, days in _TERMS:
        books.payment_terms[number] = {
            "paymentTermsNumber": number,
            "name": name,
            "paymentTermsType": kind,
        }
        if days is not None:
            books.payment_terms[number]["daysOfCredit"] = days
    for number, name, enabled in _ZONES:
        books.vat_zones[number] = {
            "vatZoneNumber": number,
            "name": name,
            "enabledForCustomer": enabled,
            "enabledForSupplier": number != _ZONES[-1][0],
        }
    for code, name, iso_number in _CURRENCIES:
        books.currencies[code] = {"code": code, "name": name, "isoNumber": iso_number}
    books.layouts[19] = {"layoutNumber": 19, "name": "Dansk standard", "deleted": False}
    books.employees[1] = {"employeeNumber": 1, "name": "Prøve Sælger", "barred": False}
    return books
