"""Every test of the database runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alembic import command

from seawall.storage.database import Database
from tests.storage.database.postgresql import Server, programs

Execute = Callable[[str, str], None]


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    found = programs()
    if found is None:
        pytest.skip("there is no PostgreSQL here (tools/ensure_postgresql.sh installs it where it can)")
    running = Server(found)
    yield running
    running.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "seawall.db")
    running: Server = request.getfixturevalue("server")
    return running.schema()


@pytest.fixture
def _alembic_migrates(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of the migration itself: other tests say again what it said once."""
    monkeypatch.setattr(command, "upgrade", inspect.unwrap(command.upgrade))


@pytest.fixture
def database(place: str) -> Iterator[Database]:
    """A migrated database."""
    opened = Database.open(place, should_migrate=True)
    yield opened
    opened.close()


@pytest.fixture
def execute(request: pytest.FixtureRequest) -> Execute:
    """Run a statement on a place past Seawall, as somebody with all rights would."""

    def run(place: str, statement: str) -> None:
        if "://" in place:
            running: Server = request.getfixturevalue("server")
            running.execute(place, statement)
            return
        connection = sqlite3.connect(place, isolation_level=None)
        try:
            connection.execute(statement)
        finally:
            connection.close()

    return run
