"""What every mailer keeps: `hub.ports.Mailer`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from connectors.mail.smtp import SmtpMailer
from connectors.sandbox.mailbox import RunningMailbox, serve
from hub.errors import RejectedError, TransientError, UnknownOutcomeError
from hub.ports import Mailer, OutgoingMail
from tests.fake_mailer import FakeMailer

RAW = b"Message-ID: <m1@hub>\r\nSubject: Hello\r\n\r\n.a line with a dot\r\n..\r\n.\r\nend\r\n"


def mail_to(recipient: str, raw: bytes = RAW, sender: str = "hub@example.com") -> OutgoingMail:
    return OutgoingMail(sender, recipient, "<m1@hub>", raw)


class Stand(Protocol):
    """One mailer with what the suite needs of its other side."""

    mailer: Mailer

    def received(self) -> list[tuple[str, str, bytes]]: ...
    def refuse(self, recipient: str) -> None: ...
    def be_busy_once(self) -> None: ...
    def lose_one_reply(self) -> None: ...
    def set_down(self, *, down: bool) -> None: ...
    def close(self) -> None: ...


class SmtpStand:
    def __init__(self, directory: Path) -> None:
        self.mailbox: RunningMailbox = serve(0, 0, directory)
        self.mailer = SmtpMailer(self.mailbox.smtp_url, timeout_s=60)

    def received(self) -> list[tuple[str, str, bytes]]:
        box = self.mailbox
        return [(entry.sender, entry.recipient, box.raw(entry)) for entry in box.entries()]

    def refuse(self, recipient: str) -> None:
        self.mailbox.faults.refuse.add(recipient)

    def be_busy_once(self) -> None:
        self.mailbox.faults.busy = 1

    def lose_one_reply(self) -> None:
        self.mailbox.faults.drop_kept = 1

    def set_down(self, *, down: bool) -> None:
        self.mailbox.set_down(down=down)

    def close(self) -> None:
        self.mailer.close()
        self.mailbox.stop()


class FakeStand:
    def __init__(self, _directory: Path) -> None:
        self.mailer = FakeMailer()

    def received(self) -> list[tuple[str, str, bytes]]:
        return [(mail.sender, mail.recipient, mail.raw) for mail in self.mailer.received]

    def refuse(self, recipient: str) -> None:
        self.mailer.refused.add(recipient)

    def be_busy_once(self) -> None:
        self.mailer.fail_next = TransientError("fake", "busy")

    def lose_one_reply(self) -> None:
        self.mailer.lose_replies = 1

    def set_down(self, *, down: bool) -> None:
        self.mailer.is_down = down

    def close(self) -> None:
        pass


@pytest.fixture(params=[SmtpStand, FakeStand], ids=["smtp", "fake"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stand]:
    make: Callable[[Path], Stand] = request.param
    made = make(tmp_path)
    yield made
    made.close()


def test_a_message_arrives_once_byte_for_byte_and_the_answer_is_returned(stand: Stand) -> None:
    answer = stand.mailer.send(mail_to("anna@example.com"))

    assert answer.startswith("250")
    assert stand.received() == [("hub@example.com", "anna@example.com", RAW)]


def test_several_messages_arrive_in_order(stand: Stand) -> None:
    for number in range(3):
        stand.mailer.send(mail_to(f"r{number}@example.com"))

    assert [recipient for _, recipient, _ in stand.received()] == [
        "r0@example.com",
        "r1@example.com",
        "r2@example.com",
    ]


def test_a_refused_recipient_is_named_nothing_arrives_and_the_next_message_goes(
    stand: Stand,
) -> None:
    stand.refuse("gone@example.com")

    with pytest.raises(RejectedError) as caught:
        stand.mailer.send(mail_to("gone@example.com"))
    assert [(error.field, error.code) for error in caught.value.errors] == [("recipient", "550")]
    assert stand.received() == []

    stand.mailer.send(mail_to("anna@example.com"))
    assert [recipient for _, recipient, _ in stand.received()] == ["anna@example.com"]


def test_a_busy_server_has_not_taken_the_message_and_takes_it_later(stand: Stand) -> None:
    stand.be_busy_once()

    with pytest.raises(TransientError) as caught:
        stand.mailer.send(mail_to("anna@example.com"))
    assert type(caught.value) is TransientError
    assert stand.received() == []

    stand.mailer.send(mail_to("anna@example.com"))
    assert len(stand.received()) == 1


def test_a_lost_reply_is_an_unknown_outcome_and_is_not_tried_again_by_itself(stand: Stand) -> None:
    stand.lose_one_reply()

    with pytest.raises(UnknownOutcomeError):
        stand.mailer.send(mail_to("anna@example.com"))

    assert len(stand.received()) == 1


def test_a_server_that_is_down_is_transient_and_back_when_it_is(stand: Stand) -> None:
    stand.mailer.send(mail_to("anna@example.com"))
    stand.set_down(down=True)

    with pytest.raises(TransientError) as caught:
        stand.mailer.send(mail_to("bo@example.com"))
    assert type(caught.value) is TransientError
    with pytest.raises(TransientError):
        stand.mailer.test()

    stand.set_down(down=False)
    stand.mailer.send(mail_to("bo@example.com"))
    assert [recipient for _, recipient, _ in stand.received()] == [
        "anna@example.com",
        "bo@example.com",
    ]


def test_a_test_says_who_answers_and_sends_nothing(stand: Stand) -> None:
    assert stand.mailer.test()

    assert stand.received() == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@example.com",
        "anna@",
        "anna@example.com\r\nRCPT TO:<eve@example.com>",
        "anna@example.com\n",
        "anna\r@example.com",
        "anna\0@example.com",
        "anna@example.com\x85",
        "anna@example.com\u2028",
        "anna@exa\u200bmple.com",
        "anna bo@example.com",
        "anna@example.com>",
        "anna@example.com, eve@example.com",
        "Anna <anna@example.com>",
        "a" * 250 + "@example.com",
        "anna@example.com\ud800",
    ],
)
def test_no_address_is_sent_that_could_be_read_as_anything_else(stand: Stand, address: str) -> None:
    with pytest.raises(RejectedError) as caught:
        stand.mailer.send(mail_to(address))
    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("recipient", "unsendable")
    ]
    if address:
        with pytest.raises(RejectedError) as caught:
            stand.mailer.send(mail_to("anna@example.com", sender=address))
        assert [error.field for error in caught.value.errors] == ["sender"]
    assert stand.received() == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"Subject: x\r\n\r\nno end",
        b"Subject: x\n\nunix\n",
        b"Subject: x\r\n\r\nsmuggled\n.\nMAIL FROM:<eve@example.com>\r\n",
        b"Subject: x\r\n\r\nsmuggled\r.\r\n",
        b"Subject: x\r\n\r\nnul\0\r\n",
    ],
)
def test_no_message_is_sent_that_servers_read_differently(stand: Stand, raw: bytes) -> None:
    with pytest.raises(RejectedError) as caught:
        stand.mailer.send(mail_to("anna@example.com", raw))

    assert [(error.field, error.code) for error in caught.value.errors] == [
        ("message", "unsendable")
    ]
    assert stand.received() == []


def test_an_empty_sender_is_allowed_so_that_no_bounce_comes_back(stand: Stand) -> None:
    stand.mailer.send(mail_to("anna@example.com", sender=""))

    assert stand.received() == [("", "anna@example.com", RAW)]
