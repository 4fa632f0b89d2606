"""Brings spellings of one text to one form."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = str.maketrans(
    {"æ": "ae", "ä": "ae", "ø": "oe", "ö": "oe", "å": "aa", "ü": "ue", "ß": "ss", "œ": "oe",
     "ð": "d", "þ": "th", "ł": "l", "đ": "d"}
)  # fmt: skip
_APOSTROPHES = re.compile(r"['’‘`´ʼ]|(?<=\w)[?\ufffd](?=\w)")
_INITIALS = re.compile(r"(?<!\w)(?:\w[./]\s?(?!\d))+[^\W\d_]\b\.?")
_OTHER = re.compile(r"[^a-z0-9]+")
_VOWELS = re.compile(r"a[ae]+|([ou])e+")
_DOUBLED = re.compile(r"([a-z])\1+")


def fold(text: str) -> str:
    """Return words in plain lower-case ASCII, parted by single blanks.

    Danish letters become two (``æ`` ae, ``ø`` oe, ``å`` aa), other accents go; apostrophes, and
    characters damaged on the way (``Children?s``), vanish inside a word; ``A/S`` and ``G.m.b.H.``
    become one word.
    """
    text = _mended(text).casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text).casefold().translate(_LETTERS)
    text = _INITIALS.sub(_joined, _APOSTROPHES.sub("", text))
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(letter for letter in text if not unicodedata.combining(letter)).casefold()
    return _OTHER.sub(" ", text).strip()


@lru_cache(maxsize=32_768)  # words come again, in one name and from one name to the next
def skeleton(word: str) -> str:
    """Return a folded word without what is spelt in several ways: ``soeren`` is ``soren``."""
    return _DOUBLED.sub(r"\1", _VOWELS.sub(lambda found: found[1] or "a", word))


def _mended(text: str) -> str:
    """Undo UTF-8 that was read as Windows-1252: ``SÃ¸ren``."""
    if "Ã" not in text:
        return text
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _joined(found: re.Match[str]) -> str:
    return re.sub(r"[./\s]", "", found[0])
