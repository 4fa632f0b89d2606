"""The real files that imports are tried on."""

import os
from pathlib import Path

import pytest

REFERENCE = Path(
    os.environ.get(
        "HUB_REFERENCE_DIR", str(Path(__file__).parents[3].parent / "shared" / "reference")
    )
)


@pytest.fixture(scope="session")
def organisations() -> bytes:
    """3,337 real rows, of which many are the same organisation."""
    path = REFERENCE / "data" / "organisations.csv"
    if not path.exists():
        pytest.skip("HUB_REFERENCE_DIR has no data/organisations.csv")
    return path.read_bytes()
