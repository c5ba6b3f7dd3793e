"""Migrate a database to the schema of this version of Seawall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from seawall.storage.database.incidents import Incidents
from seawall.storage.database.models import Model
from seawall.storage.errors import DatabaseBroken, DatabaseNewer, DatabaseNotMigrated

if TYPE_CHECKING:
    from alembic.config import Config

VERSION_TABLE = "seawall_version"
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
"""The schema versions that this program knows, the newest last. Only migrations need Alembic, which takes 0.15 s to load."""
_MIGRATING = 0x5EA_0001
"""Key of the PostgreSQL advisory lock that a process holds while it changes the schema."""


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "seawall.storage.database:migrations")
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """Return the schema version that this program needs."""
    return REVISIONS[-1]


def version(connection: Connection) -> str | None:
    """Return the schema version of the database, None if it is empty."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()
    return None if found is None else str(found)


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
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    if found is not None:
        # No migration can compute the rows of the queue: the present code derives them from the incidents.
        with Session(connection, join_transaction_mode="rollback_only") as session:
            Incidents(session).refill()
            session.flush()


def _refuse_newer(found: str | None, place: str) -> None:
    if found is not None and found not in REVISIONS:
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
