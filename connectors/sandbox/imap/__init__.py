"""A mail server that is read by IMAP (RFC 3501, 6851, 4616): for demonstrations and tests.

``python -m connectors.sandbox.imap`` runs it; `serve` runs it in a thread. It takes mail by APPEND,
or by `RunningImap.deliver`, and keeps it in memory.
"""

import ssl

from connectors.sandbox.imap.account import Account, ImapFaults
from connectors.sandbox.imap.server import ImapServer
from connectors.sandbox.imap.store import Folder, Message, Store

__all__ = ["Folder", "ImapFaults", "Message", "RunningImap", "serve"]


USER, PASSWORD = "salg@hub.example", "sandbox"


class RunningImap:
    """A mail server that answers on this machine until it is stopped."""

    def __init__(self, server: ImapServer) -> None:
        self._server = server
        self.store = server.account.store
        self.port = server.port
        self.url = f"imap://127.0.0.1:{server.port}"
        self.faults = server.account.faults

    def deliver(self, raw: bytes, folder: str = "INBOX", **given: object) -> int:
        """Put a message into a folder as if it had just come; returns its UID."""
        return self.store.folder(folder).add(raw, **given)  # type: ignore[arg-type] # as `Folder.add` takes them

    def messages(self, folder: str = "INBOX") -> list[Message]:
        """Return what lies in a folder, oldest first."""
        return self.store.folder(folder).messages()

    def renumber(self, folder: str = "INBOX") -> None:
        """Give a folder another UIDVALIDITY and its messages other UIDs, as a restored server."""
        self.store.folder(folder).renumber()

    def commands(self) -> list[str]:
        """Return what clients have asked, oldest first, without passwords."""
        return self._server.account.heard()

    def set_down(self, *, down: bool) -> None:
        """Refuse connections and cut the open ones, or take them again on the same port."""
        self._server.set_down(down=down)

    def stop(self) -> None:
        """Stop for good."""
        self._server.stop()

    def wait(self) -> None:
        """Wait until it is stopped."""
        self._server.wait()


def serve(
    port: int = 0,
    *,
    user: str = USER,
    password: str = PASSWORD,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    capabilities: tuple[str, ...] = ("AUTH=PLAIN", "MOVE"),
    validity: int = 1,
) -> RunningImap:
    """Serve one account on 127.0.0.1; port 0 takes any free one.

    Args:
        port: where.
        user: who may log in.
        password: and with what.
        tls: offers STARTTLS with this context, or, with `implicit_tls`, speaks TLS from the start.
        implicit_tls: see `tls`.
        capabilities: what it offers beside IMAP4rev1; without MOVE it cannot move.
        validity: the UIDVALIDITY of the inbox: it forgets all mail when it ends.

    Raises:
        OSError: the port is taken.
    """
    starttls = None if implicit_tls else tls
    account = Account(Store(validity), (user, password), capabilities, starttls)
    return RunningImap(ImapServer(account, port, tls if implicit_tls else None))
