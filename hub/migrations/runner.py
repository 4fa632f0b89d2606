"""Runs Alembic from code: the same for the `hub` command and the tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text

from hub.migrations.seeding import seed

HEAD = "head"
_LOCK = 7_215_001  # any constant of our own: two upgrades at once wait for each other


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration, on a connection where one is given."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring the database to a revision, under a lock, in one transaction; the last one is seeded."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            command.upgrade(configuration(connection), revision)
            if revision == HEAD:
                seed(connection)
    finally:
        engine.dispose()


def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to a revision."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            command.downgrade(configuration(connection), revision)
    finally:
        engine.dispose()
