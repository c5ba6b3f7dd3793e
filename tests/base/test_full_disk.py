"""A full disk is recognised however a library says it, and its room is told."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest
from sqlalchemy.exc import OperationalError

from seawall.storage.errors import DatabaseAway
from seawall_base.full_disk import describe_room, describe_size, is_full_disk


class PostgreSQLError(Exception):
    sqlstate = "53100"


def of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return error


def caused(error: BaseException) -> Exception:
    found = DatabaseAway("the database cannot be written")
    found.__cause__ = error
    return found


FULL = {
    "no space": OSError(errno.ENOSPC, "No space left on device"),
    "quota": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "sqlite": of_sqlite(sqlite3.SQLITE_FULL),
    "postgresql": PostgreSQLError("could not extend file"),
    "words of the system": RuntimeError(f"IO Error: Could not write file: {os.strerror(errno.ENOSPC)}"),
    "a driver's error": OperationalError("INSERT", {}, of_sqlite(sqlite3.SQLITE_FULL)),
}
OTHER = {
    "no permission": OSError(errno.EACCES, "Permission denied"),
    "too many files": OSError(errno.EMFILE, "Too many open files"),
    "a locked database": of_sqlite(sqlite3.SQLITE_BUSY),
    "a value": ValueError("full"),
}


@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_recognised(name: str) -> None:
    assert is_full_disk(FULL[name])
    assert is_full_disk(caused(FULL[name]))
    assert is_full_disk(caused(caused(FULL[name])))


@pytest.mark.parametrize("name", OTHER)
def test_other_errors_are_none(name: str) -> None:
    assert not is_full_disk(OTHER[name])
    assert not is_full_disk(caused(OTHER[name]))


def test_errors_that_cause_each_other_end() -> None:
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert not is_full_disk(first)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_what_libraries_raise_on_a_full_device() -> None:
    with pytest.raises(OSError, match="Errno") as caught, pa.OSFile("/dev/full", "wb") as sink:
        sink.write(b"x" * 100_000)
    assert is_full_disk(caught.value)


def test_sizes_in_words() -> None:
    sizes = (0, 1, 1_000, 999_999, 1_000_000, 268_435_456, 1_440_000_000, 2_500_000_000_000)
    wanted = ["0 kB", "1 kB", "1 kB", "1,000 kB", "1 MB", "268 MB", "1.4 GB", "2.5 TB"]
    assert list(map(describe_size, sizes)) == wanted


def test_the_room_of_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    assert "are free on the disk of" in describe_room(tmp_path / "not" / "yet")
