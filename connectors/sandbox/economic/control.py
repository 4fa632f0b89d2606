"""What a person in e-conomic would do, and what a test wants to know: ``/_sandbox/…``.

Besides the paths of `connectors.sandbox`:

- ``GET /writes``: every write received, oldest first, never forgotten.
- ``POST /customers``: enter customers (an object or a list in the vendor's shape; the required
  references default to 1); ``PATCH /customers/7`` edits one (null empties); ``DELETE`` removes one.
- ``POST /delivery-locations`` ``{"customerNumber": 7, "deliveryLocationNumber": 1, …}``.
- ``POST /invoices`` ``{"customerNumber": 7, "grossAmount": 1250.0, "dueDate": "2026-12-01"}`` books
  one; ``PATCH /invoices/1`` ``{"remainder": 0}`` is a payment; ``POST /drafts`` likewise.
- ``POST /customer-groups``, ``DELETE /customer-groups/1`` (even while it has customers).
- ``PUT /tokens`` replaces the two tokens; ``DELETE /tokens`` revokes them.
- ``GET`` and ``PATCH /state`` ``{"language": "da", "error_form": "array", "leaf_form": "old",
  "idempotency": false, "cache_refusals": false, "rate_limit": 100}``.
- ``POST /clock`` ``{"advance_s": 5}`` moves the agreement's clock.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from connectors.sandbox.economic.books import Books, Record, Tokens
from connectors.sandbox.economic.reading import json_object
from connectors.sandbox.economic.refusals import RefusedError

_DEFAULTS: Record = {
    "currency": "DKK",
    "customerGroup": {"customerGroupNumber": 1},
    "paymentTerms": {"paymentTermsNumber": 1},
    "vatZone": {"vatZoneNumber": 1},
}
_VOICES: Mapping[str, tuple[str, ...]] = {
    "language": ("en", "da"),
    "error_form": ("object", "array"),
    "leaf_form": ("current", "old"),
}
_SWITCHES: Mapping[str, type] = {"idempotency": bool, "cache_refusals": bool, "rate_limit": int}


def make_control(books: Books) -> Blueprint:
    """Return the endpoints; none of them needs tokens."""
    blueprint = Blueprint("control", __name__, url_prefix="/_sandbox")
    _serve_customers(blueprint, books)
    _serve_invoices(blueprint, books)
    _serve_groups_and_tokens(blueprint, books)
    _serve_switches(blueprint, books)
    return blueprint


def _serve_customers(blueprint: Blueprint, books: Books) -> None:
    @blueprint.post("/customers")
    def enter_customers() -> ResponseReturnValue:
        given: Any = request.get_json()
        bodies = given if isinstance(given, list) else [given]
        if not all(isinstance(body, dict) for body in bodies):
            raise RefusedError(400, "not_json")
        return jsonify([books.create_customer(_DEFAULTS | body) for body in bodies])

    @blueprint.patch("/customers/<int:number>")
    def edit_customer(number: int) -> ResponseReturnValue:
        changed = books.customer(number) | json_object()
        kept = {name: value for name, value in changed.items() if value is not None}
        return books.replace_customer(number, kept)

    @blueprint.delete("/customers/<int:number>")
    def remove_customer(number: int) -> ResponseReturnValue:
        books.delete_customer(number)
        return "", 204

    @blueprint.post("/delivery-locations")
    def enter_delivery_location() -> ResponseReturnValue:
        body = json_object()
        customer = int(_number(body, "customerNumber"))
        books.customer(customer)
        place = int(_number(body, "deliveryLocationNumber"))
        kept = {name: value for name, value in body.items() if name != "customerNumber"}
        books.delivery_locations.setdefault(customer, {})[place] = kept
        return kept


def _serve_invoices(blueprint: Blueprint, books: Books) -> None:
    @blueprint.post("/invoices")
    def book_invoice() -> ResponseReturnValue:
        number = max(books.booked, default=0) + 1
        books.booked[number] = {"bookedInvoiceNumber": number} | _invoice(books, json_object())
        return books.booked[number]

    @blueprint.patch("/invoices/<int:number>")
    def pay_invoice(number: int) -> ResponseReturnValue:
        if number not in books.booked:
            raise RefusedError(404, "not_found", code="E06000")
        remainder = _number(json_object(), "remainder")
        books.booked[number] |= {"remainder": remainder, "remainderInBaseCurrency": remainder}
        return books.booked[number]

    @blueprint.post("/drafts")
    def draft_invoice() -> ResponseReturnValue:
        number = max(books.drafts, default=0) + 1
        body = _invoice(books, json_object())
        for name in ("remainder", "remainderInBaseCurrency"):
            del body[name]
        body["lastUpdated"] = books.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        books.drafts[number] = {"draftInvoiceNumber": number} | body
        return books.drafts[number]


def _serve_groups_and_tokens(blueprint: Blueprint, books: Books) -> None:
    @blueprint.post("/customer-groups")
    def enter_customer_group() -> ResponseReturnValue:
        return books.store_customer_group({"account": {"accountNumber": 5600}} | json_object())

    @blueprint.delete("/customer-groups/<int:number>")
    def remove_customer_group(number: int) -> ResponseReturnValue:
        if books.customer_groups.pop(number, None) is None:
            raise RefusedError(404, "not_found", code="E06000")
        return "", 204

    @blueprint.put("/tokens")
    def replace_tokens() -> ResponseReturnValue:
        given = json_object()
        names = ("app_secret_token", "agreement_grant_token")
        for name in names:
            if not isinstance(given.get(name), str):
                raise RefusedError(400, "required", name=name)
        books.tokens = Tokens(*(given[name] for name in names))
        return asdict(books.tokens)

    @blueprint.delete("/tokens")
    def revoke_tokens() -> ResponseReturnValue:
        books.tokens = Tokens(None, None)
        return "", 204


def _serve_switches(blueprint: Blueprint, books: Books) -> None:
    @blueprint.get("/writes")
    def list_writes() -> ResponseReturnValue:
        return jsonify(
            [asdict(w) | {"received_at": w.received_at.isoformat()} for w in books.requests]
        )

    @blueprint.get("/state")
    def show_state() -> ResponseReturnValue:
        return _state(books)

    @blueprint.patch("/state")
    def change_state() -> ResponseReturnValue:
        for name, value in json_object().items():
            _switch(books, name, value)
        return _state(books)

    @blueprint.post("/clock")
    def move_clock() -> ResponseReturnValue:
        books.offset += timedelta(seconds=_number(json_object(), "advance_s"))
        return {"now": books.now().isoformat()}


def _state(books: Books) -> Record:
    switches = asdict(books.options)
    voice: Record = switches.pop("voice")
    return switches | voice


def _switch(books: Books, name: str, value: Any) -> None:
    if name in _VOICES and value in _VOICES[name]:
        books.options.voice = replace(books.options.voice, **{name: value})
    elif name in _SWITCHES and type(value) is _SWITCHES[name]:
        setattr(books.options, name, value)
    else:
        raise RefusedError(400, "choice", limit=", ".join([*_VOICES, *_SWITCHES]))


def _number(given: Mapping[str, Any], name: str) -> float:
    value = given.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise RefusedError(400, "required", name=name)
    return float(value)


def _invoice(books: Books, given: Record) -> Record:
    """Return the properties that booked invoices and drafts share; amounts in one currency."""
    customer = books.customer(int(_number(given, "customerNumber")))
    gross = _number(given, "grossAmount")
    net = round(gross / 1.25, 2)  # Danish VAT is 25 %
    remainder = _number({"remainder": gross} | given, "remainder")
    issued = str(given.get("date", books.now().date().isoformat()))
    due = (date.fromisoformat(issued) + timedelta(days=8)).isoformat()
    recipient = {
        n: customer[n]
        for n in ("name", "address", "zip", "city", "country", "ean")
        if n in customer
    }
    terms = books.payment_terms[customer["paymentTerms"]["paymentTermsNumber"]]
    return {
        "date": issued,
        "dueDate": str(given.get("dueDate", due)),
        "currency": customer["currency"],
        "exchangeRate": 100.0,
        "netAmount": net,
        "netAmountInBaseCurrency": net,
        "grossAmount": gross,
        "grossAmountInBaseCurrency": gross,
        "vatAmount": round(gross - net, 2),
        "roundingAmount": 0.0,
        "remainder": remainder,
        "remainderInBaseCurrency": remainder,
        "paymentTerms": {
            name: terms[name]
            for name in ("paymentTermsNumber", "daysOfCredit", "name", "paymentTermsType")
            if name in terms
        },
        "customer": {"customerNumber": customer["customerNumber"]},
        "recipient": recipient | {"vatZone": dict(customer["vatZone"])},
        "layout": {"layoutNumber": min(books.layouts)},
    }
