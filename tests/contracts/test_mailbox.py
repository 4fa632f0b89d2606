"""What every mailbox keeps: `hub.ports.Mailbox`."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.addresses import loopback_allowed
from connectors.http import ClientFactory
from connectors.mailboxes.imap import ImapMailbox
from connectors.mailboxes.imap.conversation import read_server
from connectors.sandbox.imap import PASSWORD, USER, RunningImap, serve
from hub.errors import AuthenticationError, PermanentError, TransientError
from hub.ports import MailboxAccount, ReceivedMessage
from tests.connectors.calling import NotingControl
from tests.connectors.certificates import contexts


def raw(number: int) -> bytes:
    return f"Message-ID: <m{number}@x>\r\nFrom: a@b.example\r\n\r\nNo. {number}\r\n".encode()


class ImapStand:
    """A mailbox read by IMAP, with what the suite needs of its other side."""

    def __init__(self, directory: Path, **options: Any) -> None:
        security: str = options.pop("security", "none")
        trusted = None
        if security != "none":
            options["tls"], trusted = contexts(directory)
            options["implicit_tls"] = security == "tls"
        self.server: RunningImap = serve(0, **options)
        self.security = security
        self.control = NotingControl()
        self._trusted = trusted
        self._made: list[ImapMailbox] = []

    def mailbox(self, password: str = PASSWORD, **settings: Any) -> ImapMailbox:
        server = read_server("127.0.0.1", self.server.port, self.security, USER, password)
        http = ClientFactory("imap", self.control, loopback_allowed(), (password,))
        made = ImapMailbox(server, settings, http, self._trusted)
        self._made.append(made)
        return made

    def close(self) -> None:
        for each in self._made:
            each.close()
        self.server.stop()


STANDS: dict[str, Callable[[Path], ImapStand]] = {
    "imap": ImapStand,
    "imap-tls": lambda directory: ImapStand(directory, security="tls", capabilities=("MOVE",)),
}


@pytest.fixture(params=STANDS)
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ImapStand]:
    made = STANDS[request.param](tmp_path)
    yield made
    made.close()


def read_all(
    mailbox: ImapMailbox, cursor: Any = None, limit: int = 2
) -> tuple[list[ReceivedMessage], Any]:
    """Read to the end, each page marked once it is stored."""
    found: list[ReceivedMessage] = []
    while True:
        page = mailbox.messages(cursor, limit)
        found += page.messages
        cursor = mailbox.mark(page.cursor)
        if not page.more:
            return found, cursor


def test_a_test_says_whose_mailbox_it_is_and_changes_nothing(stand: ImapStand) -> None:
    stand.server.deliver(raw(1))

    assert stand.mailbox().test() == MailboxAccount(USER, "INBOX", 1)
    assert [each.flags for each in stand.server.messages()] == [set()]


def test_only_what_comes_after_the_first_reading_is_read(stand: ImapStand) -> None:
    stand.server.deliver(raw(1))
    mailbox = stand.mailbox()

    before, cursor = read_all(mailbox)
    for number in (2, 3, 4):
        stand.server.deliver(raw(number))
    after, cursor = read_all(mailbox, cursor)
    again, _ = read_all(mailbox, cursor)

    assert (before, again) == ([], [])
    assert [each.raw for each in after] == [raw(2), raw(3), raw(4)]
    assert [each.size_bytes for each in after] == [len(raw(2))] * 3
    assert all(each.is_whole and each.received_at and each.problem is None for each in after)
    assert [each.flags for each in stand.server.messages()] == [set()] * 4


def test_what_lies_there_is_read_where_that_is_set(stand: ImapStand) -> None:
    for number in range(5):
        stand.server.deliver(raw(number))

    found, _ = read_all(stand.mailbox(existing=True))

    assert [each.raw for each in found] == [raw(number) for number in range(5)]


def test_what_was_taken_is_marked_after_it_was_stored_and_not_before(stand: ImapStand) -> None:
    stand.server.deliver(raw(1))
    mailbox = stand.mailbox(existing=True, afterwards="seen")

    page = mailbox.messages(None, 10)
    before = [set(each.flags) for each in stand.server.messages()]
    cursor = mailbox.mark(page.cursor)
    mailbox.mark(page.cursor)  # by a try that did not know

    assert before == [set()]
    assert [each.flags for each in stand.server.messages()] == [{"\\Seen"}]
    assert (page.cursor["unmarked"], cursor["unmarked"]) == ([1], [])


def test_what_was_taken_is_moved_and_never_deleted(stand: ImapStand) -> None:
    stand.server.store.folder("Læst")
    stand.server.deliver(raw(1))
    mailbox = stand.mailbox(existing=True, afterwards="move", move_to="Læst")

    found, cursor = read_all(mailbox)
    mailbox.mark(cursor | {"unmarked": [1]})

    assert [each.raw for each in found] == [raw(1)]
    assert stand.server.messages() == []
    assert [each.raw for each in stand.server.messages("Læst")] == [raw(1)]


def test_a_folder_that_was_numbered_anew_is_read_on_and_nothing_is_missed(
    stand: ImapStand,
) -> None:
    def deliver(number: int, *, days_ago: int) -> None:
        came = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)
        stand.server.deliver(raw(number), received_at=came)

    deliver(1, days_ago=20)
    mailbox = stand.mailbox()
    _, cursor = read_all(mailbox)
    deliver(2, days_ago=10)
    deliver(3, days_ago=4)
    _, cursor = read_all(mailbox, cursor)
    deliver(4, days_ago=3)
    stand.server.renumber()

    found, cursor = read_all(mailbox, cursor)
    deliver(5, days_ago=40)  # moved here by somebody
    after, _ = read_all(mailbox, cursor)

    assert [each.raw for each in found] == [raw(3), raw(4)]
    assert [each.raw for each in after] == [raw(5)]


def test_in_a_folder_numbered_anew_what_lay_there_at_first_stays_unread(stand: ImapStand) -> None:
    stand.server.deliver(raw(1), received_at=datetime(2026, 5, 4, 10, 0, tzinfo=UTC))
    mailbox = stand.mailbox()
    _, cursor = read_all(mailbox)
    stand.server.deliver(raw(2), received_at=datetime(2026, 5, 4, 10, 1, tzinfo=UTC))
    stand.server.renumber()

    found, _ = read_all(mailbox, cursor)

    assert [each.raw for each in found] == [raw(2)]


def test_another_folder_is_read_from_when_on_it_is_news(stand: ImapStand) -> None:
    def deliver(number: int, folder: str, *, days_ago: int) -> None:
        came = datetime.now(UTC).replace(microsecond=0) - timedelta(days=days_ago)
        stand.server.deliver(raw(number), folder, received_at=came)

    stand.server.store.folder("Salg").validity = stand.server.store.folder("INBOX").validity
    for number, days_ago in ((1, 9), (2, 8)):
        deliver(number, "Salg", days_ago=days_ago)
    deliver(3, "INBOX", days_ago=5)
    _, cursor = read_all(stand.mailbox())
    deliver(4, "Salg", days_ago=4)

    found, _ = read_all(stand.mailbox(folder="Salg"), cursor)

    assert [each.raw for each in found] == [raw(4)]


def test_another_folder_where_nothing_was_read_yet_is_begun_as_any_is(stand: ImapStand) -> None:
    _, cursor = read_all(stand.mailbox())
    stand.server.deliver(raw(1), "Salg")
    mailbox = stand.mailbox(folder="Salg")

    before, cursor = read_all(mailbox, cursor)
    stand.server.deliver(raw(2), "Salg")
    after, _ = read_all(mailbox, cursor)

    assert (before, [each.raw for each in after]) == ([], [raw(2)])


def test_refused_credentials_are_told_from_a_server_that_is_not_there(stand: ImapStand) -> None:
    with pytest.raises(AuthenticationError):
        stand.mailbox(password="wrong").test()
    stand.server.faults.refuse_login = "[UNAVAILABLE] later"
    with pytest.raises(TransientError):
        stand.mailbox().test()
    stand.server.faults.refuse_login = None
    stand.server.set_down(down=True)
    with pytest.raises(TransientError):
        stand.mailbox().test()
    stand.server.set_down(down=False)
    assert stand.mailbox().test().messages == 0


def test_a_folder_that_is_not_there_is_for_a_person_to_mend(stand: ImapStand) -> None:
    with pytest.raises(PermanentError) as caught:
        stand.mailbox(folder="Intet").test()

    assert str(caught.value) == (
        "imap: The mail server refuses to open the folder: [NONEXISTENT] no such folder"
    )


@pytest.mark.parametrize("command", ["SELECT", "EXAMINE", "SEARCH", "FETCH"])
def test_a_conversation_that_breaks_is_tried_again(stand: ImapStand, command: str) -> None:
    stand.server.deliver(raw(1))
    mailbox = stand.mailbox(existing=True, afterwards="seen" if command == "SELECT" else "leave")
    stand.server.faults.cut.append(command)

    with pytest.raises(TransientError):
        mailbox.messages(None, 10)
    found, _ = read_all(mailbox)

    assert [each.raw for each in found] == [raw(1)]


def test_a_message_that_cannot_be_given_out_keeps_none_behind_it(stand: ImapStand) -> None:
    for number in (1, 2, 3):
        stand.server.deliver(raw(number))
    stand.server.faults.unreadable.add(1)
    stand.server.faults.headless.add(2)

    found, _ = read_all(stand.mailbox(existing=True))

    head = b"Message-ID: <m1@x>\r\nFrom: a@b.example\r\n\r\n"
    assert [(each.raw, each.is_whole, each.problem) for each in found] == [
        (head, False, None),
        (b"", False, "[CANNOT] message cannot be converted"),
        (raw(3), True, None),
    ]


def test_of_a_large_message_the_beginning_is_read(stand: ImapStand) -> None:
    stand.server.deliver(raw(1) + b"x" * 3_000_000)

    [found], _ = read_all(stand.mailbox(existing=True))

    assert (len(found.raw), found.is_whole) == (1024 * 1024, False)
    assert found.size_bytes == len(raw(1)) + 3_000_000
