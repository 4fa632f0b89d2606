"""The one form in which texts are kept and compared.

A letter with a mark can be written as one character or as two that look the same; some systems
write file names and clipboards the second way. What is kept is composed (NFC, Unicode UAX #15), and
so is whatever is compared with it.
"""

import unicodedata


def composed(text: str) -> str:
    """Return a text with each letter and its marks as one character, where there is one."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)
