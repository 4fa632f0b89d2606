"""How a draw deals: a pure function of what is stored with it, so that anyone can deal again.

``key(x)`` is the SHA-256, in hexadecimal, of the seed, a colon and the id ``x`` as text. Candidates
lie in the order of their keys (by ``oldest``: in the order in which they came into the pool), and
people sit in the order of theirs. They take in turns, round after round (by ``load``: always the
one who holds least by then, and of several the one who sits first); each takes the first candidate
that lies and is not barred to him. Who has no room left, or finds nothing, takes no more.

The order of the others does not depend on any one candidate: one that somebody claims at the very
moment of the draw is left out, and the others are dealt as if it had never been there.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.pools.models import DrawOrder


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody who takes part: how many he may get, holds already, and what is barred to him."""

    user_id: UUID
    room: int
    load: int = 0
    barred: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Dealt:
    """A candidate and who got it."""

    customer_id: UUID
    user_id: UUID


def deal(
    order: DrawOrder, seed: str, candidates: Sequence[UUID], hands: Sequence[Hand]
) -> list[Dealt]:
    """Return who gets what, in the order of dealing; equal for equal arguments."""
    by_key = order is not DrawOrder.OLDEST
    lying = sorted(candidates, key=lambda each: key(seed, each)) if by_key else list(candidates)
    seats = sorted(hands, key=lambda hand: key(seed, hand.user_id))
    got = {hand.user_id: 0 for hand in seats}
    playing = [hand for hand in seats if hand.room > 0]
    dealt: list[Dealt] = []
    turn = 0
    while playing:
        hand = (
            min(playing, key=lambda each: each.load + got[each.user_id])
            if order is DrawOrder.LOAD
            else playing[turn % len(playing)]
        )
        found = next((each for each in lying if each not in hand.barred), None)
        if found is not None:
            lying.remove(found)
            got[hand.user_id] += 1
            dealt.append(Dealt(found, hand.user_id))
        if found is None or got[hand.user_id] == hand.room:
            turn = playing.index(hand)  # whoever sits behind him moves up
            playing.remove(hand)
        else:
            turn = playing.index(hand) + 1
    return dealt


def key(seed: str, identifier: UUID) -> str:
    """Return where an id lies under a seed."""
    return hashlib.sha256(f"{seed}:{identifier}".encode()).hexdigest()


def fingerprint(candidates: Iterable[UUID]) -> str:
    """Return the SHA-256, in hexadecimal, of ids as text, one a line with its line feed."""
    return hashlib.sha256("".join(f"{each}\n" for each in candidates).encode()).hexdigest()
