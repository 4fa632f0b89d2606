"""``python -m bench.chaos --seed 1 --full``: runs it and prints the report."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import click

from bench.chaos import crowd, journeys
from bench.chaos.finding import Finding
from bench.chaos.ledgers import Inside, Outside, broken_seal
from bench.chaos.load import Acknowledged, Load
from bench.chaos.plan import CUTS_OFF, WEIGHTS, Strike, make_plan
from bench.chaos.verdict import findings, missing
from tests.chaos.faults import MORE_FAULTS
from tests.chaos.outside import Outside as Companies
from tests.chaos.persistence import PersistentClient
from tests.journeys.world import World

QUIET_WITHIN_S = 120.0  # I-1
LOOK_S, SAY_S = 1.0, 10.0


CHAPTERS = ("load", "journeys", "crowd")


@dataclass(frozen=True, slots=True)
class Counts:
    """How much is asked for: half as many edits of ten customers as there are customers."""

    customers: int
    faults: int
    restarts: int


SHORT = Counts(customers=300, faults=30, restarts=30)
FULL = Counts(customers=2_000, faults=sum(WEIGHTS.values()), restarts=100)
"""As promised: 1,000 edits of ten customers (R-10), 100 restarts of workers (R-15)."""


@click.command()
@click.argument("chapters", nargs=-1, type=click.Choice(CHAPTERS))
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same plan.")
@click.option("--full", is_flag=True, help=f"{FULL}, in place of {SHORT}.")
@click.option("--count", type=int, help="Customers; the rest follows.")
@click.option("--kills", type=int, help="Faults, and restarts of workers.")
def main(
    *, chapters: tuple[str, ...], seed: int, full: bool, count: int | None, kills: int | None
) -> None:
    """Kill parts and judge by the outside systems' ledgers; ends with 1 if it is bad.

    load: parts die under load, by a plan. journeys: each step of the journeys with each fault in
    its middle. crowd: many relays and workers, restarts, poison, takeovers. All, if none is named.
    """
    wanted = chapters or CHAPTERS
    usual = FULL if full else SHORT
    counts = Counts(count or usual.customers, kills or usual.faults, kills or usual.restarts)
    print(f"chaos: seed {seed}, {counts}: {', '.join(wanted)}", flush=True)
    run: Mapping[str, Callable[[], Iterable[Finding]]] = {
        "load": lambda: under_load(seed, counts.customers, counts.faults),
        "journeys": lambda: journeys.run(seed),
        "crowd": lambda: crowd.run(counts.restarts),
    }
    found: dict[str, list[Finding]] = {}
    took_s: dict[str, float] = {}
    for chapter in wanted:
        began = time.monotonic()
        found[chapter] = list(run[chapter]())
        took_s[chapter] = time.monotonic() - began
    for chapter, lines in found.items():
        print(f"# {chapter}, {took_s[chapter]:.0f} s")
        for line in lines:
            print(line.line())
    sys.exit(not all(line.is_right for lines in found.values() for line in lines))


def under_load(seed: int, count: int, kills: int) -> list[Finding]:
    """Let a plan of faults strike while people and shops are busy."""
    strikes = make_plan(seed, kills)
    with World(durable=True) as world:
        token = str(world.client.headers["Authorization"]).removeprefix("Bearer ")
        client = PersistentClient(world.stack.base_url, token)
        load = Load(seed, count, client, Companies(world), world.connect_shop())
        load.warm_up()
        began = time.monotonic()
        load.start()
        strike_all(world, strikes, load)
        load.finish()
        ended = time.monotonic()
        outside, inside = wait_until_quiet(world, load)
        quiet = time.monotonic()
        cuts = sum(strike.fault in CUTS_OFF for strike in strikes)
        lines = findings(load.said, outside, inside, broken_seal(world), cuts)
        if not all(line.is_right for line in lines):
            print(world.stack.logs(), file=sys.stderr)
    for note in notes(load.said, client, inside, strikes):
        print(f"     {note}")
    print(f"     {ended - began:.0f} s under faults, quiet {quiet - ended:.0f} s later")
    return lines


def notes(
    said: Acknowledged, client: PersistentClient, inside: Inside, strikes: list[Strike]
) -> Iterator[str]:
    """Yield what else is good to know: there is no right and wrong about it."""
    edits = sum(len(cities) for cities in said.cities.values())
    yield (
        f"acknowledged: {len(said.customers)} customers, {edits} edits, {len(said.reminders)}"
        f" reminders, {said.copies_of_orders} hooks of {len(said.orders)} orders"
    )
    yield f"requests sent again: {client.repeats}"
    yield f"faults: {dict(Counter(strike.fault for strike in strikes))}"
    yield f"jobs: {dict(inside.jobs)}; {inside.again} claimed again, {inside.lapses} leases ran out"


def strike_all(world: World, strikes: list[Strike], load: Load) -> None:
    """Let every fault of the plan strike, each mended before the next; the load keeps their pace.

    What a quicker machine left for the end would come in a rush after the last fault.
    """
    began = time.monotonic()
    for number, strike in enumerate(strikes, 1):
        load.let_go(number / len(strikes))
        time.sleep(strike.pause_s)
        print(f"  {time.monotonic() - began:6.1f} s  {number:3}  {strike.fault}", flush=True)
        MORE_FAULTS[strike.fault](world.stack)


def wait_until_quiet(world: World, load: Load) -> tuple[Outside, Inside]:
    """Wait until nothing is missing outside and nothing is under way inside, or the time is up.

    Returns how it all stood at that moment: later something that comes round may begin anew.
    """
    began = said = time.monotonic()
    while True:
        inside = Inside(world)
        busy = inside.jobs["running"] or inside.due or inside.unsealed or inside.hooks["stored"]
        is_over = time.monotonic() > began + QUIET_WITHIN_S
        if not busy or is_over:  # all that was ever done outside is a lot to look through
            outside = Outside(world)
            if is_over or not missing(load.said, outside):
                return outside, inside
        if time.monotonic() > said + SAY_S:
            said = time.monotonic()
            print(
                f"  waiting {said - began:3.0f} s: jobs {dict(inside.jobs)}, {inside.due} due,"
                f" next in {inside.next_in_s} s",
                flush=True,
            )
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
