"""What Alembic runs; the connection comes from `database.py`."""

from alembic import context

from zaffre.adapters.sql.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # The caller holds the transaction around all steps.
    transactional_ddl=False,
)
context.run_migrations()
