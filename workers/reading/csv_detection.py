"""How a text file is written: its encoding and its separator, found in its bytes."""

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hub.i18n import N_
from workers.reading.limits import FileRefusedError

_CHUNK_BYTES = 1024 * 1024
_SAMPLE_LENGTH = 64 * 1024
_SAMPLE_ROWS = 50
_DELIMITERS = (";", "\t", ",", "|")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOST = 0.7
_UNDEFINED_IN_WINDOWS_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")


@dataclass(frozen=True, slots=True)
class TextFormat:
    """The encoding as Python names it, the separator, and whether Excel's ``sep=`` line leads."""

    encoding: str
    delimiter: str
    has_separator_line: bool


def detect_format(path: Path) -> TextFormat:
    """Return how the file is to be read.

    UTF-8 and UTF-16 are told by their mark or by being valid; what is neither is taken for
    Windows-1252, of which ISO-8859-1 is a part.

    Raises:
        FileRefusedError: the bytes are no text in any of these.
    """
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as stream:
        sample = stream.read(_SAMPLE_LENGTH)
    lines = sample.splitlines(keepends=True)
    if len(sample) == _SAMPLE_LENGTH and len(lines) > 1:
        lines.pop()  # cut in the middle
    first = lines[0].strip() if lines else ""
    if first[:4].casefold() == "sep=" and len(first) == len("sep=;"):
        return TextFormat(encoding, first[4], has_separator_line=True)
    return TextFormat(encoding, _delimiter(lines), has_separator_line=False)


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE_LENGTH)
    for mark, name in _MARKS:
        if head.startswith(mark):
            return _checked(path, name)
    if b"\0" in head:
        return _checked(path, _unmarked_utf_16(head))
    try:
        return _checked(path, "utf-8")
    except FileRefusedError:
        return _checked_windows_1252(path)


def _unmarked_utf_16(head: bytes) -> str:
    """Return the byte order that the zeros tell: in ordinary text every other byte is one."""
    half = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > half * _MOST and even < half - half * _MOST:
        return "utf-16-le"
    if even > half * _MOST and odd < half - half * _MOST:
        return "utf-16-be"
    raise _not_text()


def _checked(path: Path, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                if "\0" in decoder.decode(chunk):
                    raise _not_text()
            decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise _not_text() from error
    return encoding


def _checked_windows_1252(path: Path) -> str:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if b"\0" in chunk or not _UNDEFINED_IN_WINDOWS_1252.isdisjoint(chunk):
                raise _not_text()
    return "cp1252"


def _delimiter(lines: list[str]) -> str:
    """Return the separator that gives most rows equally many cells, and several.

    The first row does not decide: it may be a title.
    """
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        reader = csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter)
        widths = []
        try:
            for row in reader:
                if any(row):
                    widths.append(len(row))
                if len(widths) == _SAMPLE_ROWS:
                    break
        except csv.Error:
            continue
        several = Counter(width for width in widths if width > 1)
        score = max(((n / len(widths), width) for width, n in several.items()), default=best_score)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _not_text() -> FileRefusedError:
    return FileRefusedError(
        "file.encoding", N_("The file is no text that can be read: save it as CSV UTF-8 or .xlsx.")
    )
