"""IMAP: how a conversation begins, what may be called, and what no orderly server does."""

import imaplib
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.addresses import PublicAddresses, loopback_allowed, private_allowed
from connectors.http import ClientFactory
from connectors.mailboxes.imap import DECLARATION, ImapMailbox, connect
from connectors.mailboxes.imap.conversation import Conversation, folder_name, read_server
from connectors.mailboxes.imap.folder import Folder
from connectors.opening import open_connector
from connectors.sandbox.imap import PASSWORD, USER, RunningImap, serve
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    TransientError,
)
from tests.connectors.calling import NotingControl
from tests.connectors.certificates import contexts
from tests.connectors.scripted_smtp import HANG_UP, ScriptedSmtp

RAW = b"Message-ID: <m1@x>\r\nFrom: a@b.example\r\nSubject: x\r\n\r\nHej\r\n"


@pytest.fixture
def server() -> Iterator[RunningImap]:
    running = serve()
    yield running
    running.stop()


_MADE: list[ImapMailbox] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _MADE:
        _MADE.pop().close()


def opened(running: RunningImap, **settings: Any) -> ImapMailbox:
    """Return a mailbox as a connection's settings make it."""
    given = {"host": "127.0.0.1", "port": running.port, "security": "none", "user": USER}
    mailbox: ImapMailbox = open_connector(
        "imap", given | settings, {"password": PASSWORD}, NotingControl(), private_allowed()
    )
    _MADE.append(mailbox)
    return mailbox


# --- the sandbox, by clients that are not ours ------------------------------------------------


def test_the_sandbox_answers_the_standard_librarys_client(server: RunningImap) -> None:
    server.store.folder("Læst & gemt")
    with imaplib.IMAP4("127.0.0.1", server.port) as client:
        with pytest.raises(client.error):
            client.login(USER, "wrong")
        client.login(USER, PASSWORD)
        assert client.list() == ("OK", [b'() "/" "INBOX"', b'() "/" "L&AOY-st &- gemt"'])
        assert client.append("INBOX", None, None, RAW) == ("OK", [b"APPEND completed"])
        assert client.select() == ("OK", [b"1"])
        assert client.uid("SEARCH", "UID", "1:*") == ("OK", [b"1"])
        assert client.fetch("1", "(UID FLAGS BODY.PEEK[]<0.10>)") == (
            "OK", [(b"1 (UID 1 FLAGS () BODY[]<0> {10}", b"Message-ID"), b")"],
        )  # fmt: skip
        assert client.fetch("1", "(BODY[TEXT])")[1][0] == (b"1 (BODY[TEXT] {5}", b"Hej\r\n")
        assert client.uid("FETCH", "1", "(FLAGS)") == ("OK", [b"1 (FLAGS (\\Seen) UID 1)"])
        assert client.uid("MOVE", "1", '"L&AOY-st &- gemt"')[0] == "OK"
    assert [each.raw for each in server.messages("Læst & gemt")] == [RAW]


def test_the_sandbox_answers_curl(server: RunningImap, tmp_path: Path) -> None:
    mail = tmp_path / "mail.eml"
    mail.write_bytes(RAW)

    def curl(*arguments: str) -> bytes:
        command = ["curl", "-sS", "--max-time", "10", "-u", f"{USER}:{PASSWORD}", *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout

    curl("-T", str(mail), f"{server.url}/INBOX")

    assert curl(f"{server.url}/INBOX;UID=1") == RAW
    assert curl("-X", "UID SEARCH SINCE 1-Jan-2020", f"{server.url}/INBOX") == b"* SEARCH 1\r\n"
    assert b"UIDVALIDITY 1" in curl("-X", "EXAMINE INBOX", server.url)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "setting"),
    [
        ({"host": ""}, "host"),
        ({"user": ""}, "user"),
        ({"user": "a\r\nb"}, "user"),
        ({"port": 70000}, "port"),
        ({"security": "ssl3"}, "security"),
        ({"afterwards": "move"}, "move_to"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], setting: str) -> None:
    given = {"host": "mail.example", "user": USER, "security": "tls"} | settings

    with pytest.raises(PermanentError) as caught:
        connect(given, {"password": PASSWORD}, None)
    assert caught.value.params["setting"] == setting


def test_a_password_is_asked_for_and_is_in_no_text() -> None:
    with pytest.raises(PermanentError):
        connect({"host": "mail.example", "user": USER}, {}, None)

    made = connect({"host": "mail.example", "user": USER}, {"password": "canary"}, None)
    assert "canary" not in repr(vars(made))
    assert [field.name for field in DECLARATION.settings if field.secret] == ["password"]


@pytest.mark.parametrize(
    ("security", "port", "address", "allowed"),
    [
        ("tls", None, "93.184.216.34", True),
        ("starttls", None, "93.184.216.34", True),
        ("tls", 25, "93.184.216.34", False),
        ("tls", None, "127.0.0.1", False),
        ("tls", None, "169.254.169.254", False),
        ("tls", None, "10.1.2.3", False),
    ],
)
def test_only_public_addresses_are_called_by_imap_unless_others_are_allowed(
    security: str, port: int | None, address: str, *, allowed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    called: list[Any] = []

    def refuse(where: Any, _timeout: float) -> socket.socket:
        called.append(where)
        raise OSError("not in a test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    policy = PublicAddresses(resolver=lambda _name, _port: [address])
    server = read_server("mail.example", port, security, USER, PASSWORD)
    mailbox = ImapMailbox(server, {}, ClientFactory("imap", NotingControl(), policy))

    with pytest.raises(TransientError if allowed else PermanentError):
        mailbox.test()
    assert called == ([(address, 993 if security == "tls" else 143)] if allowed else [])


def test_a_password_never_travels_unencrypted_to_another_network() -> None:
    policy = PublicAddresses(resolver=lambda _name, _port: ["93.184.216.34"])
    server = read_server("mail.example", None, "none", USER, PASSWORD)

    with pytest.raises(PermanentError) as caught:
        ImapMailbox(server, {}, ClientFactory("imap", NotingControl(), policy)).test()
    assert caught.value.params["setting"] == "security"


def test_a_certificate_that_is_not_trusted_stops_before_the_log_in(tmp_path: Path) -> None:
    context, _ = contexts(tmp_path)
    for implicit in (True, False):
        running = serve(tls=context, implicit_tls=implicit)
        with pytest.raises(PermanentError, match="not trusted"):
            opened(running, security="tls" if implicit else "starttls").test()
        running.stop()
        assert [each for each in running.commands() if "AUTH" in each or "LOGIN" in each] == []


def test_starttls_that_is_not_offered_sends_no_password(server: RunningImap) -> None:
    with pytest.raises(ConnectorError):
        opened(server, security="starttls").test()
    assert server.commands() == ["CAPABILITY", "LOGOUT"]


def test_starttls_encrypts_before_the_log_in(tmp_path: Path) -> None:
    context, trusting = contexts(tmp_path)
    running = serve(tls=context)
    server = read_server("127.0.0.1", running.port, "starttls", USER, PASSWORD)
    http = ClientFactory("imap", NotingControl(), loopback_allowed())
    try:
        assert ImapMailbox(server, {}, http, trusting).test().messages == 0
    finally:
        running.stop()
    assert running.commands()[:3] == ["CAPABILITY", "STARTTLS", "CAPABILITY"]


@pytest.mark.parametrize("word", ['a b"c\\d', "blåbær", "(x) {3}"])
def test_any_password_is_sent_as_it_is(word: str) -> None:
    running = serve(user=f"u {word}", password=word)
    plain = read_server("127.0.0.1", running.port, "none", f"u {word}", word)
    http = ClientFactory("imap", NotingControl(), loopback_allowed())
    try:
        assert ImapMailbox(plain, {}, http).test().user == f"u {word}"
    finally:
        running.stop()


def test_login_sends_any_ascii_and_refuses_the_rest() -> None:
    for word, is_sent in (('a b"c\\d', True), ("(x) {3}", True), ("blåbær", False)):
        running = serve(user=f"u {word}", password=word, capabilities=())
        plain = read_server("127.0.0.1", running.port, "none", f"u {word}", word)
        http = ClientFactory("imap", NotingControl(), loopback_allowed())
        mailbox = ImapMailbox(plain, {}, http)
        try:
            if is_sent:
                assert mailbox.test().messages == 0
            else:
                with pytest.raises(AuthenticationError):
                    mailbox.test()
        finally:
            running.stop()


# --- folders ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("INBOX", '"INBOX"'),
        ("Forespørgsler", '"Foresp&APg-rgsler"'),
        ("Q&A", '"Q&-A"'),
        ("台北", '"&U,BTFw-"'),  # RFC 3501 5.1.3
        ('a"b\\c', '"a\\"b\\\\c"'),
    ],
)
def test_names_of_folders_are_sent_as_the_standard_says(name: str, sent: str) -> None:
    assert folder_name(name) == sent


@pytest.mark.parametrize("folder", ["Forespørgsler/Nye & gamle", 'a"b', "台北"])
def test_any_folder_is_read(server: RunningImap, folder: str) -> None:
    server.deliver(RAW, folder)

    assert opened(server, folder=folder).test().messages == 1


def test_a_folder_to_move_to_is_looked_for_by_the_test(server: RunningImap) -> None:
    with pytest.raises(PermanentError, match="no such folder"):
        opened(server, afterwards="move", move_to="Intet").test()


def test_a_server_that_cannot_move_is_told_from_the_start() -> None:
    running = serve(capabilities=("AUTH=PLAIN",))
    running.store.folder("Done")
    try:
        with pytest.raises(PermanentError, match="mark them instead"):
            opened(running, afterwards="move", move_to="Done").test()
    finally:
        running.stop()


def test_large_folders_are_searched_in_spans(
    server: RunningImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.mailboxes.imap.folder.MOST_SEARCHED", 3)
    for _ in range(8):
        server.deliver(RAW)
    for uid in (2, 3, 4, 5, 6):
        server.store.folder("INBOX").take(uid)
    for _ in range(2):
        server.deliver(RAW)

    page = opened(server, existing=True).messages(None, 2)

    assert [each.name for each in page.messages] == ["1/1"]
    assert (page.cursor["uid"], page.more) == (3, True)
    page = opened(server, existing=True).messages(page.cursor, 2)
    assert [each.name for each in page.messages] == ["1/7", "1/8"]
    assert [each for each in server.commands() if "SEARCH" in each] == [
        "UID SEARCH UID 1:3", "UID SEARCH UID 4:6", "UID SEARCH UID 7:9",
    ]  # fmt: skip


# --- what is noted, and what no orderly server does --------------------------------------------


def test_calls_are_noted_without_what_the_mails_say(server: RunningImap) -> None:
    control = NotingControl()
    server.deliver(RAW)
    given = {"host": "127.0.0.1", "port": server.port, "security": "none", "user": USER}
    mailbox: ImapMailbox = open_connector(
        "imap", given | {"existing": True, "afterwards": "seen"}, {"password": PASSWORD}, control,
        private_allowed(),
    )  # fmt: skip
    page = mailbox.messages(None, 10)
    mailbox.mark(page.cursor)
    mailbox.close()

    assert [(each.method, each.outcome, each.response_body) for each in control.records] == [
        ("FETCH", "ok", "UID 1 to 1"),
        ("STORE", "ok", None),
    ]
    assert control.records[0].url == f"imap://127.0.0.1:{server.port}/INBOX"
    assert "a@b.example" not in repr(control.records)
    assert PASSWORD not in repr(control.records)


@pytest.mark.parametrize(
    ("greeting", "expected"),
    [
        (HANG_UP, TransientError),
        (b"* BYE too many\r\n", TransientError),
        (b"220 this is SMTP\r\n", ConnectorError),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ConnectorError),
        (b"* OK " + b"x" * 2_000_000, ConnectorError),
    ],
)
def test_what_speaks_no_imap_is_told(greeting: bytes, expected: type[ConnectorError]) -> None:
    other = ScriptedSmtp(greeting=greeting + HANG_UP)
    server = read_server("127.0.0.1", other.port, "none", USER, PASSWORD)
    http = ClientFactory("imap", NotingControl(), loopback_allowed())
    try:
        with pytest.raises(expected):
            ImapMailbox(server, {}, http).test()
    finally:
        other.stop()


def test_an_answer_larger_than_was_asked_for_is_not_read(
    server: RunningImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(RAW + b"x" * 5000)
    monkeypatch.setattr("connectors.mailboxes.imap.conversation.LONGEST_LITERAL_BYTES", 4000)

    with pytest.raises(TransientError, match="an answer of"):
        opened(server, existing=True).messages(None, 1)


def test_an_answer_without_what_the_standard_promises_is_malformed(
    server: RunningImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Conversation, "told", lambda _self, _name: [None])

    with pytest.raises(MalformedReplyError, match="does not say UIDVALIDITY"):
        opened(server).test()


def test_a_message_that_is_gone_meanwhile_is_no_trouble(
    server: RunningImap, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(RAW)
    monkeypatch.setattr(Folder, "after", lambda *_: ([1, 7], 7))

    page = opened(server, existing=True).messages(None, 5)

    assert [each.raw for each in page.messages] == [RAW]
