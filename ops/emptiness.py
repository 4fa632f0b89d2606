"""Makes sure that a restore overwrites nothing by accident."""

from pathlib import Path

from sqlalchemy import create_engine, text

from ops.errors import OperationError


def refuse_company(url: str) -> None:
    """Make sure that nobody else is at work in the database.

    Raises:
        OperationError: somebody is.
    """
    engine = create_engine(url)
    with engine.connect() as connection:
        others = connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        )
    engine.dispose()
    if others:
        raise OperationError(
            f"{others} other connections use the database. Stop all of Hub before you restore."
        )


def make_empty(url: str, files: Path, *, force: bool) -> None:
    """Leave an empty database; with `force` by throwing away what is in it.

    Raises:
        OperationError: the database or the directory of files is not empty, and `force` is False.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        tables = connection.scalar(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        )
        if (tables or any(files.iterdir())) and not force:
            raise OperationError(
                "This installation is not empty. Restore into a new one, or throw away what is "
                "here now with --force."
            )
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
