"""Opening, migrating, and every way in which a database can fail to be ours."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from seawall.storage.database import Database, connection
from seawall.storage.database.migrate import REVISIONS, VERSION_TABLE, newest
from seawall.storage.database.models import Model
from seawall.storage.errors import DatabaseAway, DatabaseBroken, DatabaseNewer, DatabaseNotMigrated
from seawall_base.errors import DatabaseInUse, UsageError
from tests.storage.database.conftest import Execute
from tests.storage.database.postgresql import Server

pytestmark = pytest.mark.usefixtures("_alembic_migrates")


def test_migrations_make_exactly_the_models(database: Database) -> None:
    with database._engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Model.metadata) == []
        assert context.get_current_revision() == newest()


def test_the_known_versions_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", "seawall.storage.database:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS
    assert scripts.get_current_head() == newest()


def test_a_second_opening_finds_it_migrated(database: Database, place: str) -> None:
    with database.writing() as work:
        work.checkpoints.put({"a": {"offset": 1}})
    for should_migrate in (True, False):
        again = Database.open(place, should_migrate=should_migrate)
        with again.reading() as work:
            assert work.checkpoints.all() == {"a": {"offset": 1}}
        again.close()


def test_an_empty_database_is_not_migrated_unasked(place: str) -> None:
    if "://" not in place:
        Path(place).touch()
    with pytest.raises(DatabaseNotMigrated, match="is empty"):
        Database.open(place)


def test_a_newer_database_is_refused(database: Database, place: str, execute: Execute) -> None:
    execute(place, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    for should_migrate in (True, False):
        with pytest.raises(DatabaseNewer, match="9999"):
            Database.open(place, should_migrate=should_migrate)


def test_somebody_elses_tables_are_left_alone(place: str, execute: Execute) -> None:
    execute(place, "CREATE TABLE users (anything INTEGER)")
    with pytest.raises(DatabaseBroken, match=r"users|another program"):
        Database.open(place, should_migrate=True)
    execute(place, "INSERT INTO users VALUES (1)")  # still as it was


def test_a_failed_migration_leaves_nothing(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = command.upgrade

    def fails(config: Config, revision: str) -> None:
        real(config, revision)
        raise RuntimeError

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):  # noqa: PT012
        patch.setattr(command, "upgrade", fails)
        Database.open(place, should_migrate=True)
    with pytest.raises(DatabaseNotMigrated, match="is empty"):
        Database.open(place)
    Database.open(place, should_migrate=True).close()


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "seawall.db"
    opened = Database.open(path, should_migrate=True)
    with opened.writing() as work:
        work.checkpoints.put({"a": {}})
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert modes == {"seawall.db": 0o600, "seawall.db-wal": 0o600, "seawall.db-shm": 0o600}
    opened.close()
    path.chmod(0o644)
    Database.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_sqlite_keeps_what_it_should(tmp_path: Path) -> None:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    with opened.reading() as work:
        found = {
            name: work.session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "trusted_schema": 0}
    opened.close()


def test_other_places_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway):
        Database.open(tmp_path / "nowhere.db")
    with pytest.raises(DatabaseAway):
        Database.open(tmp_path, should_migrate=True)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatabaseBroken, match="regular file"):
        Database.open(tmp_path / "pipe", should_migrate=True)
    (tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "real.db")
    with pytest.raises(DatabaseAway):
        Database.open(tmp_path / "link.db", should_migrate=True)
    (tmp_path / "text.db").write_text("no database at all, but longer than a header of a hundred bytes" * 9)
    with pytest.raises(DatabaseBroken):
        Database.open(tmp_path / "text.db", should_migrate=True)
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("PRAGMA application_id = 7")
    other.close()
    with pytest.raises(DatabaseBroken, match="another program"):
        Database.open(tmp_path / "other.db", should_migrate=True)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://host/name",
        "sqlite://",
        "sqlite:///:memory:",
        "://",
        "postgresql+other://h/n",
        "postgresql://h:x/n",
    ],
)
def test_urls_that_make_no_sense(url: str) -> None:
    with pytest.raises(UsageError):
        Database.open(url)


def test_a_server_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(DatabaseAway) as caught:
        Database.open(f"postgresql://somebody:hunter2@/name?host={tmp_path}&password=hunter2")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(caught.value.__cause__)
    assert "name" in str(caught.value)


def test_a_database_of_another_encoding_is_refused(server: Server) -> None:
    with pytest.raises(DatabaseBroken, match="SQL_ASCII"):
        Database.open(server.database(encoding="SQL_ASCII"), should_migrate=True)


def test_no_values_in_errors(database: Database) -> None:
    with pytest.raises(DatabaseBroken) as caught, database.writing() as work:
        work.session.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "secret-value"})
    assert "secret-value" not in str(caught.value)
    assert "secret-value" not in str(caught.value.__cause__)


def test_a_locked_file_is_said_to_be_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUSY_SECONDS", 0.1)
    path = tmp_path / "seawall.db"
    opened = Database.open(path, should_migrate=True)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseInUse), opened.writing() as work:
        work.checkpoints.put({"a": {}})
    with opened.reading() as work:  # readers do not wait
        assert work.checkpoints.all() == {}
    other.execute("ROLLBACK")
    other.close()
    with opened.writing() as work:
        work.checkpoints.put({"a": {}})
    opened.close()


def test_a_damaged_file_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "seawall.db"
    opened = Database.open(path, should_migrate=True)
    with opened.writing() as work:
        work.states.put("state", bytes(100_000))
        work.checkpoints.put({str(number): {"offset": number} for number in range(1000)})
    opened.close()
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 8] = b"\xff" * 8  # the head of every page but the first
    path.write_bytes(content)
    with pytest.raises(DatabaseBroken, match="damaged"):
        Database.open(path)
    assert path.read_bytes() == content
