"""What tests of outgoing calls need: a control that only notes, and a server that does as told."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from connectors.addresses import loopback_allowed
from connectors.http import HttpClient
from hub.errors import PostponedError
from hub.ports import CallRecord

NAME = "books.example"


@dataclass
class NotingControl:
    """Admits every call until `refusal` is set, and keeps what it is told."""

    refusal: PostponedError | None = None
    admitted: int = 0
    records: list[CallRecord] = field(default_factory=list)
    waits: list[timedelta | None] = field(default_factory=list)
    reasons: list[Mapping[str, object] | None] = field(default_factory=list)

    def admit(self) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.admitted += 1

    def observe(
        self,
        record: CallRecord,
        *,
        retry_after: timedelta | None = None,
        reason: Mapping[str, object] | None = None,
    ) -> None:
        self.records.append(record)
        self.waits.append(retry_after)
        self.reasons.append(reason)


Script = Callable[[socket.socket], None]


@dataclass
class ScriptedServer:
    """Answers each request by the script; keeps what it received, as raw text."""

    port: int
    received: list[str] = field(default_factory=list)
    connections: int = 0


@contextmanager
def scripted(
    script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None
) -> Iterator[ScriptedServer]:
    """Serve on a free port of 127.0.0.1: a whole request is read, then `script` has the socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedServer(listener.getsockname()[1])

    def serve_one(connection: socket.socket) -> None:
        with suppress(OSError):
            talking = wrap(connection) if wrap else connection
            with talking:
                server.received.append(_request(talking))
                script(talking)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            server.connections += 1
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def reply(
    status: str = "200 OK",
    body: bytes = b"{}",
    content_type: str = "application/json",
    **headers: str,
) -> Script:
    """Return a script that sends one whole reply; underscores in header names become hyphens."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status}", f"Content-Type: {content_type}", *lines]
    head += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return lambda connection: connection.sendall("\r\n".join(head).encode() + body)


def hang_up(_connection: socket.socket) -> None:
    """Close without a word."""


def client(
    server: ScriptedServer, control: NotingControl | None = None, **options: Any
) -> HttpClient:
    """Return a client of the server under the name ``books.example``."""
    options.setdefault("addresses", loopback_allowed(lambda _name, _port: ["127.0.0.1"]))
    base = options.pop("base_url", f"http://{NAME}:{server.port}")
    return HttpClient("books", base, control=control or NotingControl(), **options)


def _request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65_536)
        if not part:
            return received.decode()
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65_536)
    return (head + b"\r\n\r\n" + body).decode()
