"""What a new password must be (NIST SP 800-63B-4, 3.1.1.2).

Fifteen characters, since there is no second factor; no rules of composition and no changing by the
calendar, which make people choose worse ones. Refused is what would be guessed first: common words,
runs and repetitions, the person's own name and address, however much is strung together of them.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hub.access.models import User
from hub.errors import ValidationError
from hub.i18n import N_

MIN_LENGTH = 15
MAX_LENGTH = 256
_LEFT_OF_COMMON = 6  # characters that must remain once common words and runs are taken away
_LEFT_OF_PERSONAL = 8
_LEAST_NAME = 3
_LONGEST_UNIT = 8
_RUN = 3
_LEET = str.maketrans("013457@$!", "oieastasi")
_ROWS = (
    "01234567890", "abcdefghijklmnopqrstuvwxyzæøå", "qwertyuiopå", "asdfghjklæø", "zxcvbnm",
)  # fmt: skip
_YEAR = re.compile(r"(19|20)\d\d")
_WORD = re.compile(r"\w+")


def check_password(password: str, user: User, *, pointer: str = "/password") -> None:
    """Pass a password that a user may choose.

    Raises:
        ValidationError: it is too short, too long, or among the first to be guessed.
    """
    length = len(unicodedata.normalize("NFKC", password))
    if length < MIN_LENGTH:
        raise ValidationError.of(
            pointer, "too_short", N_("Needs at least {min_length} characters."),
            min_length=MIN_LENGTH,
        )  # fmt: skip
    if length > MAX_LENGTH:
        raise ValidationError.of(
            pointer, "too_long", N_("May have at most {max_length} characters."),
            max_length=MAX_LENGTH,
        )  # fmt: skip
    folded = unicodedata.normalize("NFKC", password).casefold()
    if _is_repetition(folded) or _left(folded, _common_words()) < _LEFT_OF_COMMON:
        raise ValidationError.of(
            pointer,
            "common_password",
            N_("Too common: it would be guessed soon. Take four words that nobody would join."),
        )
    own = _own_words(user)
    if _left(folded, [*own, *_common_words()]) < _LEFT_OF_PERSONAL and any(
        word in folded for word in own
    ):
        raise ValidationError.of(
            pointer,
            "personal_password",
            N_("Too much of it is your own name or address."),
        )


def _is_repetition(folded: str) -> bool:
    period = (folded + folded).find(folded, 1)
    return period < len(folded) and period <= _LONGEST_UNIT


def _left(folded: str, words: Iterable[str]) -> int:
    """Return how many letters and digits remain without words, years and runs."""
    known = sorted(set(words), key=len, reverse=True)
    return min(_without(form, known) for form in (folded, folded.translate(_LEET)))


def _without(text: str, words: Iterable[str]) -> int:
    for word in words:
        text = text.replace(word, " ")
    text = _YEAR.sub(" ", text)
    return sum(len(part) for part in _WORD.findall(_without_runs(text)))


def _without_runs(text: str) -> str:
    """Return a text without stretches along the alphabet, the digits or a row of keys."""
    kept, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and _is_run(text[start : end + 1]):
            end += 1
        kept.append(" " if end - start >= _RUN else text[start:end])
        start = end
    return "".join(kept)


def _is_run(part: str) -> bool:
    return len(set(part)) == 1 or any(part in row or part[::-1] in row for row in _ROWS)


def _own_words(user: User) -> list[str]:
    local, _, domain = user.email.partition("@")
    parts = [user.email, local, domain, *_WORD.findall(user.email), *_WORD.findall(user.name)]
    return [word.casefold() for word in parts if len(word) >= _LEAST_NAME]


@cache
def _common_words() -> tuple[str, ...]:
    path = Path(__file__).with_name("common_words.txt")
    return tuple(path.read_text(encoding="utf-8").split())
