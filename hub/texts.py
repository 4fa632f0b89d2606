"""The one form in which texts are kept and compared.

A letter with a mark can be written as one character or as two that look the same; some systems
write file names and clipboards the second way. What is kept is composed (NFC, Unicode UAX #15), and
so is whatever is compared with it.
"""

import re
import unicodedata

INVISIBLE = r"\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
"""Joiners, marks of direction and the like, as a class of a regular expression has them."""
_BLANK = re.compile(rf"[\s{INVISIBLE}]*")


def is_blank(text: str) -> bool:
    """Say whether there is nothing in a text that people would see."""
    return not text.strip() if text.isascii() else _BLANK.fullmatch(text) is not None


def composed(text: str) -> str:
    """Return a text with each letter and its marks as one character, where there is one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
