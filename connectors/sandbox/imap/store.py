"""Folders and the messages in them, in memory; safe between threads."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

INBOX = "INBOX"


@dataclass(slots=True)
class Message:
    """A message in a folder."""

    uid: int
    raw: bytes
    received_at: datetime
    flags: set[str] = field(default_factory=set)


class Folder:
    """A folder: each message that comes gets a higher UID than all before it."""

    def __init__(self, name: str, validity: int) -> None:
        self.name = name
        self.validity = validity
        self.next_uid = 1
        self._messages: dict[int, Message] = {}
        self._lock = threading.RLock()

    def add(
        self,
        raw: bytes,
        *,
        received_at: datetime | None = None,
        flags: frozenset[str] = frozenset(),
    ) -> int:
        """Keep a message and return its UID."""
        with self._lock:
            uid, self.next_uid = self.next_uid, self.next_uid + 1
            came = received_at or datetime.now(UTC).replace(microsecond=0)
            self._messages[uid] = Message(uid, raw, came, set(flags))
            return uid

    def messages(self) -> list[Message]:
        """Return the messages, oldest first."""
        with self._lock:
            return [self._messages[uid] for uid in sorted(self._messages)]

    def take(self, uid: int) -> Message | None:
        """Take a message out, None where it is not there."""
        with self._lock:
            return self._messages.pop(uid, None)

    def renumber(self) -> None:
        """Number everything anew, under another UIDVALIDITY."""
        with self._lock:
            kept = self.messages()
            self._messages.clear()
            self.validity += 1
            self.next_uid = 1
            for each in kept:
                self.add(each.raw, received_at=each.received_at, flags=frozenset(each.flags))


class Store:
    """The folders of one account; `validity` is the UIDVALIDITY of the first."""

    def __init__(self, validity: int = 1) -> None:
        self._lock = threading.Lock()
        self._validity = validity
        self._folders = {INBOX: Folder(INBOX, validity)}

    def find(self, name: str) -> Folder | None:
        """Return a folder; INBOX in whatever case (RFC 3501 5.1)."""
        with self._lock:
            return self._folders.get(INBOX if name.upper() == INBOX else name)

    def folder(self, name: str) -> Folder:
        """Return a folder, made where there is none."""
        with self._lock:
            name = INBOX if name.upper() == INBOX else name
            return self._folders.setdefault(name, Folder(name, self._validity + len(self._folders)))

    def names(self) -> list[str]:
        """Return the names of all folders."""
        with self._lock:
            return sorted(self._folders)
