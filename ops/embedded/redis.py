"""The embedded Redis: wake-ups only, so nothing of it is kept on disk."""

import socket
from pathlib import Path

from ops.data_directory import DataDirectory
from ops.embedded.account import Account
from ops.embedded.binaries import redis_program

_SOCKET = "redis.sock"
_ANSWER_TIMEOUT_S = 2


class EmbeddedRedis:
    """A Redis or Valkey server of our own on a unix socket.

    Args:
        place: the data directory.
        account: the account of the embedded PostgreSQL, which owns the directory of the sockets.
        program: a server to run instead of the packaged one.
    """

    def __init__(
        self, place: DataDirectory, *, account: Account | None, program: Path | None = None
    ) -> None:
        self._place = place
        self._account = account
        self._program = redis_program(program)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self._place.sockets / _SOCKET

    @property
    def url(self) -> str:
        """redis-py's URL of it; Celery's form of the same is made by the workers."""
        return f"unix://{self.socket}"

    @property
    def command(self) -> list[str]:
        """The command line that runs it in the foreground."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self._place.redis),
            "save": "",
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",  # a lost wake-up is made again, but not all at once
            "databases": "4",
            "daemonize": "no",
            "loglevel": "warning",
        }
        return [str(self._program), *[p for k, v in options.items() for p in (f"--{k}", v)]]

    def prepare(self) -> None:
        """Remove the socket that a killed server has left; call before every start."""
        self._place.make_sockets(self._account)
        self.socket.unlink(missing_ok=True)

    def is_ready(self) -> bool:
        """Tell whether it answers a PING now."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_ANSWER_TIMEOUT_S)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False
