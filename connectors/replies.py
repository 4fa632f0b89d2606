"""What servers say, for people to read."""

import unicodedata


def readable(said: bytes | str, longest: int) -> str:
    """Return a server's words on one line, without control characters, `longest` at most."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    printable = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text)
    return " ".join(printable.split())[:longest]
