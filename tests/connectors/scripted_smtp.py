"""An SMTP server that answers from a script, for what no orderly server does."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import takewhile

HANG_UP = b"\0hang up"
SILENCE = b"\0silence"

ORDERLY = {
    "greeting": b"220 mail.example.com ready\r\n",
    "EHLO": b"250-mail.example.com\r\n250-8BITMIME\r\n250 SIZE 0\r\n",
    "HELO": b"250 mail.example.com\r\n",
    "RSET": b"250 reset\r\n",
    "MAIL": b"250 sender fine\r\n",
    "RCPT": b"250 recipient fine\r\n",
    "DATA": b"354 go on\r\n",
    ".": b"250 taken\r\n",
    "QUIT": b"221 bye\r\n",
}


class ScriptedSmtp:
    """Answers each step as scripted, else orderly; `heard` has the commands, `bodies` the bytes.

    `HANG_UP` closes the connection in place of an answer, `SILENCE` gives none.
    """

    def __init__(self, **steps: bytes) -> None:
        self.script = ORDERLY | steps
        self.heard: list[str] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def stop(self) -> None:
        """Close everything."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):  # the client was first
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(60)

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):  # stopped
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._converse, connection)

    def _converse(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            if not self._answer(connection, "greeting"):
                return
            for line in stream:
                command = line.decode(errors="replace").rstrip("\r\n")
                self.heard.append(command)
                verb = command.split(" ")[0].upper()
                if not self._answer(connection, verb):
                    return
                if verb == "DATA" and self.script["DATA"].startswith(b"354"):
                    self.bodies.append(b"".join(takewhile(lambda part: part != b".\r\n", stream)))
                    if not self._answer(connection, "."):
                        return

    def _answer(self, connection: socket.socket, step: str) -> bool:
        reply = self.script.get(step, b"502 what?\r\n")
        if reply == SILENCE:
            return True
        if reply.endswith(HANG_UP):
            connection.sendall(reply.removesuffix(HANG_UP))
            connection.shutdown(socket.SHUT_RDWR)
            return False
        connection.sendall(reply)
        return True
