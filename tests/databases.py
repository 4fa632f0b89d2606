"""A migrated database for each process of a test run, and its cleaning after each test.

Names in the statements come from the database's own catalogue.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, create_engine, make_url, text

from hub.migrations.runner import upgrade
from tests.servers import Membership

SOMEBODY_WAITS = text("""
    select exists (
        select from pg_locks waiting join pg_locks held using (pid)
        join pg_database on pg_database.oid = held.database
        where not waiting.granted and datname = current_database())
""")
"""Whether a lock is waited for in this database; other processes' tests wait in others."""

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
    """Keep copies of what is in the tables now, and a function for `Cleaner` that goes back to it.

    The function's statements are planned once a connection; asked one by one, each test would have
    them planned anew.
    """
    with engine.begin() as connection:
        connection.execute(text(f"CREATE SCHEMA {KEPT}"))
        connection.execute(text(f"CREATE TABLE {KEPT}.mark (of_table text PRIMARY KEY, was text)"))
        steps = [_step(connection, table) for table in _tables(connection)]
        steps += [_STEP_OF_A_SEQUENCE.format(name=name) for name in _sequences(connection)]
        connection.exec_driver_sql(_FUNCTION.format(schema=KEPT, steps="".join(steps)))


class Cleaner:
    """Brings a database back to how it was at `keep_rows`.

    Code under test commits, from several connections, so that nothing can be rolled back. Tables
    with rows are emptied without their triggers (some forbid deleting, and foreign keys would make
    it slow), which takes a few milliseconds where TRUNCATE of everything takes ninety.
    """

    def __init__(self, database: Engine) -> None:
        # A session of its own: to turn triggers off and on again throws all its plans away.
        self._engine = create_engine(
            database.url,
            pool_size=1,
            pool_pre_ping=True,
            connect_args={"options": "-c session_replication_role=replica -c lock_timeout=5000"},
        )

    def clean(self, *, restart_sequences: bool = True) -> None:
        """Empty the tables, put back what was kept, restart the sequences."""
        with self._engine.begin() as connection:
            connection.execute(_CLEAN, {"restart_sequences": restart_sequences})

    def close(self) -> None:
        """Give the session up."""
        self._engine.dispose()


_CLEAN = text(f"SELECT {KEPT}.clean(:restart_sequences)")
_FUNCTION = """
    CREATE FUNCTION {schema}.clean(restart_sequences boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = '' AS $$
    DECLARE
        stands text;
    BEGIN
        {steps}
    END $$
"""
_STEP_OF_AN_EMPTY_TABLE = """
        IF EXISTS (SELECT FROM public."{table}") THEN
            DELETE FROM public."{table}";
        END IF;
"""
_MARK = """
    SELECT coalesce(sum(pg_catalog.hashtextextended(ctid::text || xmin::text, 0)), 0)::text
    FROM public."{table}"
"""
"""What is another once any row is made, changed or taken away."""
_STEP_OF_A_KEPT_TABLE = f"""
        stands := ({_MARK});
        IF stands IS DISTINCT FROM (SELECT was FROM {KEPT}.mark WHERE of_table = '{{table}}') THEN
            DELETE FROM public."{{table}}";
            INSERT INTO public."{{table}}" ({{columns}}) OVERRIDING SYSTEM VALUE
            SELECT {{columns}} FROM {KEPT}."{{table}}";
            UPDATE {KEPT}.mark SET was = ({_MARK}) WHERE of_table = '{{table}}';
        END IF;
"""
_STEP_OF_A_SEQUENCE = """
        IF restart_sequences AND (SELECT is_called FROM public."{name}") THEN
            PERFORM pg_catalog.setval('public."{name}"', seqstart, false)
            FROM pg_catalog.pg_sequence WHERE seqrelid = 'public."{name}"'::pg_catalog.regclass;
        END IF;
"""


def _step(connection: Connection, table: str) -> str:
    """Return what brings one table back, whose rows are kept where it has some."""
    if not connection.scalar(text(f'SELECT EXISTS (SELECT FROM public."{table}")')):
        return _STEP_OF_AN_EMPTY_TABLE.format(table=table)
    connection.execute(text(f'CREATE TABLE {KEPT}."{table}" AS TABLE public."{table}"'))
    mark = f"INSERT INTO {KEPT}.mark SELECT :table, ({_MARK.format(table=table)})"
    connection.exec_driver_sql(mark.replace(":table", f"'{table}'"))
    return _STEP_OF_A_KEPT_TABLE.format(table=table, columns=_columns(connection, table))


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


def _tables(connection: Connection) -> list[str]:
    """Return the tables that hold rows themselves: of a partitioned one, the parent alone."""
    return list(
        connection.scalars(
            text(
                "SELECT c.relname FROM pg_class c "
                "WHERE c.relnamespace = to_regnamespace('public') "
                "AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
                "AND c.relname <> 'alembic_version' ORDER BY 1"
            )
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


def _sequences(connection: Connection) -> list[str]:
    return list(
        connection.scalars(
            text("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
        )
    )
