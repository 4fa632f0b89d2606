"""The sandbox as a Flask app: who may call, what it costs, and what is answered from the cache."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from flask import Flask, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from connectors.sandbox import CONTROLS, add_controls
from connectors.sandbox.economic.agreement import make_agreement
from connectors.sandbox.economic.books import (
    CALL_COST,
    DEMO_TOKEN,
    RATE_PERIOD,
    Books,
    CachedReply,
    WriteRequest,
)
from connectors.sandbox.economic.control import make_control
from connectors.sandbox.economic.customers import make_customers
from connectors.sandbox.economic.invoices import make_invoices
from connectors.sandbox.economic.opening_balance import new_books
from connectors.sandbox.economic.page import customers_page
from connectors.sandbox.economic.refusals import RefusedError

CACHE_TIME = timedelta(hours=1)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEPT_HEADERS = ("Content-Type", "Location")
_MESSAGES: Mapping[int, str] = {
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method",
    HTTPStatus.BAD_REQUEST: "not_json",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "media_type",
}


def create_app(books: Books | None = None) -> Flask:
    """Return the app; `books` are those of a new agreement where none are given."""
    kept = books or new_books()
    app = Flask(__name__)
    app.json.sort_keys = False  # type: ignore[attr-defined] # the default provider has it
    app.json.ensure_ascii = False  # type: ignore[attr-defined] # likewise
    app.extensions["books"] = kept
    _note_arrivals(app, kept)
    app.extensions["faults"] = add_controls(app)
    _note_outcomes(app, kept)
    _lock_books(app, kept)
    _guard(app, kept)
    for blueprint in (
        make_customers(kept),
        make_agreement(kept),
        make_invoices(kept),
        make_control(kept),
    ):
        app.register_blueprint(blueprint)
    _serve_root(app, kept)
    _translate_errors(app, kept)
    return app


def _note_arrivals(app: Flask, books: Books) -> None:
    """Keep every write as it arrives, before a fault may strike."""

    @app.before_request
    def note_arrival() -> None:
        if request.method in _READS or request.path.startswith(CONTROLS):
            return
        with books.lock:
            g.place = len(books.requests)
            books.requests.append(
                WriteRequest(
                    request.method,
                    request.path,
                    request.get_json(silent=True),
                    request.headers.get("Idempotency-Key"),
                    books.now(),
                )
            )


def _note_outcomes(app: Flask, books: Books) -> None:
    """Add what a write was answered, be it lost on the way or not."""

    @app.after_request
    def note_status(response: Response) -> Response:
        if "place" in g:
            cached = response.headers.get("X-ResultFromCache") == "true"
            with books.lock:
                books.requests[g.place] = replace(
                    books.requests[g.place], status=response.status_code, from_cache=cached
                )
        return response


def _lock_books(app: Flask, books: Books) -> None:
    """Let one request at a time work on the books; a slow fault has slept before."""

    @app.before_request
    def take_lock() -> None:
        books.lock.acquire()
        g.locked = True

    @app.teardown_request
    def give_lock_back(_error: BaseException | None) -> None:
        if g.pop("locked", False):
            books.lock.release()


def _guard(app: Flask, books: Books) -> None:
    """Check tokens and budget, answer repeats from the cache, and add the vendor's headers."""

    @app.before_request
    def check() -> Response | None:
        if request.path.startswith(CONTROLS) or _wants_page():
            return None
        _spend(books)
        demo = _admit(books)
        if demo and request.method not in _READS:
            raise RefusedError(403, "read_only")
        return _replay(books)

    @app.after_request
    def keep_and_mark(response: Response) -> Response:
        if "locked" not in g or request.path.startswith(CONTROLS) or _wants_page():
            return response  # a planned fault, a control or the page
        _keep(books, response)
        used = len(books.spent) * CALL_COST
        response.headers["X-RequestId"] = uuid4().hex
        response.headers["X-CallCost"] = str(CALL_COST)
        response.headers["X-RateLimiting"] = (
            f"token-limit-{books.options.rate_limit}-per-60-seconds:"
            f" {used}/{books.options.rate_limit}"
        )
        return response


def _spend(books: Books) -> None:
    now = books.now()
    books.spent[:] = [at for at in books.spent if now - at < RATE_PERIOD]
    books.spent.append(now)
    if len(books.spent) * CALL_COST > books.options.rate_limit:
        wait = RATE_PERIOD - (now - books.spent[0])
        seconds = str(int(wait.total_seconds()) + 1)
        raise RefusedError(429, "rate", headers={"Retry-After": seconds})


def _admit(books: Books) -> bool:
    """Return whether the caller is the demonstration's.

    Raises:
        RefusedError: 401, the tokens open nothing.
    """
    given = (
        request.headers.get("X-AppSecretToken"),
        request.headers.get("X-AgreementGrantToken"),
    )
    if given == (DEMO_TOKEN, DEMO_TOKEN):
        return True
    if given == (None, None) and request.args.get("demo", "").lower() == "true":
        return True
    tokens = books.tokens
    if None in given or given != (tokens.app_secret_token, tokens.agreement_grant_token):
        raise RefusedError(401, "unauthorised")
    return False


def _cache_key() -> tuple[str, str, str] | None:
    key = request.headers.get("Idempotency-Key")
    if key is None or request.method in _READS:
        return None
    return request.method, request.path, key


def _replay(books: Books) -> Response | None:
    key = _cache_key()
    kept = books.replies.get(key) if key is not None else None
    if kept is None or not books.options.idempotency or books.now() - kept.kept_at > CACHE_TIME:
        return None
    response = Response(kept.body, kept.status, dict(kept.headers))
    response.headers["X-ResultFromCache"] = "true"
    return response


def _keep(books: Books, response: Response) -> None:
    key = _cache_key()
    answered = HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES
    refused = response.status_code in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}
    if key is None or "X-ResultFromCache" in response.headers or not books.options.idempotency:
        return
    if answered or (refused and books.options.cache_refusals):
        headers = {n: response.headers[n] for n in _KEPT_HEADERS if n in response.headers}
        books.replies[key] = CachedReply(
            response.status_code, headers, response.get_data(), books.now()
        )


def _serve_root(app: Flask, books: Books) -> None:
    @app.get("/")
    def show_root() -> ResponseReturnValue:
        if _wants_page():
            return customers_page(books), {"Content-Type": "text/html; charset=utf-8"}
        root = request.host_url.rstrip("/")
        names = (
            "customers",
            "customer-groups",
            "payment-terms",
            "vat-zones",
            "currencies",
            "layouts",
            "employees",
            "invoices",
            "self",
        )  # fmt: skip - a plain list of words
        links: dict[str, Any] = {"resources": {name: f"{root}/{name}" for name in names}}
        return links | {"apiName": "e-conomic sandbox", "self": f"{root}/"}


def _wants_page() -> bool:
    accepted = request.accept_mimetypes
    return request.path == "/" and accepted["text/html"] > accepted["application/json"]


def _translate_errors(app: Flask, books: Books) -> None:
    @app.errorhandler(RefusedError)
    def say_no(refused: RefusedError) -> ResponseReturnValue:
        body = refused.body(books.options.voice, books.now())
        return jsonify(body), refused.status, refused.headers

    @app.errorhandler(HTTPException)
    def say_no_to_the_rest(error: HTTPException) -> ResponseReturnValue:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return say_no(RefusedError(status, _MESSAGES.get(status, "not_found")))
