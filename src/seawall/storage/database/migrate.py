"""Migrate a database to the schema of this version of Seawall."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from seawall.storage.database.incidents import Incidents
from seawall.storage.database.models import Model
from seawall.storage.errors import DatabaseBroken, DatabaseNewer, DatabaseNotMigrated

VERSION_TABLE = "seawall_version"
_MIGRATING = 0x5EA_0001
"""Key of the PostgreSQL advisory lock that a process holds while it changes the schema."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "seawall.storage.database:migrations")
    config.set_main_option("path_separator", "os")
    return config


@cache
def _scripts() -> ScriptDirectory:
    """Return the migrations of this program, which are loaded once per process: they are Python files."""
    return ScriptDirectory.from_config(_config())


def newest() -> str:
    """Return the schema version that this program needs."""
    head = _scripts().get_current_head()
    if head is None:  # pragma: no cover - a package without its migrations
        raise DatabaseBroken("this installation lacks its database migrations", fix="reinstall Seawall")
    return head


def version(connection: Connection) -> str | None:
    """Return the schema version of the database, None if it is empty."""
    options = {"version_table": VERSION_TABLE}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def check(connection: Connection, place: str) -> None:
    """Raise `DatabaseNewer` or `DatabaseNotMigrated` unless the database has the schema version of this program."""
    found = version(connection)
    if found == newest():
        return
    _refuse_newer(found, place)
    if found is None:
        raise DatabaseNotMigrated(
            f"the database {place} is empty",
            fix="`seawall watch` and `seawall serve` create its tables, also after a failed start",
        )
    raise DatabaseNotMigrated(
        f"the database {place} has version {found}; this program needs {newest()}",
        fix="back it up, then upgrade it: seawall store migrate",
    )


def upgrade(connection: Connection, place: str) -> None:
    """Migrate the database in the connection's transaction, completely or not at all."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
    found = version(connection)
    if found == newest():
        return
    _refuse_newer(found, place)
    if found is None:
        _refuse_foreign(connection, place)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if found is not None:
        # No migration can compute the rows of the queue: the present code derives them from the incidents.
        with Session(connection, join_transaction_mode="rollback_only") as session:
            Incidents(session).refill()
            session.flush()


def _refuse_newer(found: str | None, place: str) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseNewer(
            f"the database {place} is of version {found}, which this program does not know (newest: {newest()})",
            fix="use the newer Seawall that wrote it, or restore the backup from before",
        )


def _refuse_foreign(connection: Connection, place: str) -> None:
    ours = set(Model.metadata.tables) & set(inspect(connection).get_table_names())
    if ours:
        raise DatabaseBroken(
            f"the database {place} has tables of these names that are not Seawall's: {', '.join(sorted(ours))}",
            fix="give Seawall a database of its own",
        )
