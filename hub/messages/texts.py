"""The text of a message: of any character set, and of HTML what somebody would have read.

Everything here takes time in proportion to what it is given, whatever that is.
"""

import codecs
import html
import re
import unicodedata
from contextlib import suppress

LONGEST_HTML = 500_000  # characters; an inquiry has a few thousand

# What senders mean by them, as browsers take it (WHATWG Encoding).
_MEANT = {"iso8859-1": "cp1252", "iso8859-9": "cp1254"}
# No character sets of mail, or such that take long over hostile input.
_NEVER = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem",
     "utf-7"}
)  # fmt: skip
_UNKNOWN = frozenset({"unknown-8bit", "x-unknown", "default"})

_HIDDEN = ("script", "style", "head", "title", "template", "noscript", "object", "svg")
_BREAKS = frozenset(
    {"br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
     "blockquote", "pre", "section", "article", "header", "footer", "dt", "dd", "center"}
)  # fmt: skip
_CELLS = frozenset({"td", "th"})
_TAG_NAME = re.compile(r"/?([a-zA-Z][a-zA-Z0-9]*)")
_END_OR_QUOTE = re.compile(r"[>\"']")
_MANY_BREAKS = re.compile(r"\n{3,}")


_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def one_line(value: str) -> str | None:
    """Return a text without line breaks, control characters and outer spaces; None if empty."""
    printable = "".join(
        " " if unicodedata.category(character) in _UNPRINTABLE else character for character in value
    )
    return " ".join(printable.split()) or None


def paragraphs(value: str) -> str | None:
    """Return a text of several lines, each as `one_line` has one; None if all are empty."""
    lines = (one_line(line) or "" for line in value.splitlines())
    return "\n".join(lines).strip("\n") or None


def decoded(content: bytes, charset: str | None) -> str:
    """Return bytes as text: by their character set, else UTF-8, else what Windows writes."""
    for name in (_codec(charset), "utf-8"):
        if name is None:
            continue
        try:
            return content.decode(name)
        except (LookupError, ValueError):
            continue
    return content.decode("cp1252", "replace")


def text_of_html(source: str) -> str:
    """Return what somebody would have read of a page: no tags, scripts, styles or comments."""
    parts: list[str] = []
    source, place = source[:LONGEST_HTML], 0
    while True:
        start = source.find("<", place)
        if start < 0:
            parts.append(_words(source[place:]))
            break
        parts.append(_words(source[place:start]))
        if source.startswith("<!--", start):
            place = _after(source, "-->", start + 4)
            continue
        name = _TAG_NAME.match(source, start + 1)
        if name is None and source[start + 1 : start + 2] not in {"!", "?"}:
            parts.append("<")  # only a sign
            place = start + 1
            continue
        place = _end_of_tag(source, start + 1)
        tag = name.group(1).lower() if name else ""
        if tag in _HIDDEN and not name.group().startswith("/"):  # type: ignore[union-attr] # a tag has a name
            place = _after_hidden(source, tag, place)
        elif tag in _BREAKS:
            parts.append("\n")
        elif tag in _CELLS:
            parts.append(" ")
    lines = (" ".join(line.split()) for line in "".join(parts).split("\n"))
    return _MANY_BREAKS.sub("\n\n", "\n".join(lines)).strip()


def _codec(charset: str | None) -> str | None:
    if not charset or charset.lower() in _UNKNOWN:
        return None
    try:
        name = codecs.lookup(charset.strip("\"' ")).name
    except (LookupError, ValueError, UnicodeError):
        return None
    return None if name in _NEVER else _MEANT.get(name, name)


def _words(text: str) -> str:
    with suppress(ValueError):  # the number of a character with thousands of digits
        text = html.unescape(text)
    return text.replace("\r", " ").replace("\n", " ")


def _after(source: str, mark: str, start: int) -> int:
    found = source.find(mark, start)
    return len(source) if found < 0 else found + len(mark)


def _after_hidden(source: str, tag: str, start: int) -> int:
    closing = re.compile(rf"</{tag}\b", re.IGNORECASE).search(source, start)
    return len(source) if closing is None else _after(source, ">", closing.end())


def _end_of_tag(source: str, start: int) -> int:
    """Return where a tag is over; a sign within quotes does not end it."""
    place = start
    while True:
        found = _END_OR_QUOTE.search(source, place)
        if found is None:
            return len(source)
        if found.group() == ">":
            return found.end()
        closing = source.find(found.group(), found.end())
        if closing < 0:  # a quote that nobody closes: only a sign
            return _after(source, ">", found.end())
        place = closing + 1
