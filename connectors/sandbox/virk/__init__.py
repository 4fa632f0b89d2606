"""A double of Virk's system-to-system access to CVR: the Elasticsearch calls that a client makes.

Switches (``PATCH /_sandbox/state``): ``user``, ``password``, ``window`` (the largest from + size),
``failed_shards`` (a part of the index that does not answer), ``scrolls_lapse`` (every scroll is
forgotten at once). ``POST /_sandbox/documents/<number>`` changes members of a company's document
itself, for shapes that the plain form of ``/_sandbox/companies`` cannot tell.
"""

import secrets
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, jsonify, request

from connectors.sandbox import Json, RunningSandbox, add_companies, add_controls, add_state
from connectors.sandbox import serve as serve_app
from connectors.sandbox.virk.documents import document
from connectors.sandbox.virk.queries import QueryError, found, only, ordered

PORT = 8102
USER = "hub"
PASSWORD = "sandkasse"  # noqa: S105 - of a server on this machine with invented companies
_UNAUTHORISED_PAGE = (
    "<html>\r\n<head><title>401 Authorization Required</title></head>\r\n<body>\r\n"
    "<center><h1>401 Authorization Required</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)

Answer = Response | tuple[Response, HTTPStatus]


def create_app() -> Flask:
    """Return the app with its own state: two apps do not share companies."""
    app = Flask(__name__)
    add_controls(app)
    known = add_companies(app)
    state: Json = {
        "user": USER,
        "password": PASSWORD,
        "window": 3000,
        "failed_shards": 0,
        "scrolls_lapse": False,
    }
    add_state(app, state)
    changed: dict[str, Json] = {}
    scrolls: dict[str, Scroll] = {}

    @app.post("/_sandbox/documents/<number>")
    def change_document(number: str) -> Response:
        changed[number] = changed.get(number, {}) | request.get_json()
        return jsonify(changed[number])

    @app.before_request
    def require_credentials() -> Response | None:
        given = request.authorization
        own = (state["user"], state["password"])
        if request.path.startswith("/_sandbox/") or (
            given is not None and (given.username, given.password) == own
        ):
            return None
        headers = {"WWW-Authenticate": 'Basic realm="cvr"'}
        return Response(
            _UNAUTHORISED_PAGE, HTTPStatus.UNAUTHORIZED, headers, content_type="text/html"
        )

    @app.route("/cvr-permanent/virksomhed/_search", methods=["GET", "POST"])
    def search() -> Answer:
        body = request.get_json(silent=True) or {}
        start, size = body.get("from", 0), body.get("size", 10)
        if start + size > state["window"]:
            return _window_refused(state["window"], start + size)
        documents = [
            document(company) | changed.get(number, {}) for number, company in list(known.items())
        ]
        try:
            hits = ordered(found(documents, body.get("query", {"match_all": {}})), body.get("sort"))
        except QueryError as error:
            return _query_refused(error)
        rendered = [_hit(hit.document, hit.score, body.get("_source", True)) for hit in hits]
        if "scroll" not in request.args:
            return jsonify(_envelope(rendered[start : start + size], len(rendered), state))
        scroll = Scroll(rendered, size)
        return _next_page(scroll, scrolls, state)

    @app.post("/_search/scroll")
    def go_on() -> Answer:
        scroll = scrolls.pop((request.get_json(silent=True) or {}).get("scroll_id", ""), None)
        if scroll is None or state["scrolls_lapse"]:
            return _scroll_lapsed()
        return _next_page(scroll, scrolls, state)

    return app


def serve(port: int = 0) -> RunningSandbox:
    """Serve on 127.0.0.1; the returned object knows port and URL, and stops it."""
    return serve_app(create_app(), port)


class Scroll:
    """What is left of a long result, page by page, as it was when it was asked for."""

    def __init__(self, hits: list[Json], size: int) -> None:
        self.total = len(hits)
        self._left = hits
        self._size = size

    def page(self) -> list[Json]:
        """Return the next hits, none at the end."""
        page, self._left = self._left[: self._size], self._left[self._size :]
        return page


def _next_page(scroll: Scroll, scrolls: dict[str, Scroll], state: Json) -> Response:
    identifier = secrets.token_urlsafe(24)
    scrolls[identifier] = scroll
    body = _envelope(scroll.page(), scroll.total, state)
    return jsonify({"_scroll_id": identifier} | body)


def _envelope(hits: list[Json], total: int, state: Json) -> Json:
    failed = state["failed_shards"]
    best = max((hit["_score"] for hit in hits), default=None)
    return {
        "took": 3,
        "timed_out": False,
        "_shards": {"total": 6, "successful": 6 - failed, "skipped": 0, "failed": failed},
        "hits": {"total": total, "max_score": best, "hits": hits},
    }


def _hit(content: Json, score: float, wanted: Any) -> Json:
    return {
        "_index": "cvr-v-20260101",
        "_type": "_doc",
        "_id": str(content["enhedsNummer"]),
        "_score": score,
        "_source": only({"Vrvirksomhed": content}, wanted),
    }


def _window_refused(limit: int, asked: int) -> Answer:
    reason = (
        f"Result window is too large, from + size must be less than or equal to: [{limit}] but was "
        f"[{asked}]. See the scroll api for a more efficient way to request large data sets."
    )
    error = {
        "root_cause": [{"type": "query_phase_execution_exception", "reason": reason}],
        "type": "search_phase_execution_exception",
        "reason": "all shards failed",
        "phase": "query",
        "grouped": True,
    }
    return jsonify({"error": error, "status": 500}), HTTPStatus.INTERNAL_SERVER_ERROR


def _query_refused(refused: QueryError) -> Answer:
    error = {"type": "parsing_exception", "reason": str(refused), "line": 1, "col": 32}
    return jsonify({"error": error, "status": 400}), HTTPStatus.BAD_REQUEST


def _scroll_lapsed() -> Answer:
    cause = {"type": "search_context_missing_exception", "reason": "No search context found"}
    error = {"root_cause": [cause], "type": "search_phase_execution_exception"}
    return jsonify({"error": error, "status": 404}), HTTPStatus.NOT_FOUND
