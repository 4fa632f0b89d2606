"""A folder that is open: what is in it, read without a trace unless a trace is asked for."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.mailboxes.imap.conversation import Conversation, folder_name
from connectors.mailboxes.imap.position import Position
from connectors.mailboxes.imap.replies import SYSTEM, internal_date, number, search_date, words
from hub.errors import PermanentError
from hub.ports import ReceivedMessage

READ_BYTES = 1024 * 1024  # of one message: what follows is pictures and files
MOST_SEARCHED = 50_000  # in a larger folder a span of so many UIDs is searched at a time
SERVERS_DAY = timedelta(days=2)  # SEARCH knows days only, in a zone that it does not tell
_UID = re.compile(r"\bUID (\d+)")
_SIZE = re.compile(r"\bRFC822\.SIZE (\d+)")


class Folder:
    """A folder as it was when it was opened: `count` messages, of UIDs below `next_uid`.

    Args:
        conversation: with its server.
        name: as it is sent.
        read_only: nothing in it can be changed, not even by mistake.

    Raises:
        ConnectorError: there is none, or it cannot be read.
    """

    def __init__(self, conversation: Conversation, name: str, *, read_only: bool) -> None:
        self._conversation = conversation
        selected = conversation.ask(
            "open the folder", lambda imap: imap.select(name, readonly=read_only)
        )
        self.count = number(selected, "EXISTS")
        self.validity = number(conversation.told("UIDVALIDITY"), "UIDVALIDITY")
        self.next_uid = number(conversation.told("UIDNEXT"), "UIDNEXT")

    def newest(self) -> datetime | None:
        """Return when the last message came; None where there is none, or it is not told."""
        if self.count == 0:
            return None
        answer = self._conversation.ask(
            "read the folder", lambda imap: imap.fetch(str(self.count), "(UID INTERNALDATE)")
        )
        return internal_date(_head(answer))

    def after(self, position: Position, limit: int) -> tuple[list[int], int]:
        """Return the next UIDs after a position, at most `limit`, and how far was looked."""
        low, last = position.uid + 1, self.next_uid - 1
        span = last if self.count <= MOST_SEARCHED else MOST_SEARCHED
        while low <= last:
            high = min(low + span - 1, last)
            found = self._search(low, high, position.since)
            if found:
                taken = found[:limit]
                return taken, taken[-1] if len(found) > limit else high
            low = high + 1
        return [], max(position.uid, last)

    def read(self, uid: int) -> ReceivedMessage | None:
        """Read a message, or its headers where no more of it is given out; None where it is gone.

        One that the server cannot give out at all is a message with a problem: it must not keep
        those behind it from being read.
        """
        try:
            return self._fetched(uid, f"BODY.PEEK[]<0.{READ_BYTES}>")
        except PermanentError:
            pass  # of some messages a server cannot make the text, and says so each time
        try:
            found = self._fetched(uid, "BODY.PEEK[HEADER]")
        except PermanentError as error:
            return self._without_content(uid, words(str(error.params.get("text", ""))))
        return None if found is None else replace(found, is_whole=False)

    def mark_seen(self, uids: Sequence[int]) -> None:
        """Mark messages as read."""
        self._conversation.ask(
            "mark messages",
            lambda imap: imap.uid("STORE", _set(uids), "+FLAGS.SILENT", "(\\Seen)"),
        )

    def move(self, uids: Sequence[int], target: str) -> None:
        """Move messages to another folder; those that are there already stay.

        Raises:
            PermanentError: there is no such folder, or the server cannot move.
        """
        self.require_move(target)
        self._conversation.ask(
            "move messages", lambda imap: imap.uid("MOVE", _set(uids), folder_name(target))
        )

    def require_move(self, target: str) -> None:
        """Pass where messages can be moved to a folder.

        Raises:
            PermanentError: there is no such folder, or the server cannot move without deleting.
        """
        if not self._conversation.can("MOVE"):
            raise PermanentError(
                SYSTEM, "The mail server cannot move messages (RFC 6851); mark them instead."
            )
        self._conversation.ask(
            "find the folder to move to",
            lambda imap: imap.status(folder_name(target), "(MESSAGES)"),
        )

    def _fetched(self, uid: int, part: str) -> ReceivedMessage | None:
        answer = self._conversation.ask(
            "give out a message",
            lambda imap: imap.uid("FETCH", str(uid), f"(RFC822.SIZE INTERNALDATE {part})"),
        )
        if not any(answer):
            return None
        raw, head = _literal(answer, uid)
        if raw is None:
            return self._without_content(uid, words(head))
        size = _SIZE.search(head)
        return ReceivedMessage(
            self._name(uid),
            raw,
            internal_date(head),
            int(size.group(1)) if size else len(raw),
            is_whole=len(raw) < READ_BYTES,
        )

    def _search(self, low: int, high: int, since: datetime | None) -> list[int]:
        wanted = ["UID", f"{low}:{high}"]
        if since is not None:
            wanted += ["SINCE", search_date(since - SERVERS_DAY)]
        answer = self._conversation.ask(
            "search the folder", lambda imap: imap.uid("SEARCH", *wanted)
        )
        found = b" ".join(each for each in answer if isinstance(each, bytes)).split()
        return sorted({int(each) for each in found if each.isdigit() and low <= int(each) <= high})

    def _without_content(self, uid: int, problem: str) -> ReceivedMessage:
        return ReceivedMessage(self._name(uid), b"", is_whole=False, problem=problem)

    def _name(self, uid: int) -> str:
        return f"{self.validity}/{uid}"


def _literal(answer: list[Any], uid: int) -> tuple[bytes | None, str]:
    """Return the bytes of a message and what is said of it, in whichever order."""
    for place, part in enumerate(answer):
        if isinstance(part, tuple):
            rest = answer[place + 1] if place + 1 < len(answer) else b""
            tail = rest if isinstance(rest, bytes) else b""
            head = (part[0] + b" " + tail).decode("ascii", "replace")
            named = _UID.search(head)
            if named is not None and int(named.group(1)) == uid:
                return part[1], head
    head = _head(answer)
    return (b"", head) if 'BODY[]<0> ""' in head else (None, head)


def _head(answer: list[Any]) -> str:
    parts = (part[0] if isinstance(part, tuple) else part for part in answer)
    return b" ".join(part for part in parts if isinstance(part, bytes)).decode("ascii", "replace")


def _set(uids: Sequence[int]) -> str:
    return ",".join(str(uid) for uid in uids)
