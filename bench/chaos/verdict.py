"""What came of it all: figures beside what they must be."""

from bench.chaos.finding import Finding, at_most, exactly, none_of
from bench.chaos.ledgers import Inside, Outside
from bench.chaos.load import Acknowledged

CONVERSATIONS = 2  # processes of the worker that sends mail: a fault may cut off so many
REDIS_MB = 10.0
MAILS = frozenset({"invitation", "due"})


def missing(said: Acknowledged, outside: Outside) -> list[str]:
    """Return what was acknowledged and has no effect outside (yet)."""
    return [
        *(name for name in said.customers if name not in outside.created),
        *(f"reminder {one}" for one in said.reminders if not outside.kinds[one] >= MAILS),
        *(
            f"{name}: {said.cities[identifier][-1]}"
            for name, identifier in said.customers.items()
            if said.cities[identifier] and outside.cities[name][-1:] != said.cities[identifier][-1:]
        ),
    ]


def findings(
    said: Acknowledged, outside: Outside, inside: Inside, broken_seal: object, cuts: int
) -> list[Finding]:
    """Return every line of the report, by the numbers of the reliability rules."""
    repeats = {mid: len(copies) - 1 for mid, copies in outside.mails.items() if len(copies) > 1}
    unlike = [m for m in repeats if len({copy.sha256 for copy in outside.mails[m]}) > 1]
    unflagged = [m for m, count in repeats.items() if inside.possible_repeats.get(m, 0) < count]
    backwards = [name for name, cities in outside.cities.items() if cities != sorted(cities)]
    unknown = [name for name in outside.created if name not in said.customers]
    twice = [name for name, count in outside.created.items() if count > 1]
    not_imported = inside.hooks["stored"] + inside.hooks["failed"]
    most = cuts * CONVERSATIONS
    return [
        none_of("I-1", "requests that never got a final answer", said.failed),
        none_of("I-1", "acknowledged effects that are missing outside", missing(said, outside)),
        none_of("I-2", "customers made twice in e-conomic", twice),
        exactly("I-2", "orders of the shop that were imported", inside.orders, len(said.orders)),
        none_of("I-2", "hooks that were stored and not imported", not_imported),
        at_most("I-3", "mails repeated", sum(repeats.values()), most),
        none_of("I-3", "repeats that differ by a byte", unlike),
        none_of("I-3", "repeats that Hub does not own up to", unflagged),
        none_of("I-4", "customers on which an older value followed a newer one", backwards),
        none_of("I-5", "customers in e-conomic that nobody asked for", unknown),
        none_of("I-6", "leases still open", inside.jobs["running"]),
        none_of("I-6", "due jobs still queued", inside.due),
        none_of("I-6", "dead jobs", inside.dead),
        none_of("I-6", "conflicts, though nobody edits over there", inside.conflicts),
        none_of("I-6", "events not sealed", inside.unsealed),
        exactly("I-6", "the chain of seals", broken_seal or "whole", "whole"),
        at_most("I-6", "memory of Redis in MB", round(inside.redis_mb, 1), REDIS_MB),
    ]
