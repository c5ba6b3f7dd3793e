"""Define the tables of a revocation store, and upgrade stores of earlier versions."""

from __future__ import annotations

import sqlite3
from typing import Final

from seawall_base import sqlite_file
from seawall_tokens.revocation.entry import KINDS, key_of
from seawall_tokens.verify.spelling import fold_issuer

APPLICATION_ID: Final = 0x5EA3A11
VERSION: Final = 2
"""Version 1 compared issuer and value exactly. Version 2 adds the normalised forms by which they are compared."""
_VERSION_1: Final = (APPLICATION_ID, 1)

_KINDS_AS_SQL: Final = ", ".join(f"'{kind}'" for kind in KINDS)
_ONLY_GROWS: Final = (
    "CREATE TRIGGER log_only_grows BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log only grows'); END"
)
_KEYS: Final = (
    "CREATE INDEX log_key ON log (kind, issuer_key, value_key) WHERE lifts IS NULL",
    """CREATE TRIGGER log_has_keys BEFORE INSERT ON log
    WHEN NEW.kind IS NOT NULL AND (NEW.issuer_key IS NULL OR NEW.value_key IS NULL)
    BEGIN SELECT RAISE(ABORT, 'an older program writes here: start it anew'); END""",
    _ONLY_GROWS,
)
"""Columns of a revocation. `issuer_key` and `value_key` are issuer and value normalised by `revocation.key_of`."""

SCHEMA: Final = (
    "CREATE TABLE identity (store TEXT NOT NULL)",
    f"""CREATE TABLE log (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, lifts INTEGER,
    kind TEXT, issuer TEXT, value TEXT, not_before REAL, expires REAL,
    reason TEXT NOT NULL, who TEXT NOT NULL, at REAL NOT NULL, issuer_key TEXT, value_key TEXT,
    CHECK ((lifts IS NULL) = (kind IS NOT NULL)),
    CHECK (kind IS NULL OR (kind IN ({_KINDS_AS_SQL}) AND typeof(issuer) = 'text' AND typeof(value) = 'text'))
)""",
    "CREATE UNIQUE INDEX log_lifts ON log (lifts) WHERE lifts IS NOT NULL",
    "CREATE INDEX log_end ON log (expires) WHERE expires IS NOT NULL",
    *_KEYS,
    """CREATE TABLE signals (
    transmitter TEXT, token_id TEXT, at REAL NOT NULL, PRIMARY KEY (transmitter, token_id)
) WITHOUT ROWID""",
)
"""The statements that create an empty store."""

_FROM_1_TO_2: Final = (
    "ALTER TABLE log ADD COLUMN issuer_key TEXT",
    "ALTER TABLE log ADD COLUMN value_key TEXT",
    "DROP TRIGGER log_only_grows",
    "DROP INDEX log_key",
    "UPDATE log SET issuer_key = issuer_key_of(issuer), value_key = value_key_of(kind, value) WHERE kind IS NOT NULL",
    *_KEYS,
    "PRAGMA user_version = 2",
)


def upgrade(connection: sqlite3.Connection) -> None:
    """Upgrade a store from version 1 to 2 in one transaction; leave every other file unchanged.

    Raises `sqlite3.Error`. A version 1 program that has the store open can still read but no longer write.
    """
    if sqlite_file.read_format(connection) != _VERSION_1:
        return
    connection.create_function("issuer_key_of", 1, fold_issuer, deterministic=True)
    connection.create_function(
        "value_key_of", 2, lambda kind, value: key_of(kind, "", value)[2], deterministic=True
    )
    with sqlite_file.transaction(connection):
        if sqlite_file.read_format(connection) == _VERSION_1:  # another process may have upgraded first
            for statement in _FROM_1_TO_2:
                connection.execute(statement)
