"""Migrations, against the models they stand for."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from hub.migrations import runner, schema

_CATALOGUE = """
    select 'table ' || relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and relkind in ('r', 'S', 'v') and relname <> 'alembic_version'
    union all
    select 'function ' || proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'public'
    order by 1
"""


@pytest.fixture
def empty_url(database_server_url: str) -> Iterator[str]:
    name = f"hub_migrations_{uuid4().hex[:12]}"
    server = create_engine(database_server_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"create database {name}"))
    yield server.url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    server.dispose()


def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def objects(url: str) -> list[str]:
    [found] = [list(c.execute(text(_CATALOGUE)).scalars()) for c in connected(url)]
    return found


def test_an_upgraded_database_is_what_the_models_say(empty_url: str) -> None:
    runner.upgrade(empty_url)

    for connection in connected(empty_url):
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, schema.complete_metadata()) == []
        assert schema.current_revision(connection) == schema.head_revision()


def test_down_leaves_nothing_and_up_again_the_same(empty_url: str) -> None:
    assert objects(empty_url) == []
    runner.upgrade(empty_url)
    after_first = objects(empty_url)

    runner.downgrade(empty_url)
    assert objects(empty_url) == []

    runner.upgrade(empty_url)
    assert objects(empty_url) == after_first
    assert "table customer" in after_first
    assert "function note_unsealed_event" in after_first


def test_the_head_is_the_one_that_alembic_finds() -> None:
    script = ScriptDirectory.from_config(runner.configuration())

    assert [schema.head_revision()] == script.get_heads()


def test_an_empty_database_is_at_no_revision(empty_url: str) -> None:
    for connection in connected(empty_url):
        assert schema.current_revision(connection) is None


def test_contacts_of_before_are_found_and_sorted_as_new_ones_are(empty_url: str) -> None:
    runner.upgrade(empty_url, "0031")
    for connection in connected(empty_url):
        customer_id = connection.scalar(
            text(
                "insert into customer (id, kind, name, roles, currency, lifecycle)"
                " values (uuidv7(), 'person', 'Ry', '{prospect}', 'DKK', 'active') returning id"
            )
        )
        connection.execute(
            text(
                "insert into contact (id, customer_id, first_name, last_name, email, mobile,"
                " handles) values"
                " (uuidv7(), :of, 'Anna', 'Bjerregård', null, '+4520000001', '{skype:anna.b}'),"
                " (uuidv7(), :of, null, null, 'bo@ry.example', null, '{}')"
            ),
            {"of": customer_id},
        )
        connection.commit()

    runner.upgrade(empty_url)

    for connection in connected(empty_url):
        found = connection.execute(text("select search_text, sort_name from contact order by id"))
        assert [tuple(row) for row in found] == [
            ("^^anna  bjerregard^  anna  4520000001  b  ", "bjerreg}rd anna"),
            ("^^^  bo  ry  example  ", "bo@ry.example"),
        ]
