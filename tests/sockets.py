"""Closes the way out of this machine for the tests' own process."""

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo


def close_the_way_out() -> None:
    """Let sockets connect to this machine only, and names resolve only to it."""
    socket.socket.connect = _checked_connect  # type: ignore[method-assign,assignment] # that is the point
    socket.socket.connect_ex = _checked_connect_ex  # type: ignore[method-assign,assignment] # likewise
    socket.getaddrinfo = _checked_getaddrinfo


def _checked_connect(self: socket.socket, address: Any, /) -> None:
    _check(self, address)
    _connect(self, address)


def _checked_connect_ex(self: socket.socket, address: Any, /) -> int:
    _check(self, address)
    return _connect_ex(self, address)


def _checked_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    if not _is_here(host):
        raise socket.gaierror(socket.EAI_NONAME, f"tests do not resolve {host!r}")
    return _getaddrinfo(host, *arguments, **options)


def _check(connecting: socket.socket, address: Any) -> None:
    if connecting.family != socket.AF_UNIX and not _is_here(address[0]):
        raise RuntimeError(f"a test tried to reach {address[0]!r}, outside of this machine")


def _is_here(host: Any) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
