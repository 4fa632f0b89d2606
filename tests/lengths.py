"""How many generated examples a test tries: few in `make test`, more in `make fuzz`."""

import os

_ASKED_FOR = os.environ.get("EXAMPLES")
FEW = _ASKED_FOR is None
"""Whether this is a short run: the same examples in every one, where a test chooses so."""


def examples(few: int) -> int:
    """Return how many to try: `few`, or as many as `EXAMPLES` says."""
    return few if _ASKED_FOR is None else int(_ASKED_FOR)
