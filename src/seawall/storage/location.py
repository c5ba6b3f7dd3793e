"""The folder of a store: make it private to one user, check it, and open its database and event lake.

`check_folder` makes sure of three things:

1. the folder is no symbolic link, and belongs to the user who runs Seawall;
2. it is empty or Seawall's: a marker file says so, and names the kind of database;
3. nobody else may read it: permissions of others are taken away.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seawall.storage.database import Database
from seawall.storage.database.upgrading import MigrationResult, upgrade
from seawall.storage.errors import DatabaseNotMigrated, StoreRefused
from seawall.storage.joined_names import JoinedNames
from seawall.storage.lake import Lake
from seawall.storage.lake.layout import MARKER as LAKE_MARKER
from seawall.storage.lake.parts import settle
from seawall_base.errors import UsageError
from seawall_base.file_lock import FileLock
from seawall_base.operating_system import require_posix

DATABASE = "seawall.db"
EVENTS = "events"
MARKER = "store.json"
MAKING = "store.lock"
"""The file whose lock a process holds while it makes the parts of a new store."""

FORMAT = "seawall-store"
VERSION = 1
_LARGEST_MARKER = 10_000
_FIX_FOLDER = "check the free space and the folder's permissions"


@dataclass(frozen=True)
class Store:
    """An open store. `upgraded` reports the migration of an older database, None if no migration was needed."""

    folder: Path
    database: Database
    lake: Lake
    upgraded: MigrationResult | None = None

    def close(self) -> None:
        """Close the event lake and the database."""
        self.lake.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(folder: Path, database: str | None = None, *, make: bool = False) -> Store:
    """Open the store of a folder; `database` is the URL or path of its database if that lies outside the folder.

    With `make`, a missing store is created. A SQLite database of an older version is then copied beside itself and
    migrated. Raises `StoreRefused`, `LakeBroken` and the errors of `Database.open`.
    """
    check_folder(folder, make=make)
    place = database_place(folder, database)
    if make and not (folder / MARKER).exists():
        _make_store(folder, place)
    opened, upgraded = _open(place, folder, make=make)
    try:
        lake = _open_lake(folder / EVENTS)
    except BaseException:
        opened.close()
        raise
    lake.names_of = JoinedNames(opened).of
    return Store(folder, opened, lake, upgraded)


def _make_store(folder: Path, place: str) -> None:
    """Make the parts of a store, then its marker. Of processes that start at once, one does so, and the others wait for it."""
    with _hold_making(folder):
        if (folder / MARKER).exists():
            return
        Database.open(place, should_migrate=True).close()
        events = _refuse_link(folder / EVENTS)
        if not (events / LAKE_MARKER).exists():
            Lake.create(events).close()
        mark(folder, place)


@contextmanager
def _hold_making(folder: Path) -> Iterator[None]:
    """Hold the lock of making a store; the lock's file is gone afterwards."""
    path = folder / MAKING
    try:
        lock = _lock_linked(path)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error.strerror}", fix=_FIX_FOLDER) from error
    try:
        yield
    finally:
        with suppress(OSError):  # a file that stays does no harm
            path.unlink()
        lock.close()


def _lock_linked(path: Path) -> FileLock:
    """Lock the file of that name. A file that its holder removed before it let go is not that file any more."""
    while True:
        lock = FileLock(path)
        try:
            lock.hold()
            if lock.is_linked(path):
                return lock
        except BaseException:
            lock.close()
            raise
        lock.close()


def database_place(folder: Path, database: str | None = None) -> str:
    """Return the URL or path of a store's database. Raises `StoreRefused` if the store was made with another kind of
    database.
    """
    kind = _state(folder).get("database")
    given = "postgresql" if database is not None and database.startswith("postgres") else "sqlite"
    if kind is not None and kind != given:
        known = "a PostgreSQL database" if kind == "postgresql" else "a database of its own"
        raise StoreRefused(
            f"{folder}: this store was made with {known}",
            fix="give its URL with --database" if kind == "postgresql" else "run it without --database",
        )
    return database if database is not None else str(folder / DATABASE)


def check_folder(folder: Path, *, make: bool = False) -> None:
    """Refuse a folder that is no store of this user; with `make`, create a missing folder with permissions for its owner
    alone.
    """
    require_posix("the data store")
    try:
        if make:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise StoreRefused(
            f"{folder}: there is no store",
            fix="check the path; `seawall watch` and `seawall serve` create one (not with --no-watch)",
        ) from None
    except OSError as error:
        words = "a link, or no folder" if folder.is_symlink() or folder.exists() else error.strerror
        raise StoreRefused(f"{folder}: {words}", fix="choose a folder of your own for the store") from error
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise StoreRefused(
                f"{folder}: belongs to another user", fix="run as that user, or choose another folder"
            )
        _check_ours(folder, make=make)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(descriptor, 0o700)
    except OSError as error:
        raise StoreRefused(
            f"{folder}: {error.strerror}", fix="check the folder and its permissions"
        ) from error
    finally:
        os.close(descriptor)


def _check_ours(folder: Path, *, make: bool) -> None:
    names = {path.name for path in folder.iterdir()}
    if names & {MARKER, DATABASE}:  # opening them shows later whether they are Seawall's
        return
    if names - {EVENTS, MAKING, f"{MARKER}.new"}:  # other programs use folders named `events` too
        fix = "choose a new folder for the store" if make else "check the path"
        raise StoreRefused(f"{folder}: holds other files, and no store", fix=fix)
    if not make and names <= {MAKING}:
        raise StoreRefused(
            f"{folder}: empty, there is no store",
            fix="check the path; `seawall watch` and `seawall serve` create one there (not with --no-watch)",
        )


def _state(folder: Path) -> dict[str, Any]:
    """Return the content of the marker file, {} if there is none yet."""
    path = folder / MARKER
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            stated = json.loads(file.read(_LARGEST_MARKER))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StoreRefused(f"{path}: {error.strerror}", fix="check its permissions") from error
    except (ValueError, RecursionError):
        stated = None
    if not isinstance(stated, dict) or stated.get("format") != FORMAT:
        raise StoreRefused(f"{path}: damaged", fix="restore a backup")
    if stated.get("version") != VERSION:
        raise StoreRefused(f"{path}: of another version", fix="use the version of Seawall that wrote it")
    return stated


def mark(folder: Path, place: str) -> None:
    """Write the marker that makes the folder a store, after everything else; a part that is missing later was lost."""
    kind = "postgresql" if place.startswith("postgres") else "sqlite"
    waiting = folder / f"{MARKER}.new"
    try:
        waiting.unlink(missing_ok=True)
        with waiting.open("x", encoding="utf-8") as file:
            waiting.chmod(0o600)
            json.dump({"format": FORMAT, "version": VERSION, "database": kind}, file)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(folder / MARKER)
        settle(folder)
    except OSError as error:
        raise StoreRefused(f"{folder}: {error.strerror}", fix=_FIX_FOLDER) from error


def _open(place: str, folder: Path, *, make: bool) -> tuple[Database, MigrationResult | None]:
    try:
        return Database.open(place), None
    except DatabaseNotMigrated:
        if not make:
            raise
    upgraded = upgrade(place, copies=folder)
    return Database.open(place), upgraded


def _open_lake(root: Path) -> Lake:
    return Lake.open(_refuse_link(root))


def _refuse_link(root: Path) -> Path:
    if root.is_symlink():
        raise UsageError(f"{root}: the folder is a link", fix="keep the events in the store's own folder")
    return root
