"""Text of unknown origin made safe to place in headers, calendars and cells.

Names, subjects and notes come from people, shops and registries; a line break hidden in one must
not become a header of its own (reliability.md R-43). The guard is ours because that of the
interpreter has holes: CVE-2024-6923, present in Python 3.11.7, writes an encoded word that decodes
to a line break as a line break.
"""

import re
from email.errors import HeaderParseError
from email.header import decode_header

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

# C0, DEL and C1 (which holds NEL), and the two separators that Unicode calls line breaks.
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_BREAKING_BUT_NEWLINE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_LINE_END = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_UNENCODABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_ENCODED_WORD_START = "=?"
_MAX_CHECKED_LENGTH = 2000
"""Beyond this no encoded word is looked into: decoding hostile text takes time in its square."""


def one_line(text: str) -> str:
    """Return `text` as one line that nothing can turn into two: for headers, titles and names.

    A run of control characters or line separators becomes one space. Where encoded words in the
    text would decode to any of them, they are spoilt. Ordinary text comes back as it was.
    """
    line = _BREAKING.sub(" ", _UNENCODABLE.sub(REPLACEMENT, text)).strip()
    if _ENCODED_WORD_START in line and (len(line) > _MAX_CHECKED_LENGTH or hides_a_break(line)):
        line = line.replace(_ENCODED_WORD_START, "=" + REPLACEMENT)
    return line


def paragraphs(text: str) -> str:
    """Return `text` with plain line feeds and no other control character: for bodies."""
    cleaned = _LINE_END.sub("\n", _UNENCODABLE.sub(REPLACEMENT, text))
    return _BREAKING_BUT_NEWLINE.sub(lambda found: " " if found[0] == "\t" else "", cleaned).strip()


def with_visible_controls(text: str) -> str:
    """Return `text` with each control character shown by a symbol, keeping tabs and line ends.

    For cells of workbooks and CSV files, where a control character would make the file unreadable
    and dropping it would change the data unseen: NUL is shown as ``␀``.
    """
    unbroken = text.replace("\r\n", "\n")
    return _UNENCODABLE.sub(REPLACEMENT, _CONTROL.sub(_symbol, unbroken))


def hides_a_break(text: str) -> bool:
    """Say whether `text`, with its encoded words decoded, holds a control or line break."""
    try:
        decoded = "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii", "replace")
            for part, charset in decode_header(text)
        )
    except (HeaderParseError, LookupError, ValueError):
        return True  # what cannot be decoded here may be decoded elsewhere
    return _BREAKING.search(decoded) is not None


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_FIRST_SYMBOL = 0x2400  # Control Pictures: ␀ and on, in the order of C0
_DELETE = "\x7f"


def _symbol(found: re.Match[str]) -> str:
    character = found[0]
    if character < " ":
        return chr(_FIRST_SYMBOL + ord(character))
    if character == _DELETE:
        return "\N{SYMBOL FOR DELETE}"
    return "\n" if character in "\u2028\u2029" else REPLACEMENT
