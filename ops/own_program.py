"""How this very program is started again, for its own parts."""

import sys


def own_program() -> list[str]:
    """Return the command line that runs ``hub`` with this very Python."""
    return [sys.executable, "-m", "ops.cli"]
