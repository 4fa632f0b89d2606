"""The mailbox sandbox: what it keeps, what it shows, and what goes wrong when asked."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from connectors.mail.smtp import SmtpMailer
from connectors.sandbox.mailbox import RunningMailbox, read_ledger, serve
from connectors.sandbox.mailbox.reading import calendar_of, headers_of
from hub.errors import RejectedError, TransientError, UnknownOutcomeError
from hub.ports import OutgoingMail
from tests.patience import wait_until

ICS = b"\r\n".join(
    [
        b"BEGIN:VCALENDAR",
        b"VERSION:2.0",
        b"PRODID:-//Hub//EN",
        b"METHOD:REQUEST",
        b"BEGIN:VEVENT",
        b"UID:reminder-1@hub",
        b"SEQUENCE:2",
        b"DTSTAMP:20261122T080000Z",
        b"DTSTART:20261201T080000Z",
        b"SUMMARY:Ring til Nordlys\\, igen",
        b"TRANSP:TRANSPARENT",
        b"END:VEVENT",
        b"END:VCALENDAR",
        b"",
    ]
)
INVITATION = b"\r\n".join(
    [
        b"Message-ID: <m1@hub>",
        b"Subject: =?utf-8?q?P=C3=A5mindelse?=",
        b"From: Hub <hub@example.com>",
        b"To: anna@example.com",
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="outer"',
        b"",
        b"--outer",
        b'Content-Type: multipart/alternative; boundary="inner"',
        b"",
        b"--inner",
        b"Content-Type: text/plain; charset=utf-8",
        b"Content-Transfer-Encoding: 8bit",
        b"",
        "Ring til Søren <script>".encode(),
        b"--inner",
        b"Content-Type: text/html; charset=utf-8",
        b"",
        b"<p>Ring</p>",
        b"--inner",
        b"Content-Type: text/calendar; charset=utf-8; method=REQUEST",
        b"",
        ICS.rstrip(),
        b"--inner--",
        b"--outer",
        b"Content-Type: application/ics",
        b'Content-Disposition: attachment; filename="../invite.ics"',
        b"",
        ICS.rstrip(),
        b"--outer--",
        b"",
    ]
)


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[RunningMailbox]:
    running = serve(0, 0, tmp_path)
    yield running
    running.stop()


def deliver(mailbox: RunningMailbox, raw: bytes = INVITATION, to: str = "anna@example.com") -> None:
    mailer = SmtpMailer(mailbox.smtp_url, timeout_s=60)
    try:
        mailer.send(OutgoingMail("hub@example.com", to, "<m1@hub>", raw))
    finally:
        mailer.close()


def call(
    mailbox: RunningMailbox, path: str, method: str = "GET", body: object = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", mailbox.http_port, timeout=60)
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, {"Content-Type": "application/json"})
    reply = connection.getresponse()
    read = reply.status, dict(reply.getheaders()), reply.read()
    connection.close()
    return read


def fetched(mailbox: RunningMailbox, path: str) -> Any:
    return json.loads(call(mailbox, path)[2])


# --- what it keeps ----------------------------------------------------------------------------


def test_a_message_is_kept_with_a_line_that_tells_one_reminder_from_another(
    mailbox: RunningMailbox, tmp_path: Path
) -> None:
    deliver(mailbox)

    (entry,) = mailbox.entries()
    assert (entry.position, entry.sender, entry.recipient) == (
        1,
        "hub@example.com",
        "anna@example.com",
    )
    assert (entry.message_id, entry.subject) == ("<m1@hub>", "Påmindelse")
    assert (entry.method, entry.uid, entry.sequence) == ("REQUEST", "reminder-1@hub", 2)
    assert (entry.size_bytes, entry.sha256) == (len(INVITATION), sha256(INVITATION).hexdigest())
    assert (tmp_path / entry.file).read_bytes() == mailbox.raw(entry) == INVITATION
    assert list(read_ledger(tmp_path)) == [entry]


def test_a_directory_is_taken_up_again_with_a_torn_line_and_an_unlisted_file(
    tmp_path: Path,
) -> None:
    first = serve(0, 0, tmp_path)
    deliver(first)
    first.stop()
    with (tmp_path / "ledger.jsonl").open("ab") as ledger:
        ledger.write(b'{"position": 2, "sen')
    (tmp_path / "000002.eml").write_bytes(b"cut o")

    second = serve(0, 0, tmp_path)
    deliver(second)
    second.stop()

    assert [entry.position for entry in read_ledger(tmp_path)] == [1, 3]
    assert (tmp_path / "000002.eml").read_bytes() == b"cut o"


def test_two_mailboxes_never_write_to_one_directory(
    mailbox: RunningMailbox, tmp_path: Path
) -> None:
    with pytest.raises(RuntimeError, match="another mailbox writes to"):
        serve(0, 0, tmp_path)


def test_a_taken_port_is_an_error_that_leaves_the_directory_free(
    mailbox: RunningMailbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    directory = tmp_path_factory.mktemp("other")

    with pytest.raises(OSError, match="address already in use"):
        serve(mailbox.smtp_port, 0, directory)

    serve(0, 0, directory).stop()


@pytest.mark.parametrize(
    "raw",
    [
        b"\r\n",
        b"no headers at all\r\n",
        b"Subject: =?nonsense?q?x?=\r\nMessage-ID: \xff\r\n\r\nx\r\n",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nnonsense\r\n",
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xff\r\n",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary\r\n",
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n",
    ],
)
def test_what_it_cannot_read_it_keeps_and_shows_all_the_same(
    mailbox: RunningMailbox, raw: bytes
) -> None:
    deliver(mailbox, raw)

    assert [mailbox.raw(entry) for entry in mailbox.entries()] == [raw]
    for path in ("/", "/1", "/messages", "/messages/1", "/messages/1.eml"):
        assert call(mailbox, path)[0] == 200


def test_a_calendar_that_is_wrong_is_said_to_be_wrong() -> None:
    kind = b"Content-Type: text/calendar\r\n\r\n"

    unreadable = calendar_of(kind + b"BEGIN:VCALENDAR\r\nnonsense\r\n")
    empty = calendar_of(kind + b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")

    assert unreadable is not None
    assert str(unreadable.problem).startswith("it cannot be read: ")
    assert empty is not None
    assert empty.problem == "it has no event"
    assert calendar_of(b"Subject: x\r\n\r\nx\r\n") is None


def test_header_names_and_their_order_stay_visible() -> None:
    raw = b"B: 1\r\nA: =?utf-8?q?=C3=A6?=\r\nB: 2\r\n\r\n"

    assert headers_of(raw) == [("B", "1"), ("A", "æ"), ("B", "2")]


# --- what it shows ----------------------------------------------------------------------------


def test_a_person_sees_the_text_the_calendar_and_links_to_the_files(
    mailbox: RunningMailbox,
) -> None:
    deliver(mailbox)

    overview = call(mailbox, "/")[2].decode()
    page = call(mailbox, "/1")[2].decode()

    assert '<a href="/1">Påmindelse</a>' in overview
    assert "REQUEST 2" in overview
    assert "Ring til Søren &lt;script&gt;" in page
    for fact in ("reminder-1@hub", "20261201T080000Z", "TRANSPARENT", "&lt;m1@hub&gt;"):
        assert fact in page
    assert "/messages/1/parts/3" in page


def test_a_file_comes_as_it_was_sent_and_only_as_a_download(mailbox: RunningMailbox) -> None:
    deliver(mailbox)

    status, headers, content = call(mailbox, "/messages/1/parts/3")
    html = call(mailbox, "/messages/1/parts/1")[1]
    view = call(mailbox, "/messages/1/parts/1/view")

    assert (status, content) == (200, ICS.rstrip())
    assert headers["Content-Disposition"].startswith("attachment; filename=")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert html["Content-Disposition"] == "attachment; filename=part-1.html"
    assert view[2] == b"<p>Ring</p>"
    assert view[1]["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert call(mailbox, "/messages/1.eml")[2] == INVITATION


def test_a_script_finds_messages_by_recipient_name_and_place(mailbox: RunningMailbox) -> None:
    deliver(mailbox)
    deliver(mailbox, b"Message-ID: <m2@hub>\r\n\r\nx\r\n", "bo@example.com")

    def positions(query: str) -> list[int]:
        return [row["position"] for row in fetched(mailbox, f"/messages{query}")]

    assert positions("") == [1, 2]
    assert positions("?recipient=bo@example.com") == [2]
    assert positions("?message_id=%3Cm1@hub%3E") == [1]
    assert positions("?uid=reminder-1@hub") == [1]
    assert positions("?after=1") == [2]
    assert positions("?recipient=bo@example.com&uid=reminder-1@hub") == []
    message = fetched(mailbox, "/messages/1")
    assert message["calendar"]["method"] == "REQUEST"
    assert ["Subject", "Påmindelse"] in message["headers"]
    assert [part["content_type"] for part in message["parts"]] == [
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    assert message["parts"][0]["text"] == "Ring til Søren <script>"


@pytest.mark.parametrize(
    "path",
    ["/2", "/messages/2", "/messages/2.eml", "/messages/1/parts/9", "/messages/1/parts/0/view"],
)
def test_what_is_not_there_is_not_found(mailbox: RunningMailbox, path: str) -> None:
    deliver(mailbox)

    assert call(mailbox, path)[0] == 404


# --- what goes wrong --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "kept"),
    [
        ({"busy": 1}, TransientError, 0),
        ({"drop_early": 1}, TransientError, 0),
        ({"drop_lost": 1}, UnknownOutcomeError, 0),
        ({"drop_kept": 1}, UnknownOutcomeError, 1),
        ({"refuse": ["anna@example.com"]}, RejectedError, 0),
        ({"down": True}, TransientError, 0),
    ],
)
def test_each_fault_fails_as_it_says_and_is_over_when_it_is(
    mailbox: RunningMailbox, fault: dict[str, object], error: type[Exception], kept: int
) -> None:
    assert call(mailbox, "/_sandbox/faults", "POST", fault)[0] == 200

    with pytest.raises(error) as caught:
        deliver(mailbox)
    assert type(caught.value) is error
    assert len(mailbox.entries()) == kept

    assert call(mailbox, "/_sandbox/faults", "DELETE")[0] == 204
    deliver(mailbox)
    assert len(mailbox.entries()) == kept + 1


def test_a_slow_server_keeps_the_message_whose_sender_gave_up(mailbox: RunningMailbox) -> None:
    call(mailbox, "/_sandbox/faults", "POST", {"slow_s": 5})
    mailer = SmtpMailer(mailbox.smtp_url, acceptance_timeout_s=0.3)

    with pytest.raises(UnknownOutcomeError):
        mailer.send(OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", INVITATION))

    wait_until(mailbox.entries)
    assert len(mailbox.entries()) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "faults are a JSON object"),
        ({"fire": 1}, "fire: there is no such fault"),
        ({"busy": -1}, "busy: -1 is not one of its values"),
        ({"busy": True}, "busy: True is not one of its values"),
        ({"slow_s": "1"}, "slow_s"),
        ({"refuse": "anna@example.com"}, "refuse"),
        ({"down": 1}, "down"),
    ],
)
def test_an_impossible_fault_is_refused_and_nothing_changes(
    mailbox: RunningMailbox, body: object, message: str
) -> None:
    before = fetched(mailbox, "/_sandbox/faults")

    status, _, answer = call(mailbox, "/_sandbox/faults", "POST", body)

    assert (status, message in answer.decode()) == (400, True)
    assert fetched(mailbox, "/_sandbox/faults") == before


def test_run_as_a_program_it_keeps_what_it_confirmed_even_when_it_is_killed(
    tmp_path: Path,
) -> None:
    program = subprocess.Popen(
        [
            *(sys.executable, "-m", "connectors.sandbox.mailbox"),
            *("--smtp-port", "0", "--http-port", "0", "--directory", str(tmp_path)),
        ],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert program.stdout is not None
        smtp_url, url = program.stdout.readline().strip(), program.stdout.readline().strip()
        mailer = SmtpMailer(smtp_url)
        mailer.send(OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", INVITATION))
        os.kill(program.pid, signal.SIGKILL)
        mailer.close()
    finally:
        program.kill()
        program.communicate()

    assert url.startswith("http://127.0.0.1:")
    assert [entry.message_id for entry in read_ledger(tmp_path)] == ["<m1@hub>"]


# --- who may look into it ---------------------------------------------------------------------


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[RunningMailbox]:
    running = serve(0, 0, tmp_path / "closed", key="s3cret", plans_faults=False)
    yield running
    running.stop()


def ask(mailbox: RunningMailbox, path: str, **headers: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", mailbox.http_port, timeout=60)
    connection.request("GET", path, headers=headers)
    reply = connection.getresponse()
    read = reply.status, dict(reply.getheaders())
    connection.close()
    return read


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("rebound.example:{port}", 400),
        ("127.0.0.1.rebound.example", 400),
    ],
)
def test_it_answers_under_no_name_of_a_stranger(
    mailbox: RunningMailbox, host: str, status: int
) -> None:
    assert ask(mailbox, "/messages", Host=host.format(port=mailbox.http_port))[0] == status


@pytest.mark.parametrize("path", ["/", "/1", "/messages", "/messages/1", "/messages/1.eml"])
def test_without_its_key_it_shows_nothing(closed: RunningMailbox, path: str) -> None:
    deliver(closed)

    assert ask(closed, path)[0] == 403
    assert ask(closed, f"{path}?key=guessed")[0] == 403
    assert ask(closed, path, Authorization="Bearer guessed")[0] == 403
    assert ask(closed, path, Authorization="Bearer s3cret")[0] == 200
    assert ask(closed, "/ready")[0] == 200


def test_a_browser_keeps_the_key_that_its_link_carried(closed: RunningMailbox) -> None:
    status, headers = ask(closed, "/?key=s3cret")

    assert (status, headers["Location"]) == (302, "/")
    cookie, _, attributes = headers["Set-Cookie"].partition("; ")
    assert "HttpOnly" in attributes
    assert "SameSite=Strict" in attributes
    assert ask(closed, "/", Cookie=cookie)[0] == 200


def test_faults_are_planned_only_where_it_was_started_for_that(
    mailbox: RunningMailbox, closed: RunningMailbox
) -> None:
    assert ask(mailbox, "/_sandbox/faults")[0] == 200
    assert ask(closed, "/_sandbox/faults", Authorization="Bearer s3cret")[0] == 404
