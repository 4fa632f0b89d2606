import socket
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors import http
from connectors.addresses import PublicAddresses
from connectors.http import HttpClient, HttpReply
from connectors.recording import MASK
from hub.errors import (
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    PostponedError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)
from tests.connectors.calling import (
    NotingControl,
    Script,
    ScriptedServer,
    client,
    hang_up,
    reply,
    scripted,
)
from tests.stack import free_port


def drip(connection: socket.socket) -> None:
    """Send a byte at a time, each well within a socket's own time-out."""
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Long: " + b"x" * 500:
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
    for _ in range(500):
        connection.sendall(b"1,")
        time.sleep(0.05)


def be_silent(connection: socket.socket) -> None:
    connection.settimeout(60)
    connection.recv(1)


def half(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def half_chunked(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2")


def nonsense(connection: socket.socket) -> None:
    connection.sendall(b"220 mail.example ESMTP\r\n")


def test_a_call_sends_what_it_is_given_to_the_resolved_address_under_its_own_name() -> None:
    control, began = NotingControl(), time.monotonic()
    with scripted(reply(body=b'{"amount": 10.10, "name": "\xc3\xa6"}')) as server:
        books = client(
            server, control, base_url=f"http://Books.Example:{server.port}/api/",
            headers={"X-Agreement": "a1"},
        )  # fmt: skip
        answer = books.call(
            "POST", "/customers", params={"page": 1, "none": None},
            json={"limit": Decimal("12.50"), "name": "Bølge"}, headers={"Idempotency-Key": "k1"},
        )  # fmt: skip

    head, _, body = server.received[0].partition("\r\n\r\n")
    lines = head.split("\r\n")
    assert lines[0] == "POST /api/customers?page=1 HTTP/1.1"
    assert [line for line in lines if line.lower().startswith("host:")] == [
        f"Host: books.example:{server.port}"
    ]
    assert {"X-Agreement: a1", "Idempotency-Key: k1", "Content-Type: application/json"} < set(lines)
    assert body == '{"limit": 12.5, "name": "Bølge"}'
    assert (answer.status, answer.json()) == (200, {"amount": Decimal("10.10"), "name": "æ"})
    assert answer.headers["content-type"] == "application/json"
    assert control.admitted == 1
    record = control.records[0]
    assert (record.method, record.status, record.outcome) == ("POST", 200, "ok")
    assert record.url == f"http://books.example:{server.port}/api/customers?page=1"
    assert record.request_body == body
    assert record.response_body == '{"amount": 10.10, "name": "æ"}'
    assert timedelta(0) < record.duration < timedelta(seconds=time.monotonic() - began)


@pytest.mark.parametrize(
    ("script", "late"),
    [
        (hang_up, False),
        (half, False),
        (half_chunked, False),
        (nonsense, False),
        (be_silent, True),
        (drip, True),
        (drip_body, True),
    ],
)
@pytest.mark.parametrize(
    ("method", "reads_only", "error", "outcome"),
    [
        ("GET", None, TransientError, "transient"),
        ("POST", True, TransientError, "transient"),
        ("POST", None, UnknownOutcomeError, "unknown"),
        ("PUT", None, UnknownOutcomeError, "unknown"),
    ],
)
def test_a_reply_that_does_not_come_whole_leaves_only_a_write_in_doubt(  # noqa: PLR0917 - a matrix
    script: Script,
    late: bool,
    method: str,
    reads_only: bool | None,
    error: type[ConnectorError],
    outcome: str,
) -> None:
    control = NotingControl()
    with scripted(script) as server:
        books = client(server, control, timeout_s=1 if late else 60)
        started = time.monotonic()
        with pytest.raises(ConnectorError) as caught:
            books.call(method, "/customers", reads_only=reads_only)

    assert type(caught.value) is error
    # The whole call has one deadline: dripping takes twenty-five seconds, and silence a minute.
    assert time.monotonic() - started < 20
    assert ("in time" in str(caught.value)) is late
    assert [(record.status, record.outcome) for record in control.records] == [(None, outcome)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_connection_is_tried_again_even_for_a_write(method: str) -> None:
    control = NotingControl()

    with pytest.raises(TransientError) as caught:
        client(ScriptedServer(free_port()), control).call(method, "/customers")

    assert type(caught.value) is TransientError
    assert control.records[0].outcome == "transient"


@pytest.mark.parametrize(
    ("status", "method", "error"),
    [
        ("429 Too Many Requests", "GET", RateLimitedError),
        ("429 Too Many Requests", "POST", RateLimitedError),
        ("503 Service Unavailable", "GET", TransientError),
        ("503 Service Unavailable", "POST", TransientError),
        ("502 Bad Gateway", "GET", TransientError),
        ("502 Bad Gateway", "POST", UnknownOutcomeError),
        ("504 Gateway Timeout", "PUT", UnknownOutcomeError),
    ],
)
def test_an_overloaded_server_says_when_to_come_back(
    status: str, method: str, error: type[ConnectorError]
) -> None:
    control = NotingControl()
    script = reply(status, b"<html>", "text/html", Retry_After="120")
    with scripted(script) as server, pytest.raises(TransientError) as caught:
        client(server, control).call(method, "/customers")

    assert type(caught.value) is error
    assert caught.value.retry_after == timedelta(seconds=120)
    assert control.waits == [timedelta(seconds=120)]
    assert control.reasons == [caught.value.words]
    assert control.records[0].status == int(status[:3])


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("2.2", 3),
        ("Sun, 22 Nov 2026 11:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 10:00:00 GMT", 0),
        ("999999999", 172_800),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 172_800),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("1e9", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_clock_and_has_a_limit(
    value: str, seconds: int | None
) -> None:
    script = reply("429 Slow", Date="Sun, 22 Nov 2026 11:00:00 GMT", Retry_After=value)
    with scripted(script) as server, pytest.raises(RateLimitedError) as caught:
        client(server).call("GET", "/")

    assert caught.value.retry_after == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize("status", ["200 OK", "204 No", "301 Moved", "400 Bad", "404 No", "500 Ow"])
def test_other_statuses_are_the_connectors_to_judge_and_no_redirect_is_followed(
    status: str,
) -> None:
    with scripted(reply(status, b"", Location="http://127.0.0.1:1/")) as server:
        answer = client(server).call("GET", "/")

    assert answer.status == int(status[:3])
    assert server.connections == 1


def test_what_a_check_finds_in_a_reply_is_what_the_breaker_learns() -> None:
    def check(answer: HttpReply) -> None:
        raise RateLimitedError("books", "told inside a 200", timedelta(hours=3))

    control = NotingControl()
    with scripted(reply()) as server, pytest.raises(RateLimitedError):
        client(server, control).call("GET", "/", check=check)

    assert (control.records[0].status, control.records[0].outcome) == (200, "transient")
    assert control.waits == [timedelta(hours=3)]


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b"", "application/json", "nothing"),
        (b'{"a": ', "application/json", "broken application/json"),
        (b"hello", "text/plain", "text/plain"),
        (b"\xff\xfe\x00", "application/octet-stream", "application/octet-stream"),
        (b'{"a": NaN}', "application/json", "broken application/json"),
        (b"[" * 100_000, "application/json", "broken application/json"),
        (b"1" * 5_000, "application/json", "broken application/json"),
    ],
)
def test_a_body_that_is_not_json_is_named_for_what_it_is(
    body: bytes, content_type: str, said: str
) -> None:
    with scripted(reply("200 OK", body, content_type)) as server:
        answer = client(server).call("GET", "/")

    with pytest.raises(MalformedReplyError) as caught:
        answer.json()

    assert str(caught.value) == f"books: It answered 200 with {said} instead of JSON."


@pytest.mark.parametrize(
    ("status", "error"),
    [("200 OK", TransientError), ("404 Not Found", MalformedReplyError)],
)
@pytest.mark.parametrize(
    ("body", "content_type"),
    [(b"<html>no</html>", "text/html"), (b"  <!DOCTYPE html><p>", "application/json")],
)
def test_a_web_page_instead_of_json_may_pass_where_all_is_said_to_be_well(
    body: bytes, content_type: str, status: str, error: type[ConnectorError]
) -> None:
    with scripted(reply(status, body, content_type)) as server:
        answer = client(server).call("GET", "/")

    with pytest.raises(ConnectorError) as caught:
        answer.json()

    assert type(caught.value) is error
    assert str(caught.value) == (
        f"books: It answered {status[:3]} with an HTML page instead of JSON."
    )


def test_a_reply_beyond_the_limit_is_dropped_while_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "BODY_LIMIT_BYTES", 100_000)
    with scripted(reply(body=b"x" * 100_001)) as server, pytest.raises(MalformedReplyError):
        client(server).call("GET", "/")


def test_a_small_reply_that_unpacks_to_a_large_one_is_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import gzip

    monkeypatch.setattr(http, "BODY_LIMIT_BYTES", 100_000)
    packed = gzip.compress(b"x" * 50_000_000)
    script = reply(body=packed, Content_Encoding="gzip")
    with scripted(script) as server, pytest.raises(MalformedReplyError):
        client(server).call("GET", "/")


@pytest.mark.parametrize(
    "url",
    [
        "https://books.example:{port}/x",
        "http://books.example/x",
        "http://other.example:{port}/x",
        "http://127.0.0.1:{port}/x",
        "http://books.example:{port}@evil.example/x",
        "http://user@books.example:{port}/x",
        "http://books.example:{port}.evil.example/x",
        "//evil.example/x",
        "evil.example/x",
        "http://[/x",
        "ftp://books.example:{port}/x",
    ],
)
def test_a_url_that_leads_elsewhere_is_not_called(url: str) -> None:
    control = NotingControl()
    with scripted(reply()) as server, pytest.raises(PermanentError):
        client(server, control).call("GET", url.format(port=server.port))

    assert (server.connections, control.admitted) == (0, 0)


def test_a_next_page_at_the_same_place_is_called() -> None:
    with scripted(reply()) as server:
        url = f"http://BOOKS.example:{server.port}/customers?skippages=1&filter=a%20b"
        client(server).call("GET", url)

    assert server.received[0].startswith("GET /customers?skippages=1&filter=a%20b HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "base_url",
    ["", "books.example", "ftp://books.example", "https://", "https://u:p@books.example",
     "https://books.example/?a=1", "https://books.example:0", "https://books.example:99999",
     "https://0x7f.1", "https://books example", "https://[::1"],
)  # fmt: skip
def test_a_base_url_that_is_none_is_refused_without_showing_it(base_url: str) -> None:
    with pytest.raises(PermanentError) as caught:
        HttpClient("books", base_url, control=NotingControl(), addresses=PublicAddresses())

    assert "u:p" not in str(caught.value)


def test_an_address_that_may_not_be_called_is_refused_and_noted() -> None:
    control = NotingControl()
    policy = PublicAddresses(resolver=lambda _name, _port: ["127.0.0.1"])
    with scripted(reply()) as server, pytest.raises(PermanentError):
        client(server, control, addresses=policy).call("GET", "/")

    assert server.connections == 0
    assert [record.outcome for record in control.records] == ["refused"]


def test_a_call_that_is_not_admitted_does_not_leave_the_house() -> None:
    control = NotingControl(refusal=PostponedError("paused", timedelta(minutes=5)))
    with scripted(reply()) as server, pytest.raises(PostponedError):
        client(server, control).call("GET", "/")

    assert (server.connections, control.records) == (0, [])


def test_no_secret_of_a_call_reaches_its_record() -> None:
    control = NotingControl()
    echo = b'{"echo": "canary-token", "also": "Basic aHViOmNhbmFyeS1wYXNzd29yZA=="}'
    with scripted(
        reply(body=echo, Set_Cookie="session=canary-cookie", X_Echo="canary-token")
    ) as server:
        books = client(
            server, control, auth=("hub", "canary-password"), secrets=["canary-token"],
            headers={"X-AppSecretToken": "canary-header", "X-Other": "canary-token"},
        )  # fmt: skip
        answer = books.call(
            "POST", "/canary-token", params={"token": "canary-query", "key": "canary-key"},
            json={"password": "canary-body", "note": "canary-token"},
        )  # fmt: skip

    assert "Authorization: Basic aHViOmNhbmFyeS1wYXNzd29yZA==" in server.received[0]
    assert b"canary" in answer.body
    recorded = repr(control.records)
    assert "canary" not in recorded
    assert "aHViOmNhbmFyeS1wYXNzd29yZA" not in recorded
    assert control.records[0].request_headers["authorization"] == MASK
    assert control.records[0].url.endswith(f"/{MASK}?token={MASK}&key={MASK}")


def test_cookies_are_not_kept_and_the_environment_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with scripted(reply(Set_Cookie="a=b; Path=/")) as server:
        books = client(server)
        books.call("GET", "/")
        books.call("GET", "/")

    assert len(server.received) == 2
    assert "cookie" not in server.received[1].lower()


def test_credentials_beyond_ascii_are_sent_as_utf8() -> None:
    with scripted(reply()) as server:
        client(server, auth=("hub", "pæl")).call("GET", "/")

    assert "Authorization: Basic aHViOnDDpmw=" in server.received[0]


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "snow ☃"])
def test_a_header_that_cannot_be_sent_is_refused(value: str) -> None:
    control = NotingControl()
    with scripted(reply()) as server, pytest.raises(PermanentError):
        client(server, control).call("GET", "/", headers={"X-Name": value})

    assert all("X-Evil" not in text for text in server.received)


@pytest.mark.parametrize("make", [lambda: float("nan"), lambda: Decimal("NaN"), object])
def test_a_value_without_a_form_in_json_is_an_error_of_ours(make: Callable[[], Any]) -> None:
    with scripted(reply()) as server, pytest.raises((TypeError, ValueError)):
        client(server).call("POST", "/", json={"value": make()})

    assert server.connections == 0
