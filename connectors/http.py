"""How connectors call out: one client that pins, bounds, records and translates every call.

The only user of requests. A connector builds its clients through the `ClientFactory` it is handed
and reads the replies; what goes wrong on the way arrives as a `hub.errors.ConnectorError`.
"""

import base64
import json as json_codec
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import SplitResult, urlsplit

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from connectors.addresses import normal_host
from connectors.recording import Redactor
from connectors.transport import POOLS, Exchange, exchange, tls_context
from hub.errors import (
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)
from hub.ports import AddressPolicy, CallControl, CallRecord

BODY_LIMIT_BYTES = 8 * 1024 * 1024  # a page of 1,000 customers is about 2 MiB
CONNECT_TIMEOUT_S = 5.0  # a host that is up answers a SYN at once
IDLE_S = 5.0  # many servers close after that; a write on a closed connection has an unknown outcome
LONGEST_WAIT = timedelta(days=2)  # no Retry-After may hold a connection longer

_PORTS = {"http": 80, "https": 443}
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OVERLOADED = frozenset({502, 503, 504})
_GATEWAY_FAILURES = frozenset({502, 504})  # the server behind may have done the work


@dataclass(frozen=True, slots=True)
class HttpReply:
    """A reply as it came; `headers` have lower-case names, `received_at` is aware UTC."""

    system: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime

    def json(self) -> Any:
        """Return the body parsed: numbers with a fraction as Decimal, empty bodies refused.

        Raises:
            TransientError: a web page came although all is well: a proxy's, or one about
                maintenance, which mostly passes.
            MalformedReplyError: it is not JSON; the message says what came instead.
        """
        try:
            return json_codec.loads(self.body, parse_float=Decimal, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise self._not_json() from error

    def is_success(self) -> bool:
        """Say whether the status is one of 200 to 299."""
        return self.status // 100 == 2  # noqa: PLR2004 - the class of statuses that mean success

    def is_html(self) -> bool:
        """Say whether the body is a web page, which no interface of ours ever sends on purpose."""
        start = self.body[:200].lstrip().lower()
        return "html" in self.headers.get("content-type", "").lower() or start.startswith(
            (b"<!doctype html", b"<html")
        )

    def _not_json(self) -> ConnectorError:
        if not self.body.strip():
            return MalformedReplyError(
                self.system,
                "It answered {status} with nothing instead of JSON.",
                status=self.status,
            )
        if self.is_html():
            if self.is_success():
                return TransientError(
                    self.system,
                    "It answered {status} with an HTML page instead of JSON.",
                    status=self.status,
                )
            return MalformedReplyError(
                self.system,
                "It answered {status} with an HTML page instead of JSON.",
                status=self.status,
            )
        content_type = self.headers.get("content-type", "").partition(";")[0].strip()
        if "json" in content_type:
            return MalformedReplyError(
                self.system,
                "It answered {status} with broken {type} instead of JSON.",
                status=self.status,
                type=content_type,
            )
        if content_type:
            return MalformedReplyError(
                self.system,
                "It answered {status} with {type} instead of JSON.",
                status=self.status,
                type=content_type,
            )
        return MalformedReplyError(
            self.system,
            "It answered {status} with something instead of JSON.",
            status=self.status,
        )


class HttpClient:
    """Calls one system under one base URL; for one thread at a time, `close()` when done.

    Args:
        system: the connector's name, which errors carry.
        base_url: where every call goes; scheme, host and port are never left.
        control: rate budget, circuit breaker and call log.
        addresses: decides the address to connect to, anew for each call.
        headers: sent with every call.
        auth: user and password for HTTP Basic.
        timeout_s: seconds for a whole call, from the connection to the last byte.
        secrets: values that must never be recorded; the password of `auth` is added.
        certificates: a file of certificate authorities instead of the usual ones.

    Raises:
        PermanentError: the base URL cannot be one.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        control: CallControl,
        addresses: AddressPolicy,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout_s: float = 10,
        secrets: Iterable[str] = (),
        certificates: str | None = None,
    ) -> None:
        self.system = system
        self._base = self._parsed(base_url)
        self._host = normal_host(self._base.hostname or "")
        self._port = self._base.port or _PORTS[self._base.scheme]
        self._control = control
        self._addresses = addresses
        self._timeout_s = timeout_s
        sent = dict(headers or {})
        if auth is not None:
            user_password = base64.b64encode(":".join(auth).encode()).decode()
            sent["Authorization"] = f"Basic {user_password}"
            secrets = (*secrets, auth[1], user_password)
        self._redactor = Redactor(secrets)
        self._used_at = time.monotonic()
        self._session = self._make_session(sent, certificates)

    def call(
        self,
        method: str,
        path_or_url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        reads_only: bool | None = None,
        check: Callable[[HttpReply], object] | None = None,
    ) -> HttpReply:
        """Make one call and return its reply, whatever its status but 429, 502, 503 and 504.

        Args:
            method: in capitals.
            path_or_url: a path under the base URL, or a URL at the same scheme, host and port.
            params: query values; None ones are left out.
            json: the body; Decimals become numbers.
            headers: sent with this call alone.
            reads_only: the call changes nothing over there, so that it may be repeated; by default
                true for GET. Say so for searches by POST.
            check: reads the reply and raises what it means, before the call is noted: the breaker
                and the rate budget then learn of a failure told inside a reply (its result is
                dropped). Reading the returned reply afterwards is as good where that is no matter.

        Raises:
            PostponedError: not now (rate budget, breaker, pause).
            TransientError: no connection, an overloaded server, a read that broke off.
            RateLimitedError: 429.
            UnknownOutcomeError: a write was sent and no whole answer came.
            MalformedReplyError: the reply is too large.
            PermanentError: the address is not allowed, or the URL leads elsewhere.
        """
        request = self._prepared(method, path_or_url, params, json, headers)
        reads = method in _READS if reads_only is None else reads_only
        self._control.admit()
        started = time.monotonic()
        reply: HttpReply | None = None
        outcome = "unknown"
        wait: timedelta | None = None
        reason: Mapping[str, object] | None = None
        try:
            reply = self._send(request, reads=reads)
            wait = _retry_after(reply)
            outcome = _outcome(reply.status)
            self._raise_overload(reply, wait, reads=reads)
            if check is not None:
                check(reply)
        except ConnectorError as error:
            reason = error.words
            if isinstance(error, TransientError):
                outcome = "unknown" if isinstance(error, UnknownOutcomeError) else "transient"
                wait = error.retry_after
            else:
                outcome = "refused"
            raise
        finally:
            record = self._record(
                request, reply, timedelta(seconds=time.monotonic() - started), outcome
            )
            self._control.observe(record, retry_after=wait, reason=reason)
        return reply

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _parsed(self, base_url: str) -> SplitResult:
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise PermanentError(self.system, "The base URL is not a URL.") from error
        if parts.scheme not in _PORTS or not parts.hostname or port == 0:
            raise PermanentError(self.system, "The base URL must be an http or https address.")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise PermanentError(
                self.system, "The base URL must have no user name, query or fragment."
            )
        return parts

    def _make_session(
        self, headers: Mapping[str, str], certificates: str | None
    ) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no proxy, .netrc or certificates out of the environment
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers.update({"User-Agent": "Hub", "Accept": "application/json"})
        session.headers.update(headers)
        session.headers["Host"] = self._authority()
        session.mount(
            f"{self._base.scheme}://",
            _PinnedAdapter(self._base.scheme, self._host, certificates or certifi.where()),
        )
        return session

    def _authority(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return host if self._port == _PORTS[self._base.scheme] else f"{host}:{self._port}"

    def _prepared(
        self,
        method: str,
        path_or_url: str,
        params: Mapping[str, Any] | None,
        json: Any,
        headers: Mapping[str, str] | None,
    ) -> requests.PreparedRequest:
        sent = dict(headers or {})
        body: bytes | None = None
        if json is not None:
            body = json_codec.dumps(
                json, ensure_ascii=False, allow_nan=False, default=_encoded
            ).encode()
            sent.setdefault("Content-Type", "application/json")
        request = requests.Request(
            method, self._url(path_or_url), params=dict(params or {}), data=body, headers=sent
        )
        try:
            return self._session.prepare_request(request)
        except requests.RequestException as error:
            raise PermanentError(
                self.system, "The request cannot be made as it is set up."
            ) from error

    def _url(self, path_or_url: str) -> str:
        """Return the URL by name; one that leads elsewhere would carry our credentials along."""
        own = f"{self._base.scheme}://{self._authority()}"
        if "://" not in path_or_url.partition("?")[0]:
            if path_or_url and (path_or_url[0] not in "/?" or path_or_url.startswith("//")):
                raise PermanentError(self.system, "A path must begin with one slash.")
            return own + self._base.path.rstrip("/") + path_or_url
        try:
            parts = urlsplit(path_or_url)
            port = parts.port or _PORTS.get(parts.scheme)
            host = normal_host(parts.hostname or "")
        except ValueError as error:
            raise PermanentError(self.system, "It names a URL that is none.") from error
        if (parts.scheme, host, port) != (self._base.scheme, self._host, self._port) or (
            "@" in parts.netloc
        ):
            raise PermanentError(
                self.system, "It names a URL at another place ({host}).", host=host
            )
        return own + (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _send(self, request: requests.PreparedRequest, *, reads: bool) -> HttpReply:
        address = self._addresses.resolve(self._host, self._port, self._base.scheme)
        if time.monotonic() - self._used_at > IDLE_S:
            self._session.close()  # drops idle connections; the session stays usable
        pinned = request.copy()
        pinned.url = _at(request.url or "", address, self._port)
        timeout = (min(CONNECT_TIMEOUT_S, self._timeout_s), self._timeout_s)
        with exchange(self._timeout_s) as watched:
            try:
                with self._session.send(
                    pinned, stream=True, timeout=timeout, allow_redirects=False
                ) as response:
                    body = self._body(response)
            except UnicodeError as error:
                raise PermanentError(
                    self.system, "A header or credential has a character that cannot be sent."
                ) from error
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                self._raise_broken(error, watched, reads=reads)
            finally:
                self._used_at = time.monotonic()
            if watched.expired:  # the end of the body may be nothing but our own cut
                self._raise_broken(TimeoutError(), watched, reads=reads)
        headers = {name.lower(): value for name, value in response.headers.items()}
        now = datetime.fromtimestamp(time.time(), UTC)
        return HttpReply(self.system, response.status_code, headers, body, now)

    def _body(self, response: requests.Response) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(65_536):
            size += len(part)
            if size > BODY_LIMIT_BYTES:
                raise MalformedReplyError(
                    self.system, "Its reply is larger than {limit} bytes.", limit=BODY_LIMIT_BYTES
                )
            parts.append(part)
        return b"".join(parts)

    def _raise_broken(self, error: Exception, watched: Exchange, *, reads: bool) -> NoReturn:
        late = watched.expired or isinstance(error, (requests.Timeout, TimeoutError))
        if not watched.connected:
            raise _unreached(self.system, error, late=late) from error
        if reads:
            raise _unanswered(self.system, late=late) from error
        raise _unknown_outcome(self.system, late=late) from error

    def _raise_overload(self, reply: HttpReply, wait: timedelta | None, *, reads: bool) -> None:
        if reply.status == requests.codes.too_many_requests:
            raise RateLimitedError(self.system, "It asked us to slow down (429).", wait)
        if reply.status not in _OVERLOADED:
            return
        if reply.status in _GATEWAY_FAILURES and not reads:
            raise UnknownOutcomeError(
                self.system,
                "The request was sent and its outcome is not known: a gateway answered {status}.",
                wait,
                status=reply.status,
            )
        raise TransientError(
            self.system, "It is not available ({status}).", wait, status=reply.status
        )

    def _record(
        self,
        request: requests.PreparedRequest,
        reply: HttpReply | None,
        duration: timedelta,
        outcome: str,
    ) -> CallRecord:
        body = request.body if isinstance(request.body, (bytes, str)) else None
        return CallRecord(
            method=request.method or "",
            url=self._redactor.url(request.url or ""),
            status=reply.status if reply else None,
            duration=duration,
            outcome=outcome,
            request_body=self._redactor.body(body),
            response_body=self._redactor.body(reply.body) if reply else None,
            request_headers=self._redactor.headers(dict(request.headers)),
            response_headers=self._redactor.headers(reply.headers) if reply else {},
        )


@dataclass(frozen=True, slots=True)
class ClientFactory:
    """What a connector is handed to reach its system: call it with a base URL to get a client.

    `addresses` and `control` are there for connectors that speak something other than HTTP.
    """

    system: str
    control: CallControl
    addresses: AddressPolicy
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def __call__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout_s: float = 10,
        certificates: str | None = None,
    ) -> HttpClient:
        """Return a client under `base_url`; see `HttpClient`."""
        return HttpClient(
            self.system,
            base_url,
            control=self.control,
            addresses=self.addresses,
            headers=headers,
            auth=auth,
            timeout_s=timeout_s,
            secrets=self.secrets,
            certificates=certificates,
        )


class _PinnedAdapter(HTTPAdapter):
    """Connects to the address in the URL and speaks TLS for the name it was made for."""

    def __init__(self, scheme: str, host: str, certificates: str) -> None:
        self._options: dict[str, Any] = {}
        if scheme == "https":
            self._options = {"server_hostname": host, "ssl_context": tls_context(certificates)}
        super().__init__(max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, *args: Any, **kwargs: Any) -> None:
        """Make the pools, with our kind of connections and TLS for the name."""
        kwargs |= self._options
        super().init_poolmanager(connections, maxsize, *args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        """Keep requests from putting TLS settings of its own over those of the pools."""
        host, _ = super().build_connection_pool_key_attributes(*args, **kwargs)
        return host, {}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Do nothing: the context verifies, with authorities read once, not at each connection."""


def _at(url: str, address: str, port: int) -> str:
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    return parts._replace(netloc=f"{host}:{port}").geturl()


def _outcome(status: int) -> str:
    if status < requests.codes.bad_request:
        return "ok"
    busy = status >= requests.codes.server_error or status == requests.codes.too_many_requests
    return "transient" if busy else "refused"


# A whole sentence for each: one made of parts could not be translated.


def _unreached(system: str, error: BaseException, *, late: bool) -> TransientError:
    if late:
        return TransientError(system, "It cannot be reached: it did not answer in time.")
    if isinstance(error, requests.exceptions.SSLError):
        return TransientError(
            system,
            "It cannot be reached: its certificate or encryption is not acceptable.",
        )
    return TransientError(system, "It cannot be reached: there is no connection.")


def _unanswered(system: str, *, late: bool) -> TransientError:
    if late:
        return TransientError(system, "It did not answer: no answer came in time.")
    return TransientError(system, "It did not answer: the connection broke off.")


def _unknown_outcome(system: str, *, late: bool) -> UnknownOutcomeError:
    if late:
        return UnknownOutcomeError(
            system,
            "The request was sent and its outcome is not known: no answer came in time.",
        )
    return UnknownOutcomeError(
        system,
        "The request was sent and its outcome is not known: the connection broke off.",
    )


def _retry_after(reply: HttpReply) -> timedelta | None:
    """Return how long the server asks to wait: seconds or an HTTP date (RFC 9110 10.2.3)."""
    value = reply.headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.isascii() and value.replace(".", "", 1).isdigit():
        seconds = min(float(value), LONGEST_WAIT.total_seconds())
        return timedelta(seconds=math.ceil(seconds))
    try:
        # By the server's own clock where it shows it: ours may differ.
        base = (
            parsedate_to_datetime(reply.headers.get("date", ""))
            if "date" in reply.headers
            else None
        )
        wait = _aware(parsedate_to_datetime(value)) - _aware(base or reply.received_at)
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _encoded(value: object) -> float:
    if isinstance(value, Decimal) and value.is_finite():
        return float(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
