"""What two names say."""

import math

from hub.i18n import N_
from hub.matching.comparing import Comparable
from hub.matching.evidence import Evidence
from hub.matching.frequencies import Frequencies
from hub.matching.keys import name_key, word_key
from hub.matching.similarity import overlap

BEST_NAME = 4.8
"""The weight of a name that only these two have."""

_UNCOMMON = 8  # a word that more records than this have begins to lose weight
_MOST_TELLING = 1.5  # more agreeing words than one and a half rare ones add nothing
_SIMILAR = 0.85  # share of both names that agrees
_CONTAINED = 0.8  # share of the shorter name that agrees
_DIFFERENT = -4.0
_APART = 0.6  # both have a word of their own: two of a family, a chain, a household


def of_names(first: Comparable, second: Comparable, known: Frequencies) -> list[Evidence]:
    """Compare two names; nothing where one is not known."""
    if not first.words or not second.words:
        return []
    found = [_of_words(first, second, known)]
    one, other = qualifiers(first, second)
    if bool(one) != bool(other):
        found.append(Evidence("name", "qualified", N_("One name says more than the other."), -1.3))
    return found


def are_sisters(first: Comparable, second: Comparable) -> bool:
    """Say whether a word or number tells two companies of one family apart.

    Words do where each name has one of its own; numbers where both have some, and not the same.
    """
    if not first.words or not second.words:
        return False
    if set(first.sisters) != set(second.sisters):
        return True
    one, other = qualifiers(first, second)
    if bool(one - other) and bool(other - one):
        return True
    numbers, others = _numbers(one), _numbers(other)
    return bool(numbers) and bool(others) and numbers != others


def qualifiers(first: Comparable, second: Comparable) -> tuple[set[str], set[str]]:
    """Return what qualifies each name, without numbers that are only its address."""
    addressed = {first.house, second.house, *first.street, *second.street}
    return set(first.qualifiers) - addressed, set(second.qualifiers) - addressed


def _numbers(of_name: set[str]) -> set[str]:
    return {word for word in of_name if word[0].isdigit()}


def _of_words(first: Comparable, second: Comparable, known: Frequencies) -> Evidence:
    name = name_key(first)
    if name == name_key(second):
        weight = known.worth(BEST_NAME, 0.7, 2.0, name)
        return Evidence("name", "same", N_("The names are the same."), weight)

    def rarity_of(word: str) -> float:
        return 1 / (1 + math.log(max(known.of(word_key(word)) / _UNCOMMON, 1)))

    found = overlap(first.words, second.words, rarity_of)
    telling = min(found.rarity, _MOST_TELLING)
    if not found.telling:
        return Evidence("name", "different", N_("The names are different."), _DIFFERENT)
    if found.dice >= _SIMILAR:
        return Evidence("name", "similar", N_("The names are much alike."), 1.5 + 2.2 * telling)
    if found.contained >= _CONTAINED:
        weight = -0.8 + 2.4 * telling
        return Evidence("name", "contained", N_("One name is part of the other."), weight)
    weight = min(-2.0 + 3.0 * found.contained * telling, 1.2) - (_APART if found.apart else 0)
    return Evidence("name", "partial", N_("The names have words in common."), weight)
