"""Keeps what was received: one file a message and one ledger line, on disk before the 250.

Nothing is ever changed or removed, so that a test which kills processes can count afterwards.
"""

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from connectors.sandbox.mailbox.reading import calendar_of, header_of

_LEDGER = "ledger.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message for one recipient, as a line of the ledger; `position` counts from 1."""

    position: int
    received_at: str
    sender: str
    recipient: str
    message_id: str | None
    subject: str | None
    method: str | None
    uid: str | None
    sequence: int | None
    size_bytes: int
    sha256: str
    file: str


class Store:
    """The messages in one directory, which only its owner may enter: some let people in.

    One process at a time may open it, and any number of threads use it.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        self._directory = directory
        self._lock = threading.Lock()
        self._ledger = (directory / _LEDGER).open("ab")
        try:
            fcntl.flock(self._ledger, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._ledger.close()
            raise RuntimeError(f"another mailbox writes to {directory}") from error
        if _is_torn(directory / _LEDGER):
            self._ledger.write(b"\n")  # a line cut off by a kill stays, and is not counted
        self._entries = list(read_ledger(directory))
        numbers = [int(path.stem) for path in directory.glob("*.eml") if path.stem.isdigit()]
        # A file without a line was cut off by a kill before its 250: nobody was told it was taken.
        self._next = max([*numbers, *(entry.position for entry in self._entries), 0]) + 1

    def add(self, sender: str, recipient: str, raw: bytes) -> Entry:
        """Keep a message; when this returns it is on disk."""
        calendar = calendar_of(raw)
        with self._lock:
            position, self._next = self._next, self._next + 1
            entry = Entry(
                position=position,
                received_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                sender=sender,
                recipient=recipient,
                message_id=header_of(raw, "Message-ID"),
                subject=header_of(raw, "Subject"),
                method=calendar.method if calendar else None,
                uid=calendar.uid if calendar else None,
                sequence=calendar.sequence if calendar else None,
                size_bytes=len(raw),
                sha256=hashlib.sha256(raw).hexdigest(),
                file=f"{position:06}.eml",
            )
            with (self._directory / entry.file).open("xb") as stream:
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
            self._ledger.write(json.dumps(asdict(entry)).encode() + b"\n")
            self._ledger.flush()
            os.fsync(self._ledger.fileno())
            self._flush_directory()
            self._entries.append(entry)
        return entry

    def entries(self) -> list[Entry]:
        """Return the ledger, oldest first."""
        with self._lock:
            return list(self._entries)

    def find(self, position: int) -> Entry | None:
        """Return one line of the ledger, None where there is none."""
        return next((entry for entry in self.entries() if entry.position == position), None)

    def raw(self, entry: Entry) -> bytes:
        """Return the bytes of a message as they came."""
        return (self._directory / entry.file).read_bytes()

    def close(self) -> None:
        """Let another process have the directory."""
        self._ledger.close()

    def _flush_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_ledger(directory: Path) -> Iterator[Entry]:
    """Yield the whole lines of a mailbox's ledger, also while it runs or after it was killed."""
    path = directory / _LEDGER
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):  # empty, or cut off by a kill
            continue


def _is_torn(ledger: Path) -> bool:
    content = ledger.read_bytes()
    return bool(content) and not content.endswith(b"\n")
