"""An address taken apart: the house number and what the street is called."""

import re
from dataclasses import dataclass

from hub.matching.folding import fold
from hub.matching.words import STREET_WORDS

_HOUSE = re.compile(r"(\d+)([a-z])?$")
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)$")
_ENDS = re.compile(r"[,\n;]")
_LEAST_LETTERS = 5
_POINTS = frozenset({"n", "s", "e", "w"})
_DIRECTIONS = frozenset({"north", "south", "east", "west"})
_KINDS = (frozenset(STREET_WORDS.values()) | {"vej", "gade"}) - _DIRECTIONS


@dataclass(frozen=True, slots=True)
class Address:
    """A house (number with its letter) and the words of its street, folded; either may be empty."""

    house: str
    street: tuple[str, ...]


def parts_of(address: str) -> Address:
    """Return the parts of the first line that has both, floors and doors left out.

    Longer words of other lines follow those of the street: lines change places between writers.
    """
    lines = [_parts_of_line(line) for line in _ENDS.split(address)]
    main = next((line for line in lines if line.house and line.street), None)
    if main is None:
        main = Address(
            next((line.house for line in lines if line.house), ""),
            next((line.street for line in lines if line.street), ()),
        )
    more = [word for line in lines for word in line.street if len(word) >= _LEAST_LETTERS]
    return Address(main.house, tuple(dict.fromkeys([*main.street, *more])))


def _parts_of_line(line: str) -> Address:
    tokens = fold(line).split()
    house = ""
    words: list[str] = []
    for position, token in enumerate(tokens):
        ordinal = _ORDINAL.match(token)
        number = _HOUSE.match(token)
        if ordinal:
            words.append(ordinal[1])
        elif number and not house:
            house = number[1].lstrip("0") + (number[2] or "")
            following = tokens[position + 1 : position + 2]
            if words and following and len(following[0]) == 1 and following[0].isalpha():
                house = number[1].lstrip("0") + following[0]
            if words:
                break  # what follows the number of "Nørregade 12, 3. tv" is inside the house
        elif number and words:
            break
        else:
            words.append(number[1] if number else token)
    named = [word for word in words if word not in _POINTS and _long(word) not in _KINDS]
    named = [word for word in named if word not in _DIRECTIONS] or named
    return Address(house, tuple(dict.fromkeys(named or map(_long, words))))


def _long(word: str) -> str:
    return STREET_WORDS.get(word, word)
