"""Whether this worker is ending: said by its first process, heard by those that do the work.

A chain then takes no further job, and a long job is put off at its next `RunningJob.progress`, its
attempt given back, so that a worker ends in seconds, whatever it was doing (reliability.md R-15).
"""

import mmap
from dataclasses import dataclass

from celery.signals import worker_init, worker_shutting_down


@dataclass(slots=True)
class _Shared:
    """One byte of memory that the children forked later share with their parent."""

    flag: mmap.mmap


_shared = _Shared(mmap.mmap(-1, 1))


def is_stopping() -> bool:
    """Say whether the worker of this process has been asked to end."""
    return _shared.flag[0] != 0


@worker_init.connect
def _begin(**_: object) -> None:
    _shared.flag = mmap.mmap(-1, 1)  # not that of a worker forked from the same process before


@worker_shutting_down.connect
def _end(**_: object) -> None:
    _shared.flag[0] = 1
