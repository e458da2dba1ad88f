"""Alembic's entry: runs the revisions on the connection, and in the transaction, that `upgrade` made."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], target_metadata=None, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
