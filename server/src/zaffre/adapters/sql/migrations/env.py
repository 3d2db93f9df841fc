"""What Alembic runs; the connection comes from `database.py`."""

from alembic import context

from zaffre.adapters.sql.tables import metadata

# The caller holds the one transaction around all steps.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
