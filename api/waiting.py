"""``Prefer: wait=5``: holds an answer until the work it asked for is done (RFC 7240).

Between two looks no database session is open, and at most half of the server's threads may wait:
the others are answered at once, with `Preference-Applied` absent.
"""

import threading
import time
from collections.abc import Sequence
from functools import cache
from uuid import UUID

from sqlalchemy import text

from hub.db import transaction
from hub.settings import get_settings

PAUSES_S = (0.01, 0.02, 0.04, 0.08, 0.12, 0.2)  # the last one again and again

# Work that is only due after the time is up (a retry, a reminder) is not waited for.
_UNFINISHED = text("""
    with recursive chain as (
        select id, state, run_at from job where id = any(:ids)
        union
        select j.id, j.state, j.run_at from job j join chain c on j.cause_job_id = c.id
    )
    select exists (
        select from chain
        where state = 'running'
           or (state = 'queued' and run_at <= clock_timestamp() + :remaining * interval '1 s'))
""")


def wait_for(jobs: Sequence[UUID], seconds: int) -> bool:
    """Wait for jobs and the jobs they caused; False where no thread could be spared for it."""
    slots = _slots()
    if not slots.acquire(blocking=False):
        return False
    try:
        deadline, looks = time.monotonic() + seconds, 0
        while (remaining := deadline - time.monotonic()) > 0:
            time.sleep(min(PAUSES_S[min(looks, len(PAUSES_S) - 1)], remaining))
            looks += 1
            with transaction() as session:
                parameters = {"ids": list(jobs), "remaining": max(remaining, 0)}
                if not session.scalar(_UNFINISHED, parameters):
                    break
    finally:
        slots.release()
    return True


@cache
def _slots() -> threading.BoundedSemaphore:
    return threading.BoundedSemaphore(max(1, get_settings().api_threads // 2))
