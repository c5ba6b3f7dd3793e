"""Migrate an empty database with the statements of the first migration that this process ran.

Alembic takes 30 ms to find out what to say to an empty database, and says the same each time. Tests make some thousand databases.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

_MODULE = "seawall.storage.database.migrate"
_Said = list[tuple[str, Any]]


@contextmanager
def migrations_said_again() -> Iterator[None]:
    """Patch the migration for a `with` block, if a test imported it; migrations of older databases stay as they are."""
    migrate = sys.modules.get(_MODULE)
    if migrate is None:
        yield
        return
    from alembic import command

    real, said = command.upgrade, dict[str, _Said]()

    @functools.wraps(real)  # which tests of the migration itself unwrap
    def upgrade(config: Config, revision: str, *more: Any, **options: Any) -> None:
        connection: Connection = config.attributes["connection"]
        kind = connection.dialect.name
        if (revision, more, options) != ("head", (), {}) or migrate.version(connection) is not None:
            real(config, revision, *more, **options)
        elif kind in said:
            for statement, parameters in said[kind]:
                connection.exec_driver_sql(statement, parameters)
        else:
            with _hearing(connection) as heard:
                real(config, revision)
            said[kind] = heard

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "upgrade", upgrade)
        yield


@contextmanager
def _hearing(connection: Connection) -> Iterator[_Said]:
    """Collect what changes the database."""
    from sqlalchemy import event

    heard: _Said = []

    def hear(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
            heard.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(connection, "before_cursor_execute", hear)
