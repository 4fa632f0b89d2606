"""What all conversations of a server share: one account, its folders, and what goes wrong."""

import socket
import ssl
import threading
from dataclasses import dataclass, field

from connectors.sandbox.imap.store import Store


@dataclass(slots=True)
class ImapFaults:
    """What goes wrong.

    refuse_login: with the words of the NO, such as ``[UNAVAILABLE] later``. refuse: the words of
    the NO to a command of a name. cut: the names of commands at which the client is cut off, each
    once. unreadable: UIDs whose text is not given out. headless: UIDs of which nothing is.
    """

    refuse_login: str | None = None
    refuse: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    unreadable: set[int] = field(default_factory=set)
    headless: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Account:
    """The account, what is offered to whoever logs in, and who is connected; safe between threads.

    `starttls` is the context that a conversation may go on with, None where none is offered.
    """

    store: Store
    credentials: tuple[str, str]
    offered: tuple[str, ...]
    starttls: ssl.SSLContext | None
    faults: ImapFaults = field(default_factory=ImapFaults)
    _heard: list[str] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def heard(self) -> list[str]:
        """Return what clients have asked, oldest first, without passwords."""
        with self._lock:
            return list(self._heard)

    def note(self, command: str) -> None:
        """Remember what a client has asked."""
        with self._lock:
            self._heard.append(command)

    def note_socket(self, new: socket.socket, old: socket.socket | None = None) -> None:
        """Know a conversation's socket, so that it can be cut."""
        with self._lock:
            self._open.discard(old or new)
            self._open.add(new)

    def forget_socket(self, known: socket.socket) -> None:
        """Forget the socket of a conversation that is over."""
        with self._lock:
            self._open.discard(known)

    def sockets(self) -> list[socket.socket]:
        """Return the sockets of the open conversations."""
        with self._lock:
            return list(self._open)
