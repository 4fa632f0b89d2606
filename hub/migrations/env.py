"""Alembic's entry: migrates on the connection that the runner hands over."""

from alembic import context

from hub.migrations.schema import complete_metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=complete_metadata())
with context.begin_transaction():
    context.run_migrations()
