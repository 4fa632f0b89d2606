"""How often a value occurs, and what a shared value is worth by that."""

import math
from collections.abc import Mapping

from hub.matching.keys import Key

Frequencies = Mapping[Key, int]
"""How many records have a key; one that is not named is taken for as rare as can be."""


def worth(best: float, slope: float, least: float, key: Key, known: Frequencies) -> float:
    """Return the weight of a shared value: `best` where only these two have it, less by frequency.

    An accountant's telephone number stands at all his clients, and says nothing of any.
    """
    return max(best - slope * math.log(max(known.get(key, 2) - 1, 1)), least)
