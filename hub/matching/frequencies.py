"""How often a value occurs, and what a shared value is worth by that."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hub.matching.comparing import Comparable
from hub.matching.keys import Key, keys_of


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


def of_both(
    entity: str,
    sizes: Mapping[int, int],
    own: str,
    own_sizes: Mapping[int, int],
    parties: Iterable[Comparable],
) -> Frequencies:
    """Return how often some parties' keys occur among records of two entities together.

    What a lead and a customer share is worth the less the more of either have it.

    Args:
        entity: the one entity, of which what is returned has the digests.
        sizes: how many of its records have each key.
        own: the other entity.
        own_sizes: likewise of that one.
        parties: whose keys.
    """
    return Frequencies(entity, {
        key.digest(entity): sizes.get(key.digest(entity), 0) + own_sizes.get(key.digest(own), 0)
        for party in parties
        for key in keys_of(party)
    })  # fmt: skip
