"""How this very program is started again, for its own parts."""

import shutil
import sys
from pathlib import Path


def own_program() -> list[str]:
    """Return the command line that runs ``hub`` with this very Python."""
    return [sys.executable, "-m", "ops.cli"]


def own_command() -> str:
    """Return what a person types for ``hub`` here; `make run` leaves it inside the environment."""
    beside = Path(sys.executable).with_name("hub")
    return str(beside) if not shutil.which("hub") and beside.exists() else "hub"
