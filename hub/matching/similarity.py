"""How alike two names are, word by word."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rapidfuzz.distance import JaroWinkler, Levenshtein

from hub.matching.words import GENERIC

GENERIC_WEIGHT = 0.25
SHORT_WEIGHT = 0.5
INITIAL_WEIGHT = 0.6
_SHORT = 2
_LEAST_ALIKE = 0.88  # Jaro-Winkler; below it two words are two words
_LEAST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Overlap:
    """How two names agree.

    Attributes:
        dice: the share of both names' weight that agrees, 0..1.
        contained: the share of the lighter name's weight that agrees, 0..1.
        rarity: how telling the agreeing words are: the sum of their weights.
        telling: True where an agreeing word is distinctive and not of the trade.
        apart: True where each name has a distinctive word that the other has not.
    """

    dice: float
    contained: float
    rarity: float
    telling: bool
    apart: bool


def overlap(
    first: tuple[str, ...], second: tuple[str, ...], rarity_of: Callable[[str], float]
) -> Overlap:
    """Compare two names by their words; symmetric in them.

    `rarity_of` gives a shared word's weight by how many records have it, 1 being one that few have.
    """
    shared = set(first) & set(second)
    left, right = set(first) - shared, set(second) - shared
    agreeing = math.fsum(_weight(word) * rarity_of(word) for word in shared)
    telling = any(map(_is_telling, shared))
    if _joined_alike(left, right):
        agreeing += min(_weights(left), _weights(right))
        telling = telling or any(map(_is_telling, left))
        left, right = set(), set()
    for one, other, alike in _pairs(left, right):
        # What two spellings do not share stays with neither: a slip is no second word.
        agreeing += min(_weight(one), _weight(other)) * alike
        left.discard(one)
        right.discard(other)
        telling = telling or (alike > INITIAL_WEIGHT and _is_telling(one) and _is_telling(other))
    rest = sorted((_weights(left), _weights(right)))
    whole = 2 * agreeing + sum(rest)
    return Overlap(
        dice=2 * agreeing / whole if whole else 0.0,
        contained=agreeing / (agreeing + rest[0]) if agreeing else 0.0,
        rarity=agreeing,
        telling=telling,
        apart=any(map(_is_telling, left)) and any(map(_is_telling, right)),
    )


def _pairs(left: set[str], right: set[str]) -> list[tuple[str, str, float]]:
    """Pair unequal words that are spellings of one, the most alike first."""
    alike = [
        (found, one, other) for one in left for other in right if (found := _alike(one, other)) > 0
    ]
    # Ties in an order that does not depend on which name comes first.
    alike.sort(key=lambda item: (-item[0], *sorted(item[1:])))
    used_left: set[str] = set()
    used_right: set[str] = set()
    made = []
    for found, one, other in alike:
        if one not in used_left and other not in used_right:
            used_left.add(one)
            used_right.add(other)
            made.append((one, other, found))
    return made


def _alike(one: str, other: str) -> float:
    """Return how surely two unequal words are one, 0 where they are two words."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) == 1:
        return INITIAL_WEIGHT if longer[0] == shorter and not shorter.isdigit() else 0.0
    if any(map(str.isdigit, one + other)) or len(shorter) < _LEAST_LETTERS:
        return 0.0
    if len(shorter) == len(longer) and Levenshtein.distance(one, other, score_cutoff=1) == 1:
        return 0.9
    similar: float = JaroWinkler.similarity(one, other, score_cutoff=_LEAST_ALIKE)
    return similar


def _joined_alike(left: set[str], right: set[str]) -> bool:
    """Say whether the same letters are only parted otherwise: ``nord lys`` and ``nordlys``.

    In any order, since words have none here.
    """
    if not left or not right or len(left) == len(right) == 1:
        return False
    one, other = sorted("".join(left)), sorted("".join(right))
    return one == other and len(one) >= _LEAST_LETTERS


def _weights(words: set[str]) -> float:
    return sum(map(_weight, words))


def _weight(word: str) -> float:
    if word in GENERIC:
        return GENERIC_WEIGHT
    return SHORT_WEIGHT if len(word) <= _SHORT else 1.0


def _is_telling(word: str) -> bool:
    return word not in GENERIC and len(word) > 1
