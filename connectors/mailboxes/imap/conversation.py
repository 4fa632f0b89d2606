"""A conversation with an IMAP server: opened at a checked address, encrypted, logged in."""

import base64
import imaplib
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, TypeVar

from connectors.addresses import PublicAddresses, normal_host
from connectors.mailboxes.imap.replies import SYSTEM, broken, login_refusal, refusal
from connectors.transport import exchange
from hub.errors import ConnectorError, PermanentError
from hub.ports import AddressPolicy

TIMEOUT_S = 15.0  # for each step: a server that is silent longer is not there
DEADLINE_S = 60.0  # for one step to its last byte: a reply could drip for ever
LONGEST_LITERAL_BYTES = 2 * 1024 * 1024  # more than is ever asked for

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_LINE = re.compile(r"[\x20-\x7e]*")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to speak with it; `security` is tls, starttls or none."""

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)

    @property
    def scheme(self) -> str:
        """The scheme that an address policy is asked for."""
        return "imaps" if self.security == "tls" else "imap"

    @property
    def url(self) -> str:
        """Return where it is, without who we are there."""
        return f"{self.scheme}://{self.host}:{self.port}"


def read_server(host: str, port: int | None, security: str, user: str, password: str) -> Server:
    """Return the server that settings name.

    Raises:
        PermanentError: a setting is missing or wrong; `setting` names it.
    """
    for name, value in (("host", host), ("user", user), ("password", password)):
        if not value:
            raise PermanentError(SYSTEM, "The setting {setting} is missing.", setting=name)
    for name, value in (("user", user), ("password", password)):
        if any(ord(character) < ord(" ") or character == "\x7f" for character in value):
            raise _wrong(name, "it has a control character")
    if security not in _PORTS:
        raise _wrong("security", "it must be tls, starttls or none")
    port = port or _PORTS[security]
    if not 0 < port < 2**16:
        raise _wrong("port", "there is no such port")
    return Server(normal_host(host), port, security, user, password)


class Conversation:
    """One logged-in conversation; for one thread.

    Args:
        server: where.
        addresses: decides the address to connect to.
        context: whom to trust.

    Raises:
        TransientError: the server cannot be reached, or not now.
        AuthenticationError: it refuses user and password.
        PermanentError: it may not be called, or is not the server it should be.
    """

    def __init__(self, server: Server, addresses: AddressPolicy, context: ssl.SSLContext) -> None:
        if isinstance(addresses, PublicAddresses):
            addresses = addresses.for_mailboxes()
        address = addresses.resolve(server.host, server.port, server.scheme)
        if server.security == "none" and not _is_near(address):
            raise _wrong("security", "the password would travel unencrypted to another network")
        tls = context if server.security == "tls" else None
        self._imap = _watched(None, lambda: _Imap(server.host, server.port, address, tls))
        try:
            if server.security == "starttls":
                _watched(self._imap, lambda: self._imap.starttls(context))
            self._log_in(server)
        except BaseException:
            self.close()
            raise

    def ask(self, step: str, command: Callable[[imaplib.IMAP4], tuple[str, T]]) -> T:
        """Return what a command of imaplib answers.

        Args:
            step: what it is for, in words for people, as in `to read the folder`.
            command: given the conversation.

        Raises:
            ConnectorError: the server refuses, or the conversation breaks.
        """
        kind, data = _watched(self._imap, lambda: command(self._imap))
        if kind != "OK":
            raise refusal(step, data)
        return data

    def told(self, name: str) -> Any:
        """Return what the server has said beside the last answer, such as UIDVALIDITY."""
        return self._imap.response(name)[1]

    def can(self, capability: str) -> bool:
        """Say whether the server offers an extension."""
        return capability in self._imap.capabilities

    def close(self) -> None:
        """End it, politely where the other side still listens."""
        try:
            _watched(self._imap, self._imap.logout)
        except ConnectorError:
            with suppress(OSError):  # there is nothing left to close
                self._imap.shutdown()

    def _log_in(self, server: Server) -> None:
        # What it offers may differ once it is encrypted, and once more when logged in.
        plain = self.can("AUTH=PLAIN")
        if not plain and self.can("LOGINDISABLED"):
            raise PermanentError(SYSTEM, "The mail server offers no log-in that we know.")
        try:
            with exchange(DEADLINE_S) as watched:
                watched.note(self._imap.sock)
                if plain:
                    token = f"\0{server.user}\0{server.password}".encode()
                    self._imap.authenticate("PLAIN", lambda _: token)
                else:
                    self._imap.log_in(server.user, server.password)
        except imaplib.IMAP4.abort as error:
            raise broken(error) from error
        except imaplib.IMAP4.error as error:
            # From None: what it asked with must not be in a traceback.
            raise login_refusal(_bytes(error.args[0] if error.args else b"")) from None
        except OSError as error:
            raise broken(error) from error
        _watched(self._imap, self._imap.note_capabilities)


class _Imap(imaplib.IMAP4):
    """imaplib's client, at an address that was checked, and bounded in what it reads."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context
        super().__init__(host, port, TIMEOUT_S)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        # The library's own place for this: its TLS client does it here, too.
        plain = socket.create_connection((self._address, self.port), timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._context is None:
            return plain
        try:
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except OSError:
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        """Read a literal, unless it is larger than anything that was asked for."""
        if size > LONGEST_LITERAL_BYTES:
            raise self.abort(f"an answer of {size} bytes")
        return super().read(size)

    def log_in(self, user: str, password: str) -> None:
        """Log in by LOGIN, both quoted: the library's own quotes the password only."""
        if not (user + password).isascii():
            raise self.error(b"user and password must be ASCII for this server")
        kind, data = self._simple_command("LOGIN", quoted(user), quoted(password))
        if kind != "OK":
            raise self.error(data[-1])
        self.state = "AUTH"

    def note_capabilities(self) -> None:
        """Take over what the server can now that we have logged in."""
        self._get_capabilities()


def _watched(imap: _Imap | None, step: Callable[[], T]) -> T:
    """Take a step of a conversation, cut off at a deadline; its errors become ours."""
    try:
        with exchange(DEADLINE_S) as watched:
            watched.note(imap.sock if imap is not None else None)
            return step()
    except (imaplib.IMAP4.error, OSError, EOFError, ValueError) as error:
        raise broken(error) from error


def quoted(text: str) -> str:
    """Return a text as IMAP's quoted string.

    Raises:
        PermanentError: it holds what no such string may.
    """
    if not _LINE.fullmatch(text):
        raise PermanentError(SYSTEM, "A setting has a character that cannot be sent.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def folder_name(name: str) -> str:
    """Return a folder's name as it is sent: modified UTF-7 (RFC 3501 5.1.3), quoted."""
    sent: list[str] = []
    for run in re.findall(r"[\x20-\x7e]+|[^\x20-\x7e]+", name):
        if run.isascii() and run.isprintable():
            sent.append(run.replace("&", "&-"))
        else:
            shifted = base64.b64encode(run.encode("utf-16-be"), b"+,").decode().rstrip("=")
            sent.append(f"&{shifted}-")
    return quoted("".join(sent))


def _is_near(address: str) -> bool:
    known = ip_address(address)
    return known.is_loopback or known.is_private


def _bytes(said: object) -> bytes:
    return said if isinstance(said, bytes) else str(said).encode()


def _wrong(setting: str, problem: str) -> PermanentError:
    return PermanentError(
        SYSTEM, "The setting {setting} is wrong: {rule}.", setting=setting, rule=problem
    )
