"""A SQLite file is made for one user alone, refused where it lies open to others, and written all or nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from seawall_base import sqlite_file
from seawall_base.errors import CollectInvalid, StoreBroken


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "a b?#%.db"
    sqlite_file.create(made)
    with (
        closing(sqlite_file.connect(made, busy_seconds=1)) as connection,
        sqlite_file.transaction(connection),
    ):
        sqlite_file.write_format(connection, 0x5EA, 7)
        sqlite_file.run_script(connection, "CREATE TABLE one (value INTEGER); INSERT INTO one VALUES (1);")
    return made


def values(path: Path) -> list[int]:
    with closing(sqlite_file.connect(path, busy_seconds=1, is_read_only=True)) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM one ORDER BY value")]


def test_what_is_made_is_for_this_user_alone(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.parent.iterdir()) == [path], "the name goes to SQLite as it is"
    with pytest.raises(CollectInvalid, match="the file exists already"):
        sqlite_file.create(path, CollectInvalid)
    assert not sqlite_file.create_missing(path)
    assert values(path) == [1]


def test_a_missing_file_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        sqlite_file.connect(tmp_path / "none.db", busy_seconds=1)
    assert not list(tmp_path.iterdir())
    assert sqlite_file.create_missing(tmp_path / "none.db")
    with pytest.raises(CollectInvalid, match="No such file"):
        sqlite_file.create_missing(tmp_path / "absent" / "none.db", CollectInvalid)


@pytest.mark.parametrize(
    ("spoil", "words", "is_public_too"),
    [
        (lambda path: path.unlink(), "No such file", True),
        (lambda path: (path.unlink(), path.mkdir()), "not a regular file", True),
        (lambda path: path.chmod(0o620), "change it", True),
        (lambda path: path.chmod(0o602), "change it", True),
        (lambda path: path.chmod(0o640), "others may read", False),
        (lambda path: path.parent.chmod(0o777), "every user can replace the file", False),
        (lambda path: path.rename(path.with_name("x")).with_name(path.name).symlink_to("x"), "not a regular file", False),
    ],
    ids=["missing", "folder", "group", "others", "readable", "open folder", "link"],
)  # fmt: skip
def test_what_is_not_private_is_refused(
    path: Path, spoil: Callable[[Path], object], words: str, is_public_too: bool
) -> None:
    spoil(path)
    with pytest.raises(StoreBroken, match=words) as raised:
        sqlite_file.check(path)
    assert raised.value.fix
    if is_public_too:
        with pytest.raises(CollectInvalid, match=words):
            sqlite_file.check(path, CollectInvalid, is_public=True)
    else:
        sqlite_file.check(path, is_public=True)


def test_a_file_of_another_user_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(StoreBroken, match="another user"):
        sqlite_file.check(path)


def test_another_file_in_its_place_shows(path: Path) -> None:
    before = sqlite_file.file_identity(path)
    other = path.with_name("other")
    sqlite_file.create(other)
    other.replace(path)
    assert sqlite_file.file_identity(path) != before
    path.unlink()
    with pytest.raises(StoreBroken):
        sqlite_file.file_identity(path)


def test_a_connection_is_set_up(path: Path) -> None:
    with closing(sqlite_file.connect(path, busy_seconds=1)) as connection:
        assert sqlite_file.read_format(connection) == (0x5EA, 7)
        stated = [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("trusted_schema", "cell_size_check", "synchronous", "busy_timeout", "journal_mode")
        ]
        assert stated == [0, 1, 2, 1000, "delete"]
        assert sqlite_file.use_write_ahead_log(connection)
    with closing(sqlite_file.connect(path, busy_seconds=1, synchronous="OFF")) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (0,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with (
        closing(sqlite_file.connect(path, busy_seconds=1, is_read_only=True)) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM one")


def test_only_a_shared_connection_is_for_other_threads(path: Path) -> None:
    def outcome(connection: sqlite3.Connection) -> list[object]:
        found: list[object] = []

        def ask() -> None:
            try:
                found.append(connection.execute("SELECT value FROM one").fetchone())
            except sqlite3.Error as error:
                found.append(type(error))

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return found

    with closing(sqlite_file.connect(path, busy_seconds=1, is_shared=True)) as connection:
        assert outcome(connection) == [(1,)]
    with closing(sqlite_file.connect(path, busy_seconds=1)) as connection:
        assert outcome(connection) == [sqlite3.ProgrammingError]


def test_a_schema_brings_no_code_into_play(path: Path) -> None:
    with closing(sqlite_file.connect(path, busy_seconds=1)) as connection:
        connection.create_function("leak", 1, lambda value: value)
        connection.execute("CREATE VIEW hostile AS SELECT leak(value) FROM one")
        with pytest.raises(sqlite3.OperationalError, match="unsafe use"):
            connection.execute("SELECT * FROM hostile").fetchall()


def test_a_transaction_is_written_whole_or_not_at_all(path: Path) -> None:
    with closing(sqlite_file.connect(path, busy_seconds=0.05)) as connection:
        with pytest.raises(sqlite3.Error), sqlite_file.transaction(connection) as work:
            sqlite_file.run_script(work, "INSERT INTO one VALUES (2); INSERT INTO none VALUES (2)")
        assert values(path) == [1]
        with closing(sqlite_file.connect(path, busy_seconds=0.05)) as other:
            with (
                sqlite_file.transaction(connection),
                pytest.raises(sqlite3.OperationalError, match="locked"),
                sqlite_file.transaction(other),
            ):
                pass
            with sqlite_file.transaction(other) as work:
                work.execute("INSERT INTO one VALUES (3)")
    assert values(path) == [1, 3]


def test_a_commit_that_fails_keeps_nobody_out(path: Path) -> None:
    with closing(sqlite_file.connect(path, busy_seconds=0.05)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        sqlite_file.run_script(
            connection,
            "CREATE TABLE a (id INTEGER PRIMARY KEY);"
            "CREATE TABLE b (a INTEGER REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
        )
        with pytest.raises(sqlite3.IntegrityError), sqlite_file.transaction(connection) as work:
            work.execute("INSERT INTO b VALUES (1)")
        assert not connection.in_transaction


@pytest.mark.parametrize("error", [sqlite3.DatabaseError("malformed"), OSError(5, "Input/output error")])
def test_what_goes_wrong_is_the_stores_own_error(error: Exception) -> None:
    with (
        pytest.raises(CollectInvalid, match="the store: ") as raised,
        sqlite_file.errors_as(lambda cause: CollectInvalid(f"the store: {cause}")),
    ):
        raise error
    assert raised.value.__cause__ is error
    with pytest.raises(KeyError), sqlite_file.errors_as(lambda cause: CollectInvalid(str(cause))):
        raise KeyError


def test_a_database_in_memory_has_its_tables() -> None:
    with closing(sqlite_file.connect_memory("CREATE TABLE one (value); CREATE TABLE two (value)")) as memory:
        assert memory.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (2,)


def test_the_log_waits_for_whoever_sets_a_new_file_up(path: Path) -> None:
    """SQLite alone says "locked" at once, where workers that start together open a new file."""
    with closing(sqlite_file.connect(path, busy_seconds=0.05, is_shared=True)) as other:
        other.execute("BEGIN IMMEDIATE")
        with (
            closing(sqlite_file.connect(path, busy_seconds=0.05)) as connection,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            sqlite_file.use_write_ahead_log(connection)
        with closing(sqlite_file.connect(path, busy_seconds=20)) as connection:
            over = threading.Timer(0.1, lambda: other.execute("ROLLBACK"))
            over.start()
            assert sqlite_file.use_write_ahead_log(connection)
            over.join()
