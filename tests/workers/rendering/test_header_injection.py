import email
import email.policy
from dataclasses import replace
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ValidationError
from hub.ports import OutgoingMail
from tests.workers.rendering.makers import DANE, make_envelope, make_facts
from workers.rendering.mailboxes import Mailbox
from workers.rendering.mime import header
from workers.rendering.reminder_mails import Occasion, compose_reminder
from workers.rendering.safe_text import hides_a_break, one_line

BREAKS = ["\r\n", "\r", "\n", "\x00", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\r\n "]
ATTACKS = [
    *(f"Nordlys{broken}Bcc: eve@example.com" for broken in BREAKS),
    *(f"Nordlys{broken}{broken}<html>eve" for broken in BREAKS),
    "=?utf-8?q?=0D=0ABcc:_eve@example.com?=",
    "=?utf-8?Q?Nordlys=0aBcc:_eve@example.com?= ApS",
    "=?utf-8?b?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=",
    "=?UTF-8*en?b?DQpCY2M6IGV2ZUBleGFtcGxlLmNvbQ==?=",
    "=?utf-8?q?=C2=85Bcc:_eve@example.com?=",
    "=?utf-8?q?=E2=80=A8Bcc:_eve@example.com?=",
    "=?utf-7?q?+AA0ACg-Bcc:_eve@example.com?=",
    "=?no-such-charset?q?=0D=0A?=",
    "=?utf-8?b?not base64!?=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=0D=0ABcc=3A=3F=3D?=",
    '"><eve@example.com>, "',
    'Nordlys" <eve@example.com>',
    "Nordlys <eve@example.com>, other@example.com",
    "Nordlys\\",
    "(comment) eve@example.com",
    "group: eve@example.com;",
    "\ud800 Nordlys",
]


def recipients(mail: OutgoingMail) -> list[tuple[str, str]]:
    found = []
    for policy in (email.policy.SMTP, email.policy.compat32):
        message = email.message_from_bytes(mail.raw, policy=policy)
        found += getaddresses(
            [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
        )
    return found


def header_names(mail: OutgoingMail) -> list[list[str]]:
    return [
        part.keys() for part in email.message_from_bytes(mail.raw, policy=email.policy.SMTP).walk()
    ]


CLEAN = compose_reminder(Occasion.INVITATION, make_facts(), DANE, make_envelope())


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("place", ["name", "customer_name", "title", "last_note", "location"])
def test_no_text_adds_a_recipient_a_header_or_a_part(attack: str, place: str) -> None:
    name = attack if place == "name" else "Åse Ægir"
    facts = make_facts() if place == "name" else replace(make_facts(), **{place: attack})  # type: ignore[arg-type]  # all four are text

    mail = compose_reminder(Occasion.INVITATION, facts, DANE, make_envelope(name=name))

    assert header_names(mail) == header_names(CLEAN)
    assert {address for _, address in recipients(mail)} == {"aase@nordlys.example"}
    assert mail.recipient == "aase@nordlys.example"
    decoded = email.message_from_bytes(mail.raw, policy=email.policy.SMTP)
    for value in decoded.values():
        assert not hides_a_break(value.replace("\r\n ", " "))
        assert one_line(value) == value


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_message_parsed_and_written_again_by_the_interpreter_grows_no_header(attack: str) -> None:
    mail = compose_reminder(
        Occasion.DUE, make_facts(title=attack), DANE, make_envelope(name=attack)
    )

    again = email.message_from_bytes(mail.raw, policy=email.policy.SMTP).as_bytes()

    assert b"\nBcc" not in again.partition(b"\r\n\r\n")[0].replace(b"\r", b"\n")


@given(st.text(alphabet=st.characters(), max_size=300))
def test_one_line_is_one_line_whatever_it_was(text: str) -> None:
    line = one_line(text)

    assert len(line.splitlines()) <= 1
    assert not hides_a_break(line)
    line.encode("utf-8")
    assert one_line(line) == line


@pytest.mark.parametrize("text", ["Nordlys Havn ApS", "Ærø & Søn", "=?utf-8?q?harmless?=", "a=b?c"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert one_line(text) == text


def test_text_that_looks_like_an_encoded_word_is_read_as_it_was_written() -> None:
    title = "=?utf-8?q?harmless?="
    mail = compose_reminder(Occasion.DUE, make_facts(title=title), DANE, make_envelope(name=title))

    assert title.encode() not in mail.raw.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "aase",
        "aase@",
        "@nordlys.example",
        "aase@nordlys.example\r\nBcc: eve@example.com",
        "aase@nordlys.example, eve@example.com",
        "aase@nordlys.example>",
        '"aase"@nordlys.example',
        "aase ægir@nordlys.example",
        "åse@nordlys.example",
        "aase@nord lys.example",
        "aase@nordlys..example",
        "aase@nordlys.example\x00",
        "=?utf-8?q?=0D=0ABcc:eve?=@nordlys.example",
        "a" * 250 + "@nordlys.example",
    ],
)
def test_what_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        Mailbox("Åse", address)

    (error,) = refusal.value.errors
    assert (error.pointer, error.code) == ("/email", "email.invalid")


def test_an_international_domain_is_written_in_ascii() -> None:
    assert Mailbox("", "soren@kær.dk").address == "soren@xn--kr-1ia.dk"


def test_a_mailbox_is_read_from_a_setting() -> None:
    box = Mailbox.of('"Hub, påmindelser" <hub@nordlys.example>')

    assert (box.name, box.address, box.domain) == (
        "Hub, påmindelser",
        "hub@nordlys.example",
        "nordlys.example",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Subject", "a\r\nBcc: eve@example.com"),
        ("Subject", "a\nb"),
        ("Subject", "æ"),
        ("Subject", "=?utf-8?q?=0D=0Ab?="),
        ("Bcc: x", "a"),
        ("", "a"),
    ],
)
def test_the_last_guard_refuses_what_no_header_may_hold(name: str, value: str) -> None:
    with pytest.raises(ValueError, match="header"):
        header(name, value)
