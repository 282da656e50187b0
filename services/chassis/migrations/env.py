"""Alembic's entry: one transaction per revision, with lock and statement timeouts, on the connection that `migrate` opened."""

from alembic import context
from sqlalchemy import text

from chassis.migrating import LOCK_TIMEOUT, STATEMENT_TIMEOUT

connection = context.config.attributes["connection"]
connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT}'"))
connection.execute(text(f"set statement_timeout = '{STATEMENT_TIMEOUT}'"))
connection.commit()
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
