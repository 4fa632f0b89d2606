"""IMAP: reads a folder of a mailbox, message by message, and empties nothing.

API:   RFC 3501 (IMAP4rev1), 6851 (MOVE), 4616 (SASL PLAIN), 5530 (response codes).
Auth:  user and password, by SASL PLAIN where it is offered, else LOGIN; unencrypted only within
       private networks. Gmail and others want a password made for programs; Microsoft 365 takes
       none any more, only OAuth 2.0, which this connector does not speak.
Notes: a message is known by UIDVALIDITY and UID, which rises. When UIDVALIDITY changes all UIDs
       are new: what came since shortly before the newest message known is read again, and the
       copies of what was read already are recognised by themselves. Of a message larger than a
       mebibyte the beginning is read.
"""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connectors.mailboxes.imap.conversation import Conversation, Server, folder_name, read_server
from connectors.mailboxes.imap.folder import Folder
from connectors.mailboxes.imap.position import Position
from connectors.mailboxes.imap.replies import SYSTEM
from hub.errors import ConnectorError, PermanentError, TransientError
from hub.ports import (
    CallRecord,
    Choice,
    Declaration,
    FieldType,
    MailboxAccount,
    MessagePage,
    SettingField,
)

__all__ = ["DECLARATION", "ImapMailbox", "connect"]

LEAVE, SEEN, MOVE = "leave", "seen", "move"

DECLARATION = Declaration(
    name=SYSTEM,
    kind="mailbox",
    title="IMAP",
    settings=(
        SettingField("host", "Mail server", FieldType.HOST, required=True),
        SettingField("port", "Port", FieldType.INTEGER, help="Else 993, or 143 without TLS."),
        SettingField(
            "security",
            "Encryption",
            FieldType.CHOICE,
            default="tls",
            choices=(
                Choice("tls", "TLS from the start"),
                Choice("starttls", "STARTTLS"),
                Choice("none", "None: within private networks only"),
            ),
        ),
        SettingField("user", "User", required=True),
        SettingField("password", "Password", required=True, secret=True),
        SettingField("folder", "Folder", default="INBOX"),
        SettingField(
            "existing",
            "Also what lies there already",
            FieldType.BOOLEAN,
            default=False,
            help="Else only what comes after the first reading.",
        ),
        SettingField(
            "afterwards",
            "What is done with a message that was taken",
            FieldType.CHOICE,
            default=LEAVE,
            choices=(
                Choice(LEAVE, "Nothing"),
                Choice(SEEN, "It is marked as read"),
                Choice(MOVE, "It is moved to another folder"),
            ),
        ),
        SettingField("move_to", "Folder to move it to"),
        SettingField(
            "own_addresses",
            "Addresses of ours",
            help="Whose mail makes no leads: addresses or @domains, parted by commas.",
        ),
        SettingField(
            "form_senders",
            "Senders of forms",
            help=(
                "Programs whose mail is somebody's inquiry, though it is sent automatically: "
                "addresses or @domains, parted by commas."
            ),
        ),
        SettingField("lead_source", "Source of its leads", help="A code of the catalogue."),
    ),
    capabilities=frozenset({"leads", "notes"}),
    documentation=(
        "Mail of somebody whom we know becomes a note, mail of anybody else a lead. Messages are "
        "never deleted."
    ),
)


class ImapMailbox:
    """One folder of one mailbox, over one conversation that is kept until it is closed.

    Args:
        server: where.
        settings: those of the declaration, by name, defaults filled in.
        http: the connection's control and address policy.
        context: whom to trust; None trusts what the machine trusts.
    """

    def __init__(
        self,
        server: Server,
        settings: Mapping[str, Any],
        http: Any,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._settings = settings
        self._http = http
        self._context = context
        self._conversation: Conversation | None = None

    def test(self) -> MailboxAccount:
        """See `hub.ports.Mailbox.test`."""
        with self._call("SELECT", self._folder):
            folder = self._opened()
            if self._afterwards == MOVE:
                folder.require_move(self._move_to)
        self.close()
        return MailboxAccount(self._server.user, self._folder, folder.count)

    def messages(self, cursor: Mapping[str, Any] | None, limit: int) -> MessagePage:
        """See `hub.ports.Mailbox.messages`."""
        with self._call("FETCH", self._folder) as told:
            folder = self._opened()
            position = Position.of(cursor, self._place, folder.validity)
            if position is None:
                position = Position(self._place, folder.validity)
                if not self._settings.get("existing"):
                    last, newest = folder.next_uid - 1, folder.newest()
                    start = replace(position, uid=last, floor=newest)
                    return MessagePage((), start.as_cursor(), more=False)
            uids, reached = folder.after(position, limit)
            told.append(f"UID {uids[0]} to {uids[-1]}" if uids else "nothing new")
            found = {uid: each for uid in uids if (each := folder.read(uid)) is not None}
            taken = {uid: each for uid, each in found.items() if position.is_news(each)}
            moved_on = position.moved_on(reached, found.values())
            if self._afterwards != LEAVE:
                moved_on = moved_on.with_unmarked(taken)
            more = reached < folder.next_uid - 1
            if not more:
                moved_on = moved_on.caught_up()
        return MessagePage(list(taken.values()), moved_on.as_cursor(), more)

    def mark(self, cursor: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `hub.ports.Mailbox.mark`; of another UIDVALIDITY nothing can be marked any more."""
        position = Position.read(cursor)
        if not position.unmarked:
            return cursor
        with self._call("MOVE" if self._afterwards == MOVE else "STORE", self._folder):
            folder = self._opened()
            if (self._place, folder.validity) == (position.place, position.validity):
                if self._afterwards == MOVE:
                    folder.move(position.unmarked, self._move_to)
                elif self._afterwards == SEEN:
                    folder.mark_seen(position.unmarked)
        return position.with_unmarked([]).as_cursor()

    def close(self) -> None:
        """See `hub.ports.Mailbox.close`."""
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.close()

    @property
    def _folder(self) -> str:
        return str(self._settings.get("folder") or "INBOX")

    @property
    def _place(self) -> str:
        return f"{self._server.url}/{self._server.user}/{self._folder}"

    @property
    def _afterwards(self) -> str:
        return str(self._settings.get("afterwards") or LEAVE)

    @property
    def _move_to(self) -> str:
        return str(self._settings.get("move_to") or "")

    def _opened(self) -> Folder:
        if self._conversation is None:
            context = self._context or ssl.create_default_context()
            self._conversation = Conversation(self._server, self._http.addresses, context)
        read_only = self._afterwards == LEAVE
        return Folder(self._conversation, folder_name(self._folder), read_only=read_only)

    @contextmanager
    def _call(self, method: str, folder: str) -> Iterator[list[str]]:
        """Have a call admitted and noted; what is yielded takes what came of it, no content."""
        self._http.control.admit()
        started, outcome = time.monotonic(), "unknown"
        told: list[str] = []
        try:
            yield told
            outcome = "ok"
        except ConnectorError as error:
            outcome = "transient" if isinstance(error, TransientError) else "refused"
            told.append(str(error))
            self.close()
            raise
        finally:
            self._http.control.observe(
                CallRecord(
                    method=method,
                    url=f"{self._server.url}/{folder}",
                    status=None,
                    duration=timedelta(seconds=time.monotonic() - started),
                    outcome=outcome,
                    response_body="; ".join(told) or None,
                )
            )


def connect(settings: Mapping[str, Any], secrets: Mapping[str, str], http: Any) -> ImapMailbox:
    """Return the mailbox of a connection; makes no call.

    Raises:
        PermanentError: a setting is missing or wrong.
    """
    if settings.get("afterwards") == MOVE and not settings.get("move_to"):
        raise PermanentError(SYSTEM, "The setting {setting} is missing.", setting="move_to")
    server = read_server(
        str(settings.get("host") or ""),
        settings.get("port"),
        str(settings.get("security") or "tls"),
        str(settings.get("user") or ""),
        secrets.get("password") or "",
    )
    return ImapMailbox(server, settings, http)
