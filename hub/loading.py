"""Loading a program: its modules make a million objects, of which none is garbage.

What a program does later makes little: nearly all goes as soon as nothing names it. So it is looked
for seldom.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_YOUNG, _TIMES = 50_000, 20
"""After so many objects the young ones are looked through, after so many times the older ones.

Of Python's own 700 an import of customers took a third longer: each row and statement is that many.
"""


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
        gc.set_threshold(_YOUNG, _TIMES, _TIMES)
    finally:
        gc.enable()
