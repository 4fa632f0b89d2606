"""A migrated database for each process of a test run, and its cleaning after each test.

Names in the statements come from the database's own catalogue.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from hub.migrations.runner import upgrade
from tests.servers import Membership

KEPT = "seed"  # the schema with copies of what was in the tables


def create_database(membership: Membership, server_url: str, name: str) -> str:
    """Return the URL of a new migrated database, copied from a template made once a run."""
    template = template_name(membership)
    with membership.alone():
        if not _exists(server_url, template):
            _make_template(server_url, template)
        # A copy by files costs 50 ms, through the log 90 ms.
        _administer(
            server_url,
            f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
            f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY',
        )
    return _url(server_url, name)


def template_name(membership: Membership) -> str:
    """Return the name of the run's template."""
    return membership.directory.name.replace("-", "_")


def drop_database(server_url: str, name: str) -> None:
    """Remove the database."""
    _administer(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def keep_rows(engine: Engine) -> None:
    """Keep copies of what is in the tables now, for a `Cleaner`."""
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {KEPT}"))
        for table in _tables(connection, "public"):
            if connection.scalar(text(f'SELECT EXISTS (SELECT FROM public."{table}")')):
                connection.execute(text(f'CREATE TABLE {KEPT}."{table}" AS TABLE public."{table}"'))


class Cleaner:
    """Brings a database back to how it was at `keep_rows`.

    Code under test commits, from several connections, so that nothing can be rolled back. Tables
    with rows are emptied without their triggers (some forbid deleting, and foreign keys would make
    it slow), which takes a few milliseconds where TRUNCATE of everything takes ninety.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.connect() as connection:
            self._tables = _tables(connection, "public")
            self._seeded = {
                table: _columns(connection, table) for table in _tables(connection, KEPT)
            }

    def clean(self, *, restart_sequences: bool = True) -> None:
        """Empty the tables, put back what was kept, restart the sequences."""
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in self._with_rows(connection):
                connection.execute(text(f'DELETE FROM public."{table}"'))
            for table, columns in self._seeded.items():
                connection.execute(
                    text(
                        f'INSERT INTO public."{table}" ({columns}) OVERRIDING SYSTEM VALUE '
                        f'SELECT {columns} FROM {KEPT}."{table}"'
                    )
                )
            for name in _moved_sequences(connection) if restart_sequences else ():
                connection.execute(text(f'ALTER SEQUENCE public."{name}" RESTART'))

    def _with_rows(self, connection: Connection) -> list[str]:
        question = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM public.\"{table}\")"
            for table in self._tables
        )
        return [str(name) for name in connection.scalars(text(question))] if question else []


def _make_template(server_url: str, template: str) -> None:
    draft = f"{template}_draft"
    _administer(server_url, f'DROP DATABASE IF EXISTS "{draft}"', f'CREATE DATABASE "{draft}"')
    url = _url(server_url, draft)
    upgrade(url)
    engine = create_engine(url)
    keep_rows(engine)
    engine.dispose()
    _administer(server_url, f'ALTER DATABASE "{draft}" RENAME TO "{template}"')


def _exists(server_url: str, name: str) -> bool:
    engine = create_engine(server_url)
    with engine.connect() as connection:
        found = connection.scalar(
            text("SELECT EXISTS (SELECT FROM pg_database WHERE datname = :name)"), {"name": name}
        )
    engine.dispose()
    return bool(found)


def _administer(server_url: str, *statements: str) -> None:
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def _url(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _tables(connection: Connection, schema: str) -> list[str]:
    """Return the tables that hold rows themselves: of a partitioned one, the parent alone."""
    return list(
        connection.scalars(
            text(
                "SELECT c.relname FROM pg_class c WHERE c.relnamespace = to_regnamespace(:schema) "
                "AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
                "AND c.relname <> 'alembic_version' ORDER BY 1"
            ),
            {"schema": schema},
        )
    )


def _columns(connection: Connection, table: str) -> str:
    names: Sequence[str] = connection.scalars(
        text(
            "SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = to_regclass(:table) "
            "AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum"
        ),
        {"table": f'public."{table}"'},
    ).all()
    return ", ".join(names)


def _moved_sequences(connection: Connection) -> list[str]:
    return list(
        connection.scalars(
            text(
                "SELECT sequencename FROM pg_sequences "
                "WHERE schemaname = 'public' AND last_value IS NOT NULL"
            )
        )
    )
