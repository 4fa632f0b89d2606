"""Which faults strike when: the same seed makes the same plan."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

WEIGHTS: Mapping[str, int] = {
    "worker killed": 60,
    "worker's child killed": 40,
    "relay killed": 26,
    "api killed": 14,
    "redis restarted empty": 15,
    "redis flushed": 15,
    "redis frozen": 8,
    "postgres killed": 10,
    "database sessions ended": 6,
    "worker frozen": 6,
    "everything killed": 6,
}
"""How often each strikes among two hundred and six."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 3.0
CUTS_OFF = frozenset({"worker killed", "worker's child killed", "worker frozen", "postgres killed",
                      "database sessions ended", "everything killed"})  # fmt: skip
"""After these a mail may be sent twice: they may strike between the final dot and the commit."""


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault, and how long after the end of the one before."""

    fault: str
    pause_s: float


def make_plan(seed: int, count: int) -> list[Strike]:
    """Return so many strikes: each kind once where there is room, the rest by their weights."""
    chance = random.Random(seed)
    kinds = list(WEIGHTS)
    chosen = chance.sample(kinds, min(count, len(kinds)))
    chosen += chance.choices(kinds, list(WEIGHTS.values()), k=count - len(chosen))
    chance.shuffle(chosen)
    return [Strike(fault, chance.uniform(SHORTEST_PAUSE_S, LONGEST_PAUSE_S)) for fault in chosen]
