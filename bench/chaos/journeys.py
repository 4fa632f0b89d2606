"""Each step of the journeys by itself, with each fault in its middle."""

import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from bench.chaos.finding import Finding, none_of
from tests.chaos.business import Business
from tests.chaos.faults import MORE_FAULTS
from tests.chaos.steps import STEPS, strike_in_the_middle

EARLIEST_S, LATEST_S = 0.02, 0.8
SLOW_ANSWERS = 3
UNDER_WAY = (
    "select count(*) from job where state = 'running' or (state = 'queued' and run_at <= now())"
)
LEFT = (
    """
    select task, subject_id::text, state, attempt, lapses, token, run_at, waits_for, error
    from job where state <> 'succeeded' and task <> 'accounting.pull_customers'
    """,
    "select customer_id::text, field, base, local, remote, state, chosen, updated_at from conflict",
)
"""What tells why a step went wrong."""


def run(seed: int) -> Iterator[Finding]:
    """Strike every step with every fault, at a moment of its middle that the seed chooses."""
    chance, began = random.Random(seed), time.monotonic()
    with (
        tempfile.TemporaryDirectory() as crashes,
        Business(HUB_CRASH_AT=crashes) as business,
        ThreadPoolExecutor(2) as pool,
    ):
        for name, fault in MORE_FAULTS.items():
            struck: dict[str, Any] = {}
            for step in STEPS:
                business.books.answer_slowly(SLOW_ANSWERS)
                lead_s = chance.uniform(EARLIEST_S, LATEST_S)
                strike = partial(fault, business.world.stack)
                struck |= strike_in_the_middle(business, [step], strike, pool, lead_s=lead_s)
                # Work that is cut off five times running is taken for poison, and left to people.
                business.eventually(partial(business.sql, UNDER_WAY), lambda it: it == [(0,)])
            wrong = []
            for step, one in struck.items():
                try:
                    one.verify()
                except AssertionError as error:
                    wrong.append(f"{step}: {error}".partition("\n")[0])
                    for question in LEFT:
                        print("     ", business.sql(question), flush=True)
            print(f"  {time.monotonic() - began:6.1f} s  {name}", flush=True)
            yield none_of("R-20", f"of {len(STEPS)} steps, those that suffer by: {name}", wrong)
