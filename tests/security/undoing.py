"""Calls whose effects are taken back, so that the next one finds what this one found."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

import hub.db
from api import authentication


@contextmanager
def undone(engine: Engine) -> Iterator[None]:
    """Roll back what the block has the API commit, and what it has it remember of callers."""
    remembered = dict(authentication._tokens._known)
    with engine.connect() as connection:
        around = connection.begin()
        hub.db.bind_sessions(bind=connection, join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            around.rollback()
            hub.db.bind_sessions(bind=engine, join_transaction_mode="conditional_savepoint")
            authentication._tokens._known = remembered
