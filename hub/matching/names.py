"""A name taken apart: what is distinctive in it, its legal form, and what tells it from sisters."""

import re
from dataclasses import dataclass

from hub.matching.folding import fold
from hub.matching.words import (
    FILLERS,
    LEADING_LEGAL_FORMS,
    LEGAL_FORMS,
    QUALIFIERS,
    SAME_WORDS,
    SISTERS,
)

_NUMBER = re.compile(r"\d+[a-z]?$")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$")
_MARKED = re.compile(r"^\s*(?:[^\W\d_](?:[./][^\W\d_]?)+|[A-ZÆØÅÄÖÜ]{2,4})(?=\s)")
_SHOUTED = 0.8


@dataclass(frozen=True, slots=True)
class Name:
    """A name's parts, folded.

    `words` are what distinguishes it, in their order; `sisters` tell it from companies of the same
    family, so do `qualifiers` where both names have some: its numbers as they follow one another,
    then words. `numbered` are what stands before each of several numbers: "Afdeling" and "Blok" in
    "Afdeling 3 Blok 4". `forms` are its legal forms.
    """

    words: tuple[str, ...]
    sisters: tuple[str, ...]
    qualifiers: tuple[str, ...]
    numbered: tuple[str, ...]
    forms: tuple[str, ...]


def parts_of(name: str) -> Name:
    """Return the parts of a name; a name of nothing but legal forms or trade words keeps them."""
    tokens = [_same(token) for token in fold(name).split()]
    rest, forms = _without_forms(tokens, may_lead=_leads_with_form(name))
    content = [token for token in rest if token not in FILLERS] or rest
    words: list[str] = []
    sisters: set[str] = set()
    qualifiers: set[str] = set()
    numbers: list[tuple[str, str]] = []
    before, is_again = "", False
    for token in content:
        # The word in front is what a company is called by, even where it is a trade word. And names
        # often stand twice: "Nordlys 2 - Nordlys 2 Aarhus".
        if words and _NUMBER.match(token):
            is_again = (before, token) in numbers and (is_again or not _NUMBER.match(before))
            if not is_again:
                numbers.append((before, token))
        else:
            is_again = token in words
            if not is_again and token in SISTERS:
                sisters.add(token)
            if not words:
                words.append(token)
            elif not is_again and token in QUALIFIERS:
                qualifiers.add(token)
            elif not is_again and token not in sisters:
                words.append(token)
        before = token
    return Name(
        words=tuple(words),
        sisters=tuple(sorted(sisters)),
        qualifiers=(*(number for _, number in numbers), *sorted(qualifiers)),
        numbered=tuple(word for word, _ in numbers) if len(numbers) > 1 else (),
        forms=tuple(sorted(set(forms))),
    )


def same_name(one: str, other: str) -> bool:
    """Say whether two names are one but for spelling, order, legal form and filling words.

    Sister companies (Holding, Ejendomme, numbers) are not the same, and no name is no name. This is
    what a process may link by, beside a number: being alike is not enough.
    """
    first, second = parts_of(one), parts_of(other)
    return (
        bool(first.words)
        and sorted(first.words) == sorted(second.words)
        and (first.sisters, first.qualifiers) == (second.sisters, second.qualifiers)
        and first.numbered == second.numbered
    )


def _same(token: str) -> str:
    ordinal = _ORDINAL.match(token)
    return ordinal[1] if ordinal else SAME_WORDS.get(token, token)


def _without_forms(tokens: list[str], *, may_lead: bool) -> tuple[list[str], list[str]]:
    rest, forms = list(tokens), []
    while len(rest) > 1 and rest[-1] in LEGAL_FORMS:
        forms.append(rest.pop())
    if may_lead and len(rest) > 1 and rest[0] in LEADING_LEGAL_FORMS:
        forms.append(rest.pop(0))
    return rest, forms


def _leads_with_form(name: str) -> bool:
    """Say whether the first word is written as a legal form is: ``A/S``, ``AB`` in a mixed name."""
    if not _MARKED.match(name):
        return False
    first, _, rest = name.strip().partition(" ")
    if any(mark in first for mark in "./"):
        return True
    letters = [letter for letter in rest if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) < _SHOUTED * max(len(letters), 1)
