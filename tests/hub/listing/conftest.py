"""Makes the tests' own tables in the process's database, and takes them away again."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

import hub.db
from hub.listing.search import SLIPS_FUNCTION, TRIGRAMS_FUNCTION
from tests.hub.listing.companies import Table


@pytest.fixture
def companies(database: Engine) -> Iterator[Engine]:
    with database.begin() as connection:
        connection.execute(text(TRIGRAMS_FUNCTION))
        connection.execute(text(SLIPS_FUNCTION))
        Table.metadata.create_all(connection)
    yield database
    Table.metadata.drop_all(database)


@pytest.fixture
def session(companies: Engine) -> Iterator[Session]:
    with hub.db._sessions() as opened:
        yield opened
