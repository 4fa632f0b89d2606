"""How long tests are: short in `make test`, and as long as is asked for in `make fuzz`."""

import os

_ASKED_FOR = os.environ.get("EXAMPLES")
FEW = _ASKED_FOR is None
"""Whether this is a short run: the same examples in every one, where a test chooses so."""


def examples(few: int) -> int:
    """Return how many generated examples to try: `few`, or as many as `EXAMPLES` says."""
    return few if _ASKED_FOR is None else int(_ASKED_FOR)


def size(short: int, full: int) -> int:
    """Return how many of something to make, where it takes many: `full` in `make fuzz`."""
    return short if FEW else full
