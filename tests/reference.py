"""Vendors' documents and other people's data, which are not ours to publish with the project."""

import os
from pathlib import Path

import pytest

REFERENCE = Path(
    os.environ.get("HUB_REFERENCE_DIR") or Path(__file__).parents[2] / "shared" / "reference"
).absolute()
MISSING = f"HUB_REFERENCE_DIR names no folder of vendors' documents: there is no {REFERENCE}"


def reference(*parts: str) -> Path:
    """Return a file of the folder; a test that needs one which is not there is left out."""
    path = REFERENCE.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs {'/'.join(parts)} of vendors' documents: set HUB_REFERENCE_DIR")
    return path
