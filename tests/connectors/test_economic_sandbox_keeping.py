from pathlib import Path
from typing import Any

from connectors.sandbox.economic import create_app
from connectors.sandbox.economic.keeping import keep_books, open_books

_CUSTOMER = {"customerNumber": 7, "name": "Nordlys Testværk ApS"}
_INVOICE = {"customerNumber": 7, "grossAmount": 1250.0}


def start(path: Path) -> Any:
    books = open_books(path)
    app = create_app(books)
    keep_books(app, books, path)
    return app.test_client()


def shown(client: Any, path: str) -> Any:
    tokens = {"X-AppSecretToken": "sandbox-app", "X-AgreementGrantToken": "sandbox-grant"}
    return client.get(path, headers=tokens).get_json()


def test_customers_and_invoices_are_there_again_after_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "books.json"
    first = start(path)
    first.post("/_sandbox/customers", json=_CUSTOMER)
    first.post("/_sandbox/invoices", json=_INVOICE)
    before = shown(first, "/customers/7")

    second = start(path)

    assert shown(second, "/customers/7") == before
    assert shown(second, "/invoices/booked/1")["grossAmount"] == 1250.0
    assert (
        second.post("/_sandbox/customers", json={"name": "Næste"}).get_json()[0]["customerNumber"]
        == 8
    )


def test_a_new_file_begins_as_a_new_agreement(tmp_path: Path) -> None:
    client = start(tmp_path / "books.json")

    assert shown(client, "/customers")["collection"] == []
    assert len(shown(client, "/customer-groups")["collection"]) == 3


def test_reading_writes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "books.json"

    shown(start(path), "/customers")

    assert not path.exists()
