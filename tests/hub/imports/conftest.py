"""The real files that imports are tried on."""

import pytest

from tests.reference import reference


@pytest.fixture(scope="session")
def organisations() -> bytes:
    """3,337 real rows, of which many are the same organisation."""
    return reference("data", "organisations.csv").read_bytes()
