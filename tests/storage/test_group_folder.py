"""Workers of a group share a folder: another one is refused at the start, and nothing is written once it is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seawall.storage.database import Database
from seawall.storage.errors import LakeBroken, StoreRefused
from seawall.storage.group_folder import MARK, join_folder, read_mark
from seawall.storage.lake import Lake


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "seawall.db", should_migrate=True)
    yield opened
    opened.close()


def make_lake(folder: Path) -> Lake:
    folder.mkdir()
    return Lake.create(folder / "events")


def test_workers_with_one_folder_join(database: Database, tmp_path: Path) -> None:
    first = join_folder(database, make_lake(tmp_path / "a"))
    second = join_folder(database, Lake.open(tmp_path / "a" / "events"))
    assert first == second
    second.check()
    assert read_mark(tmp_path / "a") == first.mark
    assert (tmp_path / "a" / MARK).stat().st_mode & 0o077 == 0


def test_another_folder_is_refused(database: Database, tmp_path: Path) -> None:
    first = join_folder(database, make_lake(tmp_path / "a"))
    with pytest.raises(StoreRefused, match="not the folder that the other workers"):
        join_folder(database, make_lake(tmp_path / "b"))
    (tmp_path / "b" / MARK).write_text(first.mark[::-1])
    with pytest.raises(StoreRefused, match="not the folder that the other workers"):
        join_folder(database, Lake.open(tmp_path / "b" / "events"))


def test_the_folder_of_another_database_is_refused(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = make_lake(tmp_path / "a")
    mark = join_folder(database, lake).mark
    other = Database.open(tmp_path / "other.db", should_migrate=True)
    assert join_folder(other, lake).mark == mark, "a start that ended between folder and database goes on"
    third = Database.open(tmp_path / "third.db", should_migrate=True)
    monkeypatch.setattr(lake, "tenants", lambda: ["a"])
    with pytest.raises(StoreRefused, match="another database"):
        join_folder(third, lake)
    third.close()
    other.close()


def test_a_folder_that_is_gone_is_noticed(database: Database, tmp_path: Path) -> None:
    folder = join_folder(database, make_lake(tmp_path / "a"))
    (tmp_path / "a" / MARK).rename(tmp_path / "mark")
    with pytest.raises(LakeBroken, match="nothing is written"):
        folder.check()
    (tmp_path / "mark").rename(tmp_path / "a" / MARK)
    folder.check()
    (tmp_path / "a" / MARK).unlink()
    (tmp_path / "a" / MARK).symlink_to(tmp_path / "seawall.db")
    with pytest.raises(LakeBroken):
        folder.check()
