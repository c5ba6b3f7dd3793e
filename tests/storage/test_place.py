"""A store's folder: made for its owner alone, opened whole, and nothing else taken for one."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from seawall.storage.database import Database
from seawall.storage.database.database import writer_lock
from seawall.storage.errors import DatabaseAway, DatabaseNewer, DatabaseNotMigrated, LakeBroken, StoreRefused
from seawall.storage.location import open_store
from seawall_base.errors import DatabaseInUse, UsageError
from tests.storage.database.first_version import make_first_version


def test_a_store_is_made_and_found_again(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "store"
    with open_store(folder, make=True) as store, store.database.writing() as work:
        work.totals.add({"records": 7})
    assert folder.stat().st_mode & 0o777 == 0o700
    for make in (True, False):
        with open_store(folder, make=make) as store, store.database.reading() as work:
            assert work.totals.all() == {"records": 7}
            assert store.lake.tenants() == []
            assert store.upgraded is None
    assert {path.name for path in folder.iterdir()} >= {"seawall.db", "events", "store.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.rglob("*"))


def test_what_others_could_read_they_can_no_more(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o755)
    open_store(folder, make=True).close()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    open_store(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700


def test_other_folders_are_refused_and_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "documents"
    other.mkdir(mode=0o755)
    (other / "letter.txt").write_text("dear")
    for make in (True, False):
        with pytest.raises(StoreRefused, match="other files"):
            open_store(other, make=make)
    assert [path.name for path in other.iterdir()] == ["letter.txt"]
    (other / "events").mkdir()
    for make in (True, False):
        with pytest.raises(StoreRefused, match="other files"):
            open_store(other, make=make)
    assert other.stat().st_mode & 0o777 == 0o755
    for path in (tmp_path / "nowhere", other / "letter.txt" / "deeper"):
        with pytest.raises(StoreRefused):
            open_store(path)
    with pytest.raises(StoreRefused, match="no folder"):
        open_store(other / "letter.txt", make=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreRefused, match="empty"):
        open_store(tmp_path / "empty")


def test_links_are_refused(tmp_path: Path) -> None:
    open_store(tmp_path / "store", make=True).close()
    (tmp_path / "link").symlink_to(tmp_path / "store")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name in ("link", "dangling"):
        with pytest.raises(StoreRefused):
            open_store(tmp_path / name, make=True)
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "store" / "events").rename(tmp_path / "events")
    (tmp_path / "store" / "events").symlink_to(tmp_path / "events")
    with pytest.raises(UsageError, match="a link"):
        open_store(tmp_path / "store")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path / "store", make=True).close()
    os.chown(tmp_path / "store", 12345, 12345)
    for make in (True, False):
        with pytest.raises(StoreRefused, match="another user"):
            open_store(tmp_path / "store", make=make)


@pytest.mark.parametrize("lost", ["seawall.db", "events"])
def test_a_lost_part_is_no_beginning(tmp_path: Path, lost: str) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    (folder / lost).rename(tmp_path / lost)
    for make in (True, False):
        with pytest.raises((DatabaseAway, LakeBroken)):
            open_store(folder, make=make)
    assert not (folder / lost).exists()


def test_a_making_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    (folder / "store.json").rename(folder / "store.json.new")
    (folder / "events").rename(tmp_path / "events")
    open_store(folder, make=True).close()
    open_store(folder).close()


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 9999, '{"format": "seawall-store", "version": 9}'])
def test_a_damaged_marker_is_said_to_be(tmp_path: Path, text: str) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    (folder / "store.json").write_text(text)
    with pytest.raises(StoreRefused, match=r"damaged|another version"):
        open_store(folder, make=True)


def test_a_store_keeps_the_kind_of_its_database(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    with pytest.raises(StoreRefused, match="its own") as caught:
        open_store(folder, "postgresql://u:hunter2@host/name", make=True)
    assert "hunter2" not in str(caught.value)
    (folder / "store.json").write_text(
        json.dumps({"format": "seawall-store", "version": 1, "database": "postgresql"})
    )
    with pytest.raises(StoreRefused, match="PostgreSQL"):
        open_store(folder, make=True)


def test_a_database_elsewhere(tmp_path: Path) -> None:
    path = str(tmp_path / "elsewhere.db")
    open_store(tmp_path / "store", path, make=True).close()
    assert not (tmp_path / "store" / "seawall.db").exists()
    with open_store(tmp_path / "store", path) as store:
        assert store.database.place == path


def test_an_older_database_is_copied_and_brought_to_this_version(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    (folder / "seawall.db").unlink()
    put = make_first_version(str(folder / "seawall.db"), 20)
    with pytest.raises(DatabaseNotMigrated):
        open_store(folder)
    with writer_lock(folder / "seawall.db"), pytest.raises(DatabaseInUse):
        open_store(folder, make=True)
    with open_store(folder, make=True) as store, store.database.reading() as work:
        assert work.incidents.count() == len(put)
        assert store.upgraded is not None
        assert store.upgraded.before == "0001"
        copy = store.upgraded.copy
    assert copy is not None
    assert copy.stat().st_mode & 0o777 == 0o600
    kept = sqlite3.connect(copy)
    assert kept.execute("SELECT version_num FROM seawall_version").fetchall() == [("0001",)]
    assert kept.execute("SELECT count(*) FROM incidents").fetchall() == [(20,)]
    kept.close()
    with pytest.raises(DatabaseNotMigrated, match="0001"):
        Database.open(copy)


def test_a_newer_database_is_refused_and_not_copied(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_store(folder, make=True).close()
    changed = sqlite3.connect(folder / "seawall.db", isolation_level=None)
    changed.execute("UPDATE seawall_version SET version_num = '9999'")
    changed.close()
    with pytest.raises(DatabaseNewer):
        open_store(folder, make=True)
    assert not list(folder.glob("*before*"))
