"""What two names say."""

import math
from collections.abc import Iterable

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
    one, other = _qualifiers(first, second)
    if bool(one) != bool(other):
        found.append(Evidence("name", "qualified", N_("One name says more than the other."), -1.3))
    return found


def are_sisters(first: Comparable, second: Comparable) -> bool:
    """Say whether a word or number tells two companies of one family apart.

    Words do where each name has one of its own; numbers where both have some, and not the same in
    the same order, or the same word has another one: "Afdeling 3 Blok 4", "Blok 3 Afdeling 4".
    """
    if not first.words or not second.words:
        return False
    if set(first.sisters) != set(second.sisters):
        return True
    one, other = _qualifiers(first, second)
    if set(one) - set(other) and set(other) - set(one):
        return True
    numbers, others = _numbers(one), _numbers(other)
    if numbers and others and numbers != others:
        return True
    return _are_numbered_otherwise(first, second)


def say_the_same(first: Comparable, second: Comparable) -> bool:
    """Say whether two names are the same but for spelling, order of words and legal form."""
    return (
        bool(first.words)
        and name_key(first) == name_key(second)
        and set(first.sisters) == set(second.sisters)
        and first.qualifiers == second.qualifiers
        and not _are_numbered_otherwise(first, second)
    )


def _numbers(qualifiers: Iterable[str]) -> list[str]:
    """Return the numbers among what qualifies a name, as they follow one another."""
    return [word for word in qualifiers if word[0].isdigit()]


def _qualifiers(first: Comparable, second: Comparable) -> tuple[list[str], list[str]]:
    """Return what qualifies each name, without numbers of one that are only an address."""
    both = set(first.qualifiers) & set(second.qualifiers)
    addressed = {first.house, second.house, *first.street, *second.street} - both
    return (
        [word for word in first.qualifiers if word not in addressed],
        [word for word in second.qualifiers if word not in addressed],
    )


def _are_numbered_otherwise(first: Comparable, second: Comparable) -> bool:
    one, other = _numbered(first), _numbered(second)
    return any(one[word] != other[word] for word in one.keys() & other.keys())


def _numbered(party: Comparable) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word, number in zip(party.numbered, _numbers(party.qualifiers), strict=False):
        found.setdefault(word, []).append(number)
    return found


def _of_words(first: Comparable, second: Comparable, known: Frequencies) -> Evidence:
    name = name_key(first)
    if name == name_key(second):
        weight = known.worth(BEST_NAME, 0.7, 2.0, name)
        if not say_the_same(first, second):
            return Evidence("name", "similar", N_("The names are much alike."), weight)
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
