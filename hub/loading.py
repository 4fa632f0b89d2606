"""Loading a program: its modules make a million objects, of which none is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Load modules in the block without looking for garbage, then or ever after.

    Looking takes a third of a start: each few hundred objects made have some looked through, those
    that stay again and again. Collections that come later do not walk through what was loaded (it
    took 80 ms), nor do they touch, and so copy, its pages in processes that are forked from this.
    """
    gc.disable()
    try:
        yield
        gc.collect()
        gc.freeze()
    finally:
        gc.enable()
