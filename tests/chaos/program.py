"""Hub's own command with the bodies, the clock and the acknowledgements of a test's choosing.

``python -m tests.chaos.program worker …`` is ``hub worker …``, but for what these say:

CHAOS_DIRECTORY     where the bodies of `tests.chaos.bodies` note what they do
CHAOS_CLOCK_OFF_S   how far this process's clock is ahead of the true time
CHAOS_EARLY_ACKS    set: messages are acknowledged before the work instead of after it
"""

import os
import time
from datetime import datetime, timedelta

from celery.signals import worker_init

import hub.clock
from ops.cli import main

_true_time, _true_now = time.time, hub.clock.utcnow


def _put_clock_off(seconds: float) -> None:
    """Lie about the time; modules that take `utcnow` by name are imported after this."""

    def utcnow() -> datetime:
        return _true_now() + timedelta(seconds=seconds)

    time.time = lambda: _true_time() + seconds
    hub.clock.utcnow = utcnow


@worker_init.connect
def _take_over(**_: object) -> None:
    # Not sooner: the settings of a worker are complete only now.
    from tests.chaos import bodies
    from workers.app import app

    bodies.install()
    if "CHAOS_EARLY_ACKS" in os.environ:
        for task in app.tasks.values():
            task.acks_late = False


if __name__ == "__main__":
    _put_clock_off(float(os.environ.get("CHAOS_CLOCK_OFF_S", "0")))
    main()
