"""Connections that tell how far a request came and that can be cut off at a deadline.

urllib3 reports a broken connection in the same way whether or not the request had left; for a write
that is the difference between "try again" and "look first".
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


@dataclass(slots=True)
class Exchange:
    """One request and its reply: `connected` once anything can have been sent."""

    connected: bool = False
    expired: bool = False
    sock: socket.socket | None = None

    def cut(self) -> None:
        """Break the connection off, so that whoever reads from it wakes up."""
        self.expired = True
        if self.sock is not None:
            with suppress(OSError):  # it may just have been closed
                # The plain method: an SSLSocket's own would first throw its decryption away.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def note(self, sock: socket.socket | None) -> None:
        """Remember the connection in use, and whether there is one yet."""
        if sock is not None:
            self.sock = sock
            self.connected = True
            if self.expired:  # the time ran out while it was being made
                self.cut()


_current: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def exchange(deadline_s: float) -> Iterator[Exchange]:
    """Watch over one request: whatever it waits for is cut off after `deadline_s` seconds.

    A time-out of the socket alone starts anew with each byte: a reply could drip for ever.
    """
    watched = Exchange()
    timer = threading.Timer(deadline_s, watched.cut)
    timer.daemon = True
    token = _current.set(watched)
    timer.start()
    try:
        yield watched
    finally:
        timer.cancel()
        _current.reset(token)


def _note(sock: Any) -> None:
    watched = _current.get()
    if watched is not None:
        watched.note(sock)


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _note(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self.sock)  # kept alive from an earlier call, or None and connected while sending
        super().request(*args, **kwargs)


class _EncryptedConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _note(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _note(self.sock)
        super().request(*args, **kwargs)


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _EncryptedConnection


POOLS = {"http": _PlainPool, "https": _EncryptedPool}


@cache
def tls_context(certificates: str) -> ssl.SSLContext:
    """Return TLS settings that trust the authorities in a file; reading it takes a while: once."""
    context = ssl.create_default_context(cafile=certificates)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
