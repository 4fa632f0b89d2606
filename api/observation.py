"""The outermost layer: an id, a log line and a measurement for every request.

A line names the route and not the URL, which may hold a secret.
"""

import logging
import re
import time
from collections.abc import Iterable
from http import HTTPMethod
from types import TracebackType
from typing import TYPE_CHECKING

from api.dispatch import REQUEST_ID
from api.metrics import observe
from hub.access.principals import Principal
from hub.db import new_id
from hub.logs import bound

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

logger = logging.getLogger("api.access")
_SANE_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}")
_METHODS = frozenset(HTTPMethod)
ROUTE = "hub.route"
UNKNOWN_ROUTE = "-"
_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})  # asked all the time, by programs


class Observed:
    """Wraps the application."""

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SANE_ID.fullmatch(given) else new_id().hex
        environ[REQUEST_ID] = request_id
        with bound(request_id=request_id):
            return self._answer(environ, start_response, request_id)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", request_id: str
    ) -> Iterable[bytes]:
        started, status = time.perf_counter(), 0

        def start(
            line: str,
            headers: list[tuple[str, str]],
            exc_info: tuple[type[BaseException], BaseException, TracebackType]
            | tuple[None, None, None]
            | None = None,
        ) -> object:
            nonlocal status
            status = int(line[:3])
            named = {name.lower() for name, _ in headers}
            headers.append(("X-Request-Id", request_id))
            headers.append(("X-Content-Type-Options", "nosniff"))
            if "cache-control" not in named:
                headers.append(("Cache-Control", "no-store"))
            return start_response(line, headers, exc_info)

        body = self._application(environ, start)  # type: ignore[arg-type]  # returns what start_response does
        duration_s = time.perf_counter() - started
        method = environ["REQUEST_METHOD"]
        method = method if method in _METHODS else UNKNOWN_ROUTE
        route = environ.get(ROUTE, UNKNOWN_ROUTE)
        observe(method, route, status, duration_s)
        caller: Principal | None = environ.get("hub.caller")
        logger.log(
            logging.DEBUG if route in _PROBES else logging.INFO,
            "http.request",
            extra={
                "method": method,
                "route": route,
                "status": status,
                "duration_s": round(duration_s, 4),
                "user_id": str(caller.user_id) if caller else None,
            },
        )
        return body
