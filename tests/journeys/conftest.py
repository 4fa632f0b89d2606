"""The world that the journeys share."""

from collections.abc import Iterator

import pytest

from tests.journeys.world import World


@pytest.fixture(scope="session")
def _world() -> Iterator[World]:
    with World() as made:
        made.remember()
        yield made


@pytest.fixture(scope="module")
def world(_world: World) -> Iterator[World]:
    """A world as it is after its start, shared by the tests of a module."""
    yield _world
    _world.begin_again()
