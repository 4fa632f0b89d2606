"""SMTP: where exactly a message is lost, refused or unknown, and what leaves byte for byte."""

import datetime as dt
import ipaddress
import logging
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.mail.smtp import CHECKPOINTS, DECLARATION, TIMEOUT_S, SmtpMailer, connect
from connectors.mail.smtp.opening import Server, read_url
from connectors.sandbox.mailbox import RunningMailbox, serve
from hub.errors import (
    AuthenticationError,
    ConnectorError,
    MalformedReplyError,
    PermanentError,
    RejectedError,
    TransientError,
    UnknownOutcomeError,
)
from hub.ports import OutgoingMail
from tests.connectors.scripted_smtp import HANG_UP, SILENCE, ScriptedSmtp
from tests.patience import wait_until
from tests.stack import free_port

RAW = b"Message-ID: <m1@hub>\r\n\r\nHello\r\n"
MAIL = OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", RAW)

Scripted = Callable[..., tuple[ScriptedSmtp, SmtpMailer]]


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """Makes a scripted server and a mailer that speaks with it."""
    made: list[tuple[ScriptedSmtp, SmtpMailer]] = []

    def make(
        checkpoint: Callable[[str], None] = lambda _: None, **steps: bytes
    ) -> tuple[ScriptedSmtp, SmtpMailer]:
        server = ScriptedSmtp(**steps)
        acceptance_s = 0.3 if steps.get(".") == SILENCE else 60.0
        mailer = SmtpMailer(
            server.url, timeout_s=60, acceptance_timeout_s=acceptance_s, checkpoint=checkpoint
        )
        made.append((server, mailer))
        return server, mailer

    yield make
    for server, mailer in made:
        mailer.close()
        server.stop()


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[RunningMailbox]:
    running = serve(0, 0, tmp_path)
    yield running
    running.stop()


# --- each reply, at each step -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "reply", "expected", "field"),
    [
        ("MAIL", b"550 5.7.1 no relaying\r\n", RejectedError, "sender"),
        ("MAIL", b"552 5.3.4 too big\r\n", RejectedError, "sender"),
        ("RCPT", b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", RejectedError, "recipient"),
        ("DATA", b"554 no valid recipients\r\n", RejectedError, "message"),
        (".", b"554 5.7.1 spam\r\n", RejectedError, "message"),
        ("MAIL", b"530 5.7.0 authentication required\r\n", AuthenticationError, None),
        ("MAIL", b"451 local error\r\n", TransientError, None),
        ("RCPT", b"450 greylisted\r\n", TransientError, None),
        ("DATA", b"421 closing\r\n" + HANG_UP, TransientError, None),
        (".", b"451 try later\r\n", TransientError, None),
        (".", b"421 closing\r\n" + HANG_UP, TransientError, None),
        ("greeting", b"554 no service for you\r\n", PermanentError, None),
        ("greeting", b"421 too many connections\r\n", TransientError, None),
        ("MAIL", b"354 what\r\n", MalformedReplyError, None),
        ("DATA", b"250 what\r\n", MalformedReplyError, None),
        ("RCPT", b"garbage\r\n", MalformedReplyError, None),
        ("greeting", HANG_UP, TransientError, None),
        ("EHLO", HANG_UP, TransientError, None),
        ("MAIL", HANG_UP, TransientError, None),
        ("RCPT", HANG_UP, TransientError, None),
        ("DATA", HANG_UP, TransientError, None),
        (".", HANG_UP, UnknownOutcomeError, None),
        (".", SILENCE, UnknownOutcomeError, None),
        (".", b"garbage\r\n", UnknownOutcomeError, None),
        (".", b"25" + HANG_UP, UnknownOutcomeError, None),
        (".", b"250-first line only\r\n" + HANG_UP, UnknownOutcomeError, None),
        (".", b"x" * 10_000 + b"\r\n", UnknownOutcomeError, None),
    ],
)
def test_each_reply_means_what_it_means_where_it_comes(
    scripted: Scripted, step: str, reply: bytes, expected: type[ConnectorError], field: str | None
) -> None:
    server, mailer = scripted(**{step: reply})

    with pytest.raises(ConnectorError) as caught:
        mailer.send(MAIL)

    assert type(caught.value) is expected
    if isinstance(caught.value, RejectedError):
        assert [(error.field, error.code) for error in caught.value.errors] == [
            (field, reply[:3].decode())
        ]
    assert server.heard.count("DATA") == (step in {"DATA", "."})
    if step == ".":
        wait_until(lambda: server.bodies)  # whoever waits for no answer may be ahead of it
    assert server.bodies == ([RAW] if step == "." else [])


def test_a_refusal_carries_the_servers_own_words_on_one_bounded_line(scripted: Scripted) -> None:
    reply = b"550-first\r\n550-s\xc3\xa6cond\x1b[31m\r\n550 " + b"x" * 600 + b"\r\n"
    _, mailer = scripted(RCPT=reply)

    with pytest.raises(RejectedError) as caught:
        mailer.send(MAIL)

    words = caught.value.errors[0].message
    assert words == ("first sæcond [31m " + "x" * 600)[:500]
    assert str(caught.value) == f"smtp: The mail server refuses the recipient: 550 {words}"


def test_nobody_listening_is_transient() -> None:
    url = f"smtp://127.0.0.1:{free_port()}"

    with pytest.raises(TransientError, match=r"at 127\.0\.0\.1:\d+ cannot be reached") as caught:
        SmtpMailer(url).send(MAIL)
    assert type(caught.value) is TransientError


def test_a_silent_server_is_given_up_after_the_time_that_was_set(scripted: Scripted) -> None:
    server, _ = scripted(MAIL=SILENCE)
    mailer = SmtpMailer(server.url, timeout_s=0.2)
    before = time.monotonic()

    with pytest.raises(TransientError) as caught:
        mailer.send(MAIL)

    assert type(caught.value) is TransientError
    assert 0.2 <= time.monotonic() - before < TIMEOUT_S
    assert server.bodies == []


def test_the_final_reply_has_a_time_of_its_own(scripted: Scripted) -> None:
    server, _ = scripted(**{".": SILENCE})
    mailer = SmtpMailer(server.url, timeout_s=60, acceptance_timeout_s=0.2)
    before = time.monotonic()

    with pytest.raises(UnknownOutcomeError):
        mailer.send(MAIL)

    assert 0.2 <= time.monotonic() - before < 60


# --- what is announced and carried ------------------------------------------------------------


def test_the_commands_are_these(scripted: Scripted) -> None:
    server, mailer = scripted()

    mailer.send(MAIL)
    mailer.close()

    assert server.heard[0].startswith("ehlo ")
    assert server.heard[1:] == [
        f"MAIL FROM:<hub@example.com> SIZE={len(RAW)}",
        "RCPT TO:<anna@example.com>",
        "DATA",
        "quit",
    ]


def test_eight_bit_text_is_announced_or_refused_where_it_cannot_be_carried(
    scripted: Scripted,
) -> None:
    mail = OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", "Hæ\r\n".encode())
    able, able_mailer = scripted()
    unable, unable_mailer = scripted(EHLO=b"502 no\r\n")

    able_mailer.send(mail)
    with pytest.raises(RejectedError) as caught:
        unable_mailer.send(mail)

    assert able.heard[1] == "MAIL FROM:<hub@example.com> SIZE=5 BODY=8BITMIME"
    assert able.bodies == ["Hæ\r\n".encode()]
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("message", "unsupported")
    ]
    assert unable.bodies == []


def test_an_address_that_is_not_ascii_is_announced_or_refused_where_it_cannot_be_carried(
    scripted: Scripted,
) -> None:
    mail = OutgoingMail("hub@example.com", "søren@example.com", "<m1@hub>", RAW)
    able, able_mailer = scripted(EHLO=b"250-mail.example.com\r\n250 SMTPUTF8\r\n")
    _, unable_mailer = scripted()

    able_mailer.send(mail)
    with pytest.raises(RejectedError) as caught:
        unable_mailer.send(mail)

    assert able.heard[1:3] == [
        "MAIL FROM:<hub@example.com> SMTPUTF8",
        "RCPT TO:<søren@example.com>",
    ]
    assert [error.field for error in caught.value.errors] == ["recipient"]


LINES = st.lists(
    st.binary(max_size=30).map(lambda line: line.translate(None, b"\r\n\0"))
    | st.sampled_from([b".", b"..", b"...", b".QUIT", b"", b"RSET", b" ."]),
    max_size=8,
)


@pytest.fixture(scope="module")
def module_mailbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMailbox]:
    running = serve(0, 0, tmp_path_factory.mktemp("mailbox"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def module_mailer(module_mailbox: RunningMailbox) -> Iterator[SmtpMailer]:
    mailer = SmtpMailer(module_mailbox.smtp_url)
    yield mailer
    mailer.close()


@settings(
    deadline=None,  # the machine is shared; how long it takes proves nothing
    max_examples=60,
)
@given(lines=LINES)
def test_whatever_its_lines_a_message_arrives_byte_for_byte(
    module_mailbox: RunningMailbox, module_mailer: SmtpMailer, lines: list[bytes]
) -> None:
    raw = b"".join(line + b"\r\n" for line in [b"Subject: x", b"", *lines])

    module_mailer.send(OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", raw))

    assert module_mailbox.raw(module_mailbox.entries()[-1]) == raw


def test_a_message_of_megabytes_arrives_byte_for_byte(mailbox: RunningMailbox) -> None:
    raw = b"Subject: x\r\n\r\n" + (b"." + b"x" * 70 + b"\r\n") * 60_000
    mailer = SmtpMailer(mailbox.smtp_url)

    mailer.send(OutgoingMail("hub@example.com", "anna@example.com", "<m1@hub>", raw))
    mailer.close()

    assert [entry.size_bytes for entry in mailbox.entries()] == [len(raw)]
    assert mailbox.raw(mailbox.entries()[0]) == raw


# --- one connection for many messages ---------------------------------------------------------


def test_one_connection_serves_many_messages_also_after_a_refused_one(scripted: Scripted) -> None:
    server, mailer = scripted()

    mailer.send(MAIL)
    server.script["RCPT"] = b"550 no\r\n"
    with pytest.raises(RejectedError):
        mailer.send(MAIL)
    server.script["RCPT"] = b"250 fine\r\n"
    mailer.send(MAIL)

    assert server.connections == 1
    assert server.bodies == [RAW, RAW]
    assert [command for command in server.heard if command == "RSET"] == ["RSET", "RSET"]


@pytest.mark.parametrize("reply", [HANG_UP, b"421 idle too long\r\n" + HANG_UP])
def test_a_connection_gone_stale_is_replaced_before_anything_is_sent(
    scripted: Scripted, reply: bytes
) -> None:
    server, mailer = scripted()
    mailer.send(MAIL)
    server.script["RSET"] = reply

    mailer.send(MAIL)

    assert server.connections == 2
    assert server.bodies == [RAW, RAW]


def test_a_connection_that_a_real_server_has_cut_is_replaced(mailbox: RunningMailbox) -> None:
    mailer = SmtpMailer(mailbox.smtp_url)
    mailer.send(MAIL)

    mailbox.cut_connections()
    mailer.send(MAIL)
    mailer.close()

    assert len(mailbox.entries()) == 2


def test_after_an_unknown_outcome_the_next_message_takes_a_new_connection(
    scripted: Scripted,
) -> None:
    server, mailer = scripted(**{".": HANG_UP})
    with pytest.raises(UnknownOutcomeError):
        mailer.send(MAIL)
    server.script["."] = b"250 taken\r\n"

    assert mailer.send(MAIL) == "250 taken"
    assert server.connections == 2


# --- checkpoints ------------------------------------------------------------------------------


def test_the_checkpoints_are_passed_in_order_and_connecting_only_once(scripted: Scripted) -> None:
    passed: list[str] = []
    _, mailer = scripted(checkpoint=passed.append)

    mailer.send(MAIL)
    mailer.send(MAIL)

    assert passed == [*CHECKPOINTS, *CHECKPOINTS[1:]]


class Crash(BaseException):
    """The end of a process, as far as a mailer can tell."""


@pytest.mark.parametrize("point", CHECKPOINTS)
def test_a_process_that_ends_at_a_checkpoint_has_sent_exactly_what_its_name_says(
    mailbox: RunningMailbox, point: str
) -> None:
    def end_there(name: str) -> None:
        if name == point:
            raise Crash

    with pytest.raises(Crash):
        SmtpMailer(mailbox.smtp_url, checkpoint=end_there).send(MAIL)

    SmtpMailer(mailbox.smtp_url).test()  # by now the server has seen the end of the first
    if point == "after_250":
        assert len(mailbox.entries()) == 1
    elif point == "after_final_dot":
        assert len(mailbox.entries()) <= 1  # the server may have seen the end of the line first
    else:
        assert mailbox.entries() == []


# --- the URL, encryption and log-in -----------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://localhost", Server("localhost", 25, "smtp")),
        ("smtp://mail.example.com:2525/", Server("mail.example.com", 2525, "smtp")),
        ("smtp://mail.example.com?starttls=1", Server("mail.example.com", 587, "starttls")),
        ("smtps://mail.example.com", Server("mail.example.com", 465, "smtps")),
        (
            "smtps://hub%40example.com:p%3A%2F%40@mail.example.com",
            Server("mail.example.com", 465, "smtps", "hub@example.com", "p:/@"),
        ),
        (
            "smtp://u:p@mail.example.com?starttls=0",
            Server("mail.example.com", 25, "smtp", "u", "p"),
        ),
        ("smtp://u:p@127.0.0.1:25", Server("127.0.0.1", 25, "smtp", "u", "p")),
        ("smtp://u:p@[::1]:25", Server("::1", 25, "smtp", "u", "p")),
        ("smtp://u:p@localhost", Server("localhost", 25, "smtp", "u", "p")),
    ],
)
def test_a_url_is_read_with_the_usual_port_of_its_kind(url: str, expected: Server) -> None:
    assert read_url(url) == expected


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "must read smtp://"),
        ("mail.example.com:25", "must read smtp://"),
        ("http://mail.example.com", "must read smtp://"),
        ("smtp://", "must read smtp://"),
        ("smtp://mail.example.com/path", "must read smtp://"),
        ("smtp://mail.example.com:99999", "not a URL"),
        ("smtp://mail..example.com", "not a URL"),
        ("smtp://mail.example.com?tls=1", "takes one option"),
        ("smtp://mail.example.com?starttls=yes", "takes one option"),
        ("smtps://mail.example.com?starttls=1", "encrypted from the start"),
        ("smtp://u:hemmelig@mail.example.com", "would travel unencrypted"),
        ("smtps://u:hemmelig%C3%B8@mail.example.com", "must be ASCII"),
    ],
)
def test_a_wrong_url_is_refused_with_its_rule_and_without_its_password(url: str, rule: str) -> None:
    with pytest.raises(PermanentError, match=rule) as caught:
        SmtpMailer(url)

    assert "The setting url is wrong" in str(caught.value)
    assert "hemmelig" not in str(caught.value)
    assert "hemmelig" not in repr(Server("h", 1, "smtp", "u", "hemmelig"))


def test_a_connection_of_the_table_takes_its_url_from_the_secrets(mailbox: RunningMailbox) -> None:
    mailer = connect({}, {"url": mailbox.smtp_url}, None)

    assert "mailbox.localhost" in mailer.test()
    assert mailbox.entries() == []
    with pytest.raises(PermanentError, match="url is missing"):
        connect({}, {}, None)
    assert [(field.name, field.secret) for field in DECLARATION.settings] == [("url", True)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody but `trusting` trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mailbox")])
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture(params=["starttls", "smtps"])
def encrypted(
    request: pytest.FixtureRequest, certificate: Path, tmp_path: Path
) -> Iterator[tuple[RunningMailbox, str]]:
    """A mailbox that wants a log-in, and its URL without user and password."""
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # the library logs every refusal
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    implicit = request.param == "smtps"
    running = serve(
        0, 0, tmp_path, credentials=("hub", "s3cret"), tls=context, implicit_tls=implicit
    )
    scheme, option = ("smtps", "") if implicit else ("smtp", "?starttls=1")
    yield running, f"{scheme}://{{}}127.0.0.1:{running.smtp_port}{option}"
    running.stop()


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def test_mail_goes_encrypted_and_logged_in(
    encrypted: tuple[RunningMailbox, str], certificate: Path
) -> None:
    mailbox, url = encrypted
    mailer = SmtpMailer(url.format("hub:s3cret@"), context=trusting(certificate))

    mailer.send(MAIL)
    mailer.send(MAIL)
    mailer.close()

    assert [mailbox.raw(entry) for entry in mailbox.entries()] == [RAW, RAW]


@pytest.mark.parametrize("user", ["", "hub:wrong@", "other:s3cret@"])
def test_a_refused_or_missing_log_in_is_an_authentication_error(
    encrypted: tuple[RunningMailbox, str], certificate: Path, user: str
) -> None:
    mailbox, url = encrypted
    mailer = SmtpMailer(url.format(user), context=trusting(certificate))

    with pytest.raises(AuthenticationError) as caught:
        mailer.send(MAIL)
    mailer.close()

    assert "s3cret" not in str(caught.value)
    assert mailbox.entries() == []


def test_a_certificate_that_is_not_trusted_stops_before_the_log_in(
    encrypted: tuple[RunningMailbox, str],
) -> None:
    mailbox, url = encrypted

    with pytest.raises(PermanentError, match="certificate of the mail server is not trusted"):
        SmtpMailer(url.format("hub:s3cret@")).send(MAIL)
    assert mailbox.entries() == []


def test_no_encryption_offered_is_no_reason_to_go_without(scripted: Scripted) -> None:
    server, _ = scripted()

    with pytest.raises(PermanentError, match="offers no STARTTLS"):
        SmtpMailer(f"{server.url}?starttls=1").send(MAIL)
    with pytest.raises(TransientError, match="cannot be reached"):
        SmtpMailer(server.url.replace("smtp://", "smtps://"), timeout_s=1).send(MAIL)
    with pytest.raises(AuthenticationError, match="offers no log-in"):
        SmtpMailer(server.url.replace("://", "://hub:s3cret@")).send(MAIL)

    assert server.bodies == []


def test_a_password_check_that_is_down_is_transient(scripted: Scripted) -> None:
    server, _ = scripted(EHLO=b"250-mail.example.com\r\n250 AUTH PLAIN\r\n", AUTH=b"454 later\r\n")

    with pytest.raises(TransientError, match="cannot check passwords now: 454 later") as caught:
        SmtpMailer(server.url.replace("://", "://hub:s3cret@")).send(MAIL)
    assert type(caught.value) is TransientError
