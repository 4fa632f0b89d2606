"""Waiting for the database to have the schema that this version of the code needs."""

import logging
import time

logger = logging.getLogger(__name__)

_POLL_S = 0.1
_TOLD_EVERY_S = 30.0


def await_schema(url: str) -> None:
    """Return when the database is reachable and has been migrated; without a limit.

    A migration of a large database takes its time, and whoever waits for it is started again in
    vain. What is waited for is logged now and then.
    """
    from sqlalchemy import create_engine
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    from hub.migrations.schema import current_revision, head_revision

    engine = create_engine(url, poolclass=NullPool)
    wanted, told_at = head_revision(), time.monotonic()
    while True:
        try:
            with engine.connect() as connection:
                found = current_revision(connection)
        except DBAPIError:
            found = None
        if found == wanted:
            return
        if time.monotonic() - told_at > _TOLD_EVERY_S:
            logger.warning("schema.awaited", extra={"revision": found, "wanted": wanted})
            told_at = time.monotonic()
        time.sleep(_POLL_S)
