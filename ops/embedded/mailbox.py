"""The embedded mailbox: takes and shows all mail while no mail server is set; nothing leaves."""

import os
import secrets
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from hub.settings import PREFIX
from ops.data_directory import DataDirectory
from ops.private_file import write_private
from ops.reach import answers

HOST = "127.0.0.1"


class EmbeddedMailbox:
    """A mail server of our own on this machine, with a page that shows what it took.

    Args:
        place: the data directory.
        port: of the page; another free one where that is taken.
    """

    def __init__(self, place: DataDirectory, *, port: int) -> None:
        self._place = place
        self._page_port = _free_port(port)
        self._smtp_port = _free_port(0)

    @property
    def page(self) -> str:
        """Where the mail is shown, to whoever has the key."""
        return f"http://{HOST}:{self._page_port}"

    @property
    def link(self) -> str:
        """Where people read the mail: the page with its key, which is theirs alone."""
        return f"{self.page}/?key={self.key}"

    @property
    def key(self) -> str:
        """The key of this installation, made the first time that it is asked for."""
        write_private(self._place.mailbox_key, secrets.token_urlsafe(24), replace=False)
        return self._place.mailbox_key.read_text(encoding="utf-8")

    @property
    def settings(self) -> Mapping[str, str]:
        """What Hub's processes are told of it."""
        return {
            "HUB_SMTP_URL": f"smtp://{HOST}:{self._smtp_port}",
            "HUB_MAILBOX_URL": self.page,
        }

    @property
    def directory(self) -> Path:
        """Where the mail is kept."""
        return self._place.root / "mail"

    @property
    def command(self) -> list[str]:
        """The command line of it."""
        return [
            *(sys.executable, "-m", "connectors.sandbox.mailbox"),
            *("--smtp-port", str(self._smtp_port), "--http-port", str(self._page_port)),
            *("--directory", str(self.directory)),
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """What it is told itself: nothing of ours but its key, which no command line shows."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        return others | {"MAILBOX_KEY": self.key}

    def is_ready(self) -> bool:
        """Tell whether it takes and shows mail."""
        return answers(f"{self.page}/ready")


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        with socket.socket() as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((HOST, port))
            except OSError:
                continue
            found: int = attempt.getsockname()[1]
            return found
    return 0  # no port at all is free: the mailbox will say so as it starts
