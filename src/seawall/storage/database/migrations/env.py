"""Entry point of Alembic: run the migrations on the given connection, inside its transaction."""

from __future__ import annotations

from alembic import context

from seawall.storage.database.migrate import VERSION_TABLE
from seawall.storage.database.models import Model

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Model.metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
