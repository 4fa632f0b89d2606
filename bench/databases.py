"""Databases beside that of a stack, on the same server."""

from sqlalchemy import Engine, create_engine, make_url, text


def copy_database(url: str, name: str) -> str:
    """Copy a database that nobody uses; returns the copy's URL."""
    engine: Engine = create_engine(
        make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(
            text(f'CREATE DATABASE "{name}" TEMPLATE "{make_url(url).database}" STRATEGY FILE_COPY')
        )
    engine.dispose()
    return database_url(url, name)


def database_url(url: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)
