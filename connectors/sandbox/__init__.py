"""Local doubles of the vendors' servers: for development, the demonstration and tests.

What all of them share: planned faults, the list of received requests, switches, the registries'
invented companies, and a way to serve an app. Each app answers under ``/_sandbox/`` besides the
vendor's own paths:

- ``POST /_sandbox/faults`` ``{"kind": "status", "status": 429, "retry_after": 2, "times": 1,
  "path": "/customers", "method": "POST"}`` plans one; ``GET`` lists, ``DELETE`` clears them.
- ``GET /_sandbox/requests`` lists what came in, oldest first; ``DELETE`` forgets it.

Kinds: status (status, retry_after, body), slow (seconds; then answers), html (status), down (hangs
up unread), truncate (half of the true answer), drop_reply (does the work, then hangs up).
``times`` null means until cleared; ``path`` is a prefix and ``query`` a part of the query string,
empty for all; ``method`` null for all.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import click
from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import BadRequest
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

CONTROLS = "/_sandbox/"
KINDS = frozenset({"status", "slow", "html", "down", "truncate", "drop_reply"})
_AFTER = frozenset({"truncate", "drop_reply"})
_STOP_POLL_S = 0.02  # the server looks this often whether it is to stop; half a second if not told
_KEPT_REQUESTS = 1_000  # a demonstration may run for days

Json = dict[str, Any]

_NEW_COMPANY: Json = {
    "name": "Ny Prøve ApS",
    "protected": False,
    "street": "Nyvej",
    "house": 1,
    "postcode": 1000,
    "city": "København K",
    "industry": ["620100", "Computerprogrammering"],
    "form": [80, "APS", "Anpartsselskab"],
    "started": "2020-01-01",
    "status": "NORMAL",
    "p_numbers": [],
}


@dataclass(slots=True)
class Fault:
    """One planned fault; `times` is what is left of it, None until cleared."""

    kind: str
    times: int | None = 1
    path: str = ""
    query: str = ""
    method: str | None = None
    status: int | None = None
    retry_after: int | str | None = None
    seconds: float = 1.0
    body: Any = None

    def matches(self, method: str, path: str, query: str) -> bool:
        """Say whether a request meets this fault."""
        return path.startswith(self.path) and self.query in query and self.method in (None, method)


@dataclass(slots=True)
class Faults:
    """The planned faults and the received requests of one sandbox; safe between threads."""

    planned: list[Fault] = field(default_factory=list)
    received: list[Json] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, kind: str, **options: Any) -> None:
        """Plan a fault of a kind; see `Fault` for the options.

        Raises:
            ValueError: there is no such kind or option.
        """
        if kind not in KINDS:
            raise ValueError(f"kind: one of {', '.join(sorted(KINDS))}, not {kind!r}")
        try:
            fault = Fault(kind, **options)
        except TypeError as error:
            raise ValueError(str(error)) from error
        with self._lock:
            self.planned.append(fault)

    def clear(self) -> None:
        """Forget all planned faults."""
        with self._lock:
            self.planned.clear()

    def take(self, method: str, path: str, query: str) -> Fault | None:
        """Use up and return the first fault planned for a request, None where it is to go well."""
        with self._lock:
            fault = next((f for f in self.planned if f.matches(method, path, query)), None)
            if fault is not None and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
            return fault

    def note(self, entry: Json) -> None:
        """Remember a received request."""
        with self._lock:
            self.received.append(entry)
            del self.received[:-_KEPT_REQUESTS]

    def forget(self) -> None:
        """Forget the received requests."""
        with self._lock:
            self.received.clear()


def add_controls(app: Flask) -> Faults:
    """Give an app the paths under ``/_sandbox/`` and let planned faults strike; return them."""
    faults = Faults()
    app.register_blueprint(_controls(faults))

    @app.before_request
    def strike_before() -> Response | None:
        if request.path.startswith(CONTROLS):
            return None
        faults.note(_seen())
        fault = faults.take(request.method, request.path, request.query_string.decode())
        if fault is not None and fault.kind in _AFTER:
            g.fault = fault
            return None
        return _answer(fault) if fault is not None else None

    @app.after_request
    def strike_after(response: Response) -> Response:
        fault = g.pop("fault", None)
        if fault is None:
            return response
        if fault.kind == "drop_reply":
            return _hang_up()
        whole = response.get_data()
        half = Response(
            iter([whole[: len(whole) // 2]]), response.status, content_type=response.content_type
        )
        half.headers["Content-Length"] = str(len(whole))
        return half

    return faults


def add_companies(app: Flask) -> dict[str, Json]:
    """Give a registry's app the invented companies, by number, and paths to change them.

    ``GET /_sandbox/companies`` lists them, ``PATCH /_sandbox/companies/<number>`` changes members
    of one or adds one (with its time of change, unless given), ``DELETE`` removes it.
    """
    text = Path(__file__).with_name("companies.json").read_text(encoding="utf-8")
    known: dict[str, Json] = {company["number"]: company for company in json.loads(text)}

    @app.get(f"{CONTROLS}companies")
    def list_companies() -> Response:
        return jsonify(list(known.values()))

    @app.patch(f"{CONTROLS}companies/<number>")
    def change_company(number: str) -> Response:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        before = known.get(number) or _NEW_COMPANY | {"number": number}
        known[number] = before | {"updated": now} | request.get_json()
        return jsonify(known[number])

    @app.delete(f"{CONTROLS}companies/<number>")
    def remove_company(number: str) -> tuple[str, HTTPStatus]:
        known.pop(number, None)
        return "", HTTPStatus.NO_CONTENT

    return known


def add_state(app: Flask, state: Json) -> None:
    """Let a sandbox's switches be seen and set: ``GET`` and ``PATCH /_sandbox/state``."""

    @app.get(f"{CONTROLS}state")
    def show_state() -> Response:
        return jsonify(state)

    @app.patch(f"{CONTROLS}state")
    def set_state() -> Response:
        changes = request.get_json()
        unknown = set(changes) - set(state)
        if unknown:
            raise BadRequest(f"no such switch: {', '.join(sorted(unknown))}")
        state.update(changes)
        return jsonify(state)


class RunningSandbox:
    """A sandbox that answers on this machine until it is stopped."""

    def __init__(self, server: BaseWSGIServer) -> None:
        self._server = server
        self.port = server.server_port
        self.url = f"http://127.0.0.1:{server.server_port}"
        self._thread = threading.Thread(
            target=server.serve_forever,
            kwargs={"poll_interval": _STOP_POLL_S},
            name=f"sandbox:{self.port}",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop answering: further connections are refused."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self) -> None:
        """Wait until it is stopped."""
        self._thread.join()


def serve(app: Flask, port: int = 0) -> RunningSandbox:
    """Serve an app on 127.0.0.1 in a thread; port 0 takes any free one."""
    return RunningSandbox(
        make_server("127.0.0.1", port, app, threaded=True, request_handler=_QuietHandler)
    )


def run(create_app: Callable[[], Flask], default_port: int) -> None:
    """Serve as a program, with ``--port``, until interrupted."""

    @click.command(help=f"Serve {create_app.__module__} on 127.0.0.1.")
    @click.option("--port", default=default_port, show_default=True, help="0 takes any free one.")
    def command(port: int) -> None:
        running = serve(create_app(), port)
        click.echo(running.url)
        with suppress(KeyboardInterrupt):
            running.wait()

    command()


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: ``/_sandbox/requests`` tells what came in."""


def _controls(faults: Faults) -> Blueprint:
    blueprint = Blueprint("sandbox", __name__, url_prefix=CONTROLS.rstrip("/"))

    @blueprint.post("/faults")
    def plan() -> tuple[Response, HTTPStatus]:
        body = request.get_json()
        if not isinstance(body, dict) or "kind" not in body:
            raise BadRequest("a fault has a kind")
        try:
            faults.add(**body)
        except (TypeError, ValueError) as error:
            raise BadRequest(str(error)) from error
        return planned(), HTTPStatus.CREATED

    @blueprint.get("/faults")
    def planned() -> Response:
        return jsonify([asdict(fault) for fault in faults.planned])

    @blueprint.delete("/faults")
    def clear() -> tuple[str, HTTPStatus]:
        faults.clear()
        return "", HTTPStatus.NO_CONTENT

    @blueprint.get("/requests")
    def received() -> Response:
        return jsonify(faults.received)

    @blueprint.delete("/requests")
    def forget() -> tuple[str, HTTPStatus]:
        faults.forget()
        return "", HTTPStatus.NO_CONTENT

    return blueprint


def _seen() -> Json:
    return {
        "method": request.method,
        "path": request.path,
        "query": request.args.to_dict(),
        "headers": {name.lower(): value for name, value in request.headers.items()},
        "body": request.get_data(as_text=True),
    }


def _answer(fault: Fault) -> Response | None:
    if fault.kind == "slow":
        time.sleep(fault.seconds)
        return None
    if fault.kind == "down":
        return _hang_up()
    if fault.kind == "html":
        page = "<html><head><title>Error</title></head><body><h1>Error</h1></body></html>"
        return Response(page, fault.status or HTTPStatus.OK, content_type="text/html")
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    status = fault.status or HTTPStatus.INTERNAL_SERVER_ERROR
    if fault.body is not None:
        return Response(json.dumps(fault.body), status, headers, content_type="application/json")
    return Response("planned fault", status, headers, content_type="text/plain")


def _hang_up() -> Response:
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:  # absent in Flask's own test client, which gets the empty answer
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
    return Response(status=HTTPStatus.NO_CONTENT)
