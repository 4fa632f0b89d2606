"""How the story looks: numbered steps, what was sent, what came back, and a mark for each."""

import shutil
import textwrap
from collections.abc import Mapping
from typing import TextIO

_BOLD, _DIM, _GREEN, _RED = "1", "2", "32", "31"
_NARROW, _WIDE = 72, 108


class StoryError(Exception):
    """A step did not go as the story says; the text says what was expected and what came."""


class Teller:
    """Writes the story to `stream` line by line; `colour` for terminals."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._width = min(max(shutil.get_terminal_size((_WIDE, 24)).columns, _NARROW), _WIDE)
        self.steps = 0

    def chapter(self, title: str, introduction: str) -> None:
        """Begin a chapter."""
        self._line()
        self._line(self._painted(title, _BOLD))
        self._line("─" * len(title))
        self._paragraph(introduction, "")

    def step(self, title: str) -> None:
        """Begin the next step."""
        self.steps += 1
        self._line()
        self._line(self._painted(f"{self.steps:>3}. {title}", _BOLD))

    def call(self, text: str) -> None:
        """Show what is sent."""
        for line in textwrap.wrap(text, self._width - 7, subsequent_indent="  "):
            self._line(self._painted(f"       {line}", _DIM))

    def answer(self, text: str) -> None:
        """Show what came back."""
        self._paragraph(text, "     → ", _DIM)

    def success(self, text: str) -> None:
        """Say that something is as it should be."""
        self._paragraph(text, "     ✓ ", _GREEN)

    def failure(self, text: str) -> None:
        """Say that something is not as it should be."""
        self._line()
        self._paragraph(text, "     ✗ ", _RED)

    def aside(self, text: str) -> None:
        """Add something to know."""
        self._paragraph(text, "       ")

    def table(self, rows: Mapping[str, str]) -> None:
        """Show names and what they stand for."""
        width = max(map(len, rows), default=0)
        for name, value in rows.items():
            self._line(f"    {name:<{width}}  {value}")

    def verbatim(self, text: str) -> None:
        """Show lines as they are, to be copied."""
        for line in text.splitlines():
            self._line(f"    {line}" if line else "")

    def _paragraph(self, text: str, lead: str, colour: str | None = None) -> None:
        lines = textwrap.wrap(
            text, self._width - len(lead), break_long_words=False, break_on_hyphens=False
        )
        for position, line in enumerate(lines):
            start = lead if position == 0 else " " * len(lead)
            painted = self._painted(start, colour) if colour else start
            self._line(painted + (self._painted(line, _DIM) if colour == _DIM else line))

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _line(self, text: str = "") -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()
