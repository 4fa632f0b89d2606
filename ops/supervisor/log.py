"""Carries what a part prints to its own file and to the terminal."""

import os
from collections import deque
from pathlib import Path
from typing import IO, TextIO

from ops.supervisor.part import Part, Voice

FILE_LIMIT_BYTES = 10_000_000  # with the one before it, twenty megabytes for each part
_CHUNK_BYTES = 65_536
_LAST_WORDS = 15  # lines: a traceback's end with what led to it


class PartLog:
    """The log of one part: ``<name>.log``, begun anew when it is full, the last one kept.

    Args:
        directory: where the file goes.
        part: whose lines they are.
        terminal: where each line goes as well, as the part's voice says.
    """

    def __init__(self, directory: Path, part: Part, terminal: "Terminal") -> None:
        self._path = directory / f"{part.name}.log"
        self._part = part
        self._terminal = terminal
        self._stream = self._path.open("ab")
        self._rest = b""
        self._last: deque[str] = deque(maxlen=_LAST_WORDS)

    def take(self, output: IO[bytes]) -> bool:
        """Take what is there to read, without waiting; returns False at the end of the output."""
        chunk = os.read(output.fileno(), _CHUNK_BYTES)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:  # ended in the middle of a line
            lines, self._rest = [self._rest], b""
        if len(self._rest) > _CHUNK_BYTES:  # no line of ours is so long: do not collect it
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self._write(line)
        self._stream.flush()
        return bool(chunk)

    def last_words(self) -> str:
        """Return the last lines, for a message about its end."""
        return "\n".join(self._last)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _write(self, line: bytes) -> None:
        self._stream.write(line + b"\n")
        if self._stream.tell() > FILE_LIMIT_BYTES:
            self._stream.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._stream = self._path.open("ab")
        text = line.decode(errors="replace")
        self._last.append(text)
        if self._part.voice is Voice.NAMED:
            self._terminal.show(self._part.name, text)
        elif self._part.voice is Voice.PLAIN:
            self._terminal.print(text)


class Terminal:
    """Where people look on; when it goes away, the work goes on without it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def show(self, name: str, text: str) -> None:
        """Print a line of the part called `name`."""
        self.print(f"{name:<12}| {text}")

    def print(self, line: str) -> None:
        """Print a line as it is."""
        if self._stream is None:
            return
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except OSError:
            self._stream = None
