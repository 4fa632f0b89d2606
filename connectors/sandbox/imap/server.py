"""The server: a thread for each conversation."""

import socket
import socketserver
import ssl
import threading
from contextlib import closing, suppress

from connectors.sandbox.imap.account import Account
from connectors.sandbox.imap.session import Session

_HOST = "127.0.0.1"
_STOP_POLL_S = 0.02
_STOP_S = 5


class ImapServer:
    """Serves one account on 127.0.0.1 until it is stopped; port 0 takes any free one.

    Args:
        account: whose mail.
        port: where.
        tls: speaks TLS from the start with this context; None does not.
    """

    def __init__(self, account: Account, port: int, tls: ssl.SSLContext | None) -> None:
        self.account = account
        self.port = port
        self._tls = tls
        self._listener: _Listener | None = None
        self._thread: threading.Thread | None = None
        self.set_down(down=False)

    def set_down(self, *, down: bool) -> None:
        """Refuse connections and cut the open ones, or take them again on the same port."""
        if down and self._listener is not None:
            self._listener.shutdown()
            self._listener.server_close()
            self._listener = None
            for connection in self.account.sockets():
                with suppress(OSError):  # the client was first
                    connection.shutdown(socket.SHUT_RDWR)
        elif not down and self._listener is None:
            self._listener = _Listener((_HOST, self.port), self)
            self.port = self._listener.server_address[1]
            self._thread = threading.Thread(
                target=self._listener.serve_forever,
                kwargs={"poll_interval": _STOP_POLL_S},
                name=f"sandbox:imap:{self.port}",
                daemon=True,
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop for good."""
        self.set_down(down=True)
        self.wait()

    def wait(self) -> None:
        """Wait until it is stopped."""
        if self._thread is not None:
            self._thread.join(None if self._listener else _STOP_S)

    def converse(self, connection: socket.socket) -> None:
        """Hold one conversation to its end."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with closing(Session(self.account, connection)) as session, suppress(OSError):  # he hung up
            if self._tls is not None:
                session.encrypt(self._tls)
            session.run()


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], server: ImapServer) -> None:
        self.imap = server
        super().__init__(address, _Handler)


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        """Hold the conversation."""
        self.server.imap.converse(self.request)
