"""Where the mail server is, and how a conversation with it begins."""

import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit

from connectors.mail.smtp.replies import SYSTEM, authentication_refusal, greeting_refusal
from hub.errors import AuthenticationError, PermanentError, TransientError

_PORTS = {"smtp": 25, "starttls": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to speak with it; `security` is smtp (none), starttls or smtps."""

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)


def read_url(url: str) -> Server:
    """Read ``smtp://[user:password@]host[:port][?starttls=1]`` or ``smtps://…``.

    Raises:
        PermanentError: it is not such a URL, or the password would travel unencrypted.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:  # also of a host name that cannot be one
        raise _wrong("it is not a URL") from error
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = options.pop("starttls", "")
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
        raise _wrong("it must read smtp://host:port or smtps://host:port")
    if options or parts.fragment or starttls not in {"", "0", "1"}:
        raise _wrong("it takes one option, ?starttls=1 or ?starttls=0")
    if parts.scheme == "smtps" and starttls:
        raise _wrong("smtps:// is encrypted from the start; leave starttls out")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise _wrong("user and password must be ASCII")
    security = "starttls" if starttls == "1" else parts.scheme
    if user and security == "smtp" and starttls != "0" and not _is_this_machine(parts.hostname):
        raise _wrong(
            "the password would travel unencrypted: use smtps:// or ?starttls=1, or ?starttls=0 "
            "where that is meant"
        )
    return Server(parts.hostname, port or _PORTS[security], security, user, password)


def open_conversation(server: Server, timeout_s: float, context: ssl.SSLContext) -> smtplib.SMTP:
    """Connect, encrypt, greet and log in.

    Raises:
        TransientError: the server cannot be reached, or not now.
        AuthenticationError: it refuses user and password.
        PermanentError: it is not the server it should be, or cannot do what the URL asks.
    """
    try:
        smtp = _connected(server, timeout_s, context)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error) from error
    except smtplib.SMTPConnectError as error:
        raise greeting_refusal(error.smtp_code, _bytes(error.smtp_error)) from error
    except OSError as error:  # refused, timed out, no such name, not TLS, hung up
        raise _unreachable(server, error) from error
    try:
        _introduce(smtp, server, context)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _connected(server: Server, timeout_s: float, context: ssl.SSLContext) -> smtplib.SMTP:
    where = server.host, server.port, _our_name()
    if server.security == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=timeout_s, context=context)
    else:
        smtp = smtplib.SMTP(*where, timeout=timeout_s)
    if smtp.sock is not None:  # without it each final dot waits 40 ms for an acknowledgement
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return smtp


def _introduce(smtp: smtplib.SMTP, server: Server, context: ssl.SSLContext) -> None:
    smtp.command_encoding = "utf-8"  # for the addresses of SMTPUTF8; all else is ASCII
    try:
        if server.security == "starttls":
            smtp.starttls(context=context)
        smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error) from error
    except smtplib.SMTPAuthenticationError as error:
        raise authentication_refusal(error.smtp_code, _bytes(error.smtp_error)) from error
    except smtplib.SMTPResponseException as error:
        raise greeting_refusal(error.smtp_code, _bytes(error.smtp_error)) from error
    except smtplib.SMTPNotSupportedError as error:
        _raise_unable(server, error)
    except smtplib.SMTPServerDisconnected as error:
        raise _unreachable(server, error) from error
    except smtplib.SMTPException as error:  # login's way to say that no mechanism suits both
        raise AuthenticationError(
            SYSTEM, "The mail server offers no way of logging in that we know."
        ) from error
    except OSError as error:
        raise _unreachable(server, error) from error


def _raise_unable(server: Server, error: smtplib.SMTPException) -> NoReturn:
    if server.user and server.security != "starttls":
        message = "The mail server offers no log-in on this line; does it want encryption first?"
        raise AuthenticationError(SYSTEM, message) from error
    raise PermanentError(SYSTEM, "The mail server offers no STARTTLS or no log-in.") from error


def _wrong(problem: str) -> PermanentError:
    return PermanentError(SYSTEM, "The setting url is wrong: {problem}.", problem=problem)


def _untrusted(error: ssl.SSLCertVerificationError) -> PermanentError:
    return PermanentError(
        SYSTEM,
        "The certificate of the mail server is not trusted: {reason}.",
        reason=error.verify_message,
    )


def _unreachable(server: Server, error: OSError) -> TransientError:
    return TransientError(
        SYSTEM,
        "The mail server at {host}:{port} cannot be reached: {reason}.",
        host=server.host,
        port=server.port,
        reason=str(error) or type(error).__name__,
    )


def _our_name() -> str:
    """Return what we call ourselves: smtplib's own default asks the resolver, which may be slow."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
