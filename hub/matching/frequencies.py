"""How often a value occurs, and what a shared value is worth by that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from hub.matching.keys import Key


@dataclass(frozen=True, slots=True)
class Frequencies:
    """How many records of an entity have a key; what is not known is taken for rare."""

    entity: str
    sizes: Mapping[int, int]  # by the keys' digests

    def of(self, key: Key) -> int:
        """Return how many records have a key; two where it is not known."""
        return self.sizes.get(key.digest(self.entity), 2)

    def worth(self, best: float, slope: float, least: float, key: Key) -> float:
        """Return the weight of a shared value: `best` where only two have it, less by frequency.

        An accountant's telephone number stands at all his clients, and says nothing of any.
        """
        return max(best - slope * math.log(max(self.of(key) - 1, 1)), least)
