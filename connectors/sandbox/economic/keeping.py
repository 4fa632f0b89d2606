"""Keeps the books in a file, so that a demonstration finds its customers again after a stop."""

import json
import os
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from connectors.sandbox.economic.books import Books, Record
from connectors.sandbox.economic.opening_balance import new_books

_SHELVES = ("customers", "customer_groups", "booked", "drafts")
_SHELVES_BY_CUSTOMER = ("contacts", "delivery_locations")
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def open_books(path: Path) -> Books:
    """Return the books as they were last kept, those of a new agreement where there is no file."""
    books = new_books()
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        for name in _SHELVES:
            setattr(books, name, _numbered(kept[name]))
        for name in _SHELVES_BY_CUSTOMER:
            shelves = {number: _numbered(shelf) for number, shelf in _numbered(kept[name]).items()}
            setattr(books, name, shelves)
    return books


def keep_books(app: Flask, books: Books, path: Path) -> None:
    """Write the books to the file after every request that may have changed them."""
    path.parent.mkdir(parents=True, exist_ok=True)

    @app.after_request
    def keep(response: Response) -> Response:
        if request.method not in _READS:
            with books.lock:
                _write(books, path)
        return response


def _write(books: Books, path: Path) -> None:
    kept = {name: getattr(books, name) for name in (*_SHELVES, *_SHELVES_BY_CUSTOMER)}
    draft = path.with_suffix(".new")
    with draft.open("w", encoding="utf-8") as stream:
        json.dump(kept, stream, ensure_ascii=False)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _numbered(shelf: dict[str, Any]) -> dict[int, Record]:
    """Return a shelf by number: JSON knows only texts for names."""
    return {int(number): record for number, record in shelf.items()}
