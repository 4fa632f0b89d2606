"""A mail server that keeps what it receives and shows it: for demonstrations and tests.

``python -m connectors.sandbox.mailbox --directory <where>`` runs it; `serve` runs it in a thread.
See `connectors.sandbox.mailbox.pages` for its web addresses.
"""

import ssl
from pathlib import Path

from connectors.sandbox import RunningSandbox
from connectors.sandbox import serve as serve_app
from connectors.sandbox.mailbox.faults import MailFaults
from connectors.sandbox.mailbox.pages import create_app
from connectors.sandbox.mailbox.server import SmtpServer
from connectors.sandbox.mailbox.store import Entry, Store, read_ledger

__all__ = ["Entry", "MailFaults", "RunningMailbox", "read_ledger", "serve"]


class RunningMailbox:
    """A mailbox that takes mail and shows it until it is stopped."""

    def __init__(self, store: Store, smtp: SmtpServer, web: RunningSandbox) -> None:
        self._store = store
        self._smtp = smtp
        self._web = web
        self.smtp_port = smtp.port
        self.http_port = web.port
        self.smtp_url = f"smtp://127.0.0.1:{smtp.port}"
        self.url = web.url
        self.faults = smtp.faults

    def entries(self) -> list[Entry]:
        """Return the ledger, oldest first."""
        return self._store.entries()

    def raw(self, entry: Entry) -> bytes:
        """Return the bytes of a message as they came."""
        return self._store.raw(entry)

    def set_down(self, *, down: bool) -> None:
        """Refuse connections and cut the open ones, or take them again on the same port."""
        self._smtp.set_down(down=down)

    def cut_connections(self) -> None:
        """Cut the open connections, as a server does with those that were idle too long."""
        self._smtp.cut_connections()

    def stop(self) -> None:
        """Stop taking and showing mail; what was received stays in the directory."""
        self._smtp.stop()
        self._web.stop()
        self._store.close()

    def wait(self) -> None:
        """Wait until it is stopped."""
        self._web.wait()


def serve(
    smtp_port: int,
    http_port: int,
    directory: Path,
    *,
    credentials: tuple[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    implicit_tls: bool = False,
    key: str | None = None,
    plans_faults: bool = True,
) -> RunningMailbox:
    """Take mail and show it on 127.0.0.1; port 0 takes any free one.

    Args:
        smtp_port: where it takes mail.
        http_port: where it shows it.
        directory: where it keeps it; also read by `read_ledger`, while it runs and afterwards.
        credentials: user and password without which it takes no mail.
        tls: offers STARTTLS with this context, or, with `implicit_tls`, speaks TLS from the start.
        implicit_tls: see `tls`.
        key: without which nobody is shown anything.
        plans_faults: whether it can be told over HTTP what is to go wrong.

    Raises:
        OSError: a port is taken.
        RuntimeError: another mailbox writes to the directory.
    """
    store = Store(directory)
    try:
        smtp = SmtpServer(
            store, smtp_port, credentials=credentials, tls=tls, implicit_tls=implicit_tls
        )
    except OSError:
        store.close()
        raise
    try:
        web = serve_app(create_app(store, smtp, key=key, plans_faults=plans_faults), http_port)
    except BaseException:  # also werkzeug's SystemExit where the port is taken
        smtp.stop()
        store.close()
        raise
    return RunningMailbox(store, smtp, web)
