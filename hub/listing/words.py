"""Words as quick search compares them: folded, so that every way to write a name is one.

Case and accents go; what Danes, Norwegians and Germans write with two letters where a keyboard
lacks the one becomes the same single letter: Århus, Aarhus and Arhus are ``arhus``, Bjørn, Bjoern
and Björn are ``bjorn``, Müller and Mueller are ``muller``. An ideograph is a word of its own, since
Chinese and Japanese put no blanks between words.
"""

import re
import unicodedata

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPH}]|[^\W_{_IDEOGRAPH}]+")
_SINGLE = str.maketrans({"æ": "a", "ø": "o", "œ": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
_TWO_LETTERS = re.compile(r"a[ae]+|oe+|ue+")
_TELEPHONE = re.compile(r"(?:[a-z]{2})?[\s\d+()./-]*", re.ASCII | re.IGNORECASE)
_TELEPHONE_DIGITS = 5  # fewer are a house number or a postcode


def fold(text: str) -> str:
    """Return a text with case, accents and two-letter spellings folded away."""
    if text.isascii():
        return _TWO_LETTERS.sub(_first_letter, text.lower())
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SINGLE))
    plain = "".join(each for each in decomposed if not unicodedata.combining(each))
    return _TWO_LETTERS.sub(_first_letter, plain)


def words_of(text: str) -> list[str]:
    """Return the folded words of a text in order."""
    return _WORD.findall(fold(text))


def digits_of(text: str) -> str | None:
    """Return the digits of a text that is nothing but a number, however it is spaced, else None.

    A telephone number loses the ``00`` of an international call, a registration number its country.
    """
    if not _TELEPHONE.fullmatch(text.strip()):
        return None
    digits = "".join(each for each in text if each.isascii() and each.isdigit())
    return digits.removeprefix("00") if len(digits) >= _TELEPHONE_DIGITS else None


def _first_letter(found: re.Match[str]) -> str:
    return found[0][0]
