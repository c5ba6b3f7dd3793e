"""Back up and restore a whole store: the database, the event lake, and a manifest with the SHA-256 of both.

`back_up` copies the database first, in one transaction, and the events after it. Every event that the database refers to is
therefore in the copy, even while a writer goes on. The manifest lists the days to which events were appended in between; a
restore marks them to be scored again. The manifest is written last.

`restore` restores a backup completely or not at all. It checks:

1. the manifest exists, has this version, and its own checksum is right;
2. the folder of the backup holds no unknown file;
3. the database has the stated SHA-256, is Seawall's, and its audit trail is whole up to the stated head;
4. the manifest of the events has the stated SHA-256, and its parts match it (`seawall.storage.lake.backup`);
5. nothing exists at the target path. The restored store is renamed to that path only when it is complete.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import msgspec

from seawall.storage import lake as lakes
from seawall.storage.database import Database
from seawall.storage.database.copying import copy_all
from seawall.storage.database.upgrading import copy_file, upgrade, version
from seawall.storage.errors import BackupInvalid, DatabaseNotMigrated
from seawall.storage.lake import layout
from seawall.storage.lake.backup import MANIFEST as EVENTS_MANIFEST
from seawall.storage.lake.backup import read_manifest, write_manifest
from seawall.storage.lake.parts import settle
from seawall.storage.location import DATABASE, EVENTS, Store, mark
from seawall_base.errors import SeawallError
from seawall_base.hash_chain import ChainHead
from seawall_base.msgspec_types import prepare

MANIFEST = "store-backup.json"
FORMAT = "seawall-store-backup"
VERSION = 1
CARRIED = ("secret.key",)
"""Optional files of the store's folder that a backup includes. The console's secret encrypts the seeds of one-time codes."""

_LARGEST_MANIFEST = 1 << 20
_CHUNK = 1 << 20


class _Stated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a manifest. `at` is in microseconds since 1970, `days` are days since 1970 within years 1 to 9999."""

    at: int
    database: str
    database_version: str
    events: str
    head: tuple[Annotated[int, msgspec.Meta(ge=0)], str]
    days: list[Annotated[int, msgspec.Meta(ge=-719_162, le=2_932_896)]]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class BackupResult:
    """What a backup contains, or what a restore brought back. `damaged` names Parquet parts that were damaged before the
    backup.
    """

    database_bytes: int
    database_version: str
    parts: int
    event_bytes: int
    damaged: tuple[str, ...]
    days_to_score: tuple[int, ...]
    head: ChainHead


def back_up(store: Store, target: Path, *, at: int) -> BackupResult:
    """Copy a store into a new or empty folder outside the store; writers may go on meanwhile.

    `at` is the current time in microseconds since 1970. Raises `BackupInvalid` if the target cannot be used.
    """
    inside, outside = store.folder.resolve(), target.resolve()
    if outside == inside or inside in outside.parents:
        raise BackupInvalid(f"{target}: lies inside the folder to back up", fix="choose a folder elsewhere")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise BackupInvalid(f"{target}: not empty", fix="choose a new folder for each backup")
    except OSError as error:
        raise BackupInvalid(
            f"{target}: {error.strerror}", fix="choose a folder that you may write"
        ) from error
    before = _part_paths(store.lake.root)
    _copy_database(store.database, target / DATABASE)
    copied = lakes.back_up(store.lake, target / EVENTS)
    carried = _copy_optional_files(store.folder, target)
    head = _head(target / DATABASE)
    days = tuple(sorted({_day(path) for path in _part_paths(target / EVENTS) - before}))
    try:
        document = {
            "at": at,
            "database": _sum_of(target / DATABASE),
            "database_version": version(target / DATABASE),
            "events": _sum_of(target / EVENTS / EVENTS_MANIFEST),
            "head": [head.sequence, head.digest],
            "days": list(days),
            "files": carried,
        }
        stated = {"format": FORMAT, "version": VERSION, **document, "sha256": _own_sum(document)}
        write_manifest(target / MANIFEST, stated)
    except OSError as error:
        raise BackupInvalid(f"{target}: {error.strerror}", fix="free space on its disk") from error
    return _result(target, document, copied)


def restore(backup: Path, folder: Path, database: str | None = None) -> BackupResult:
    """Restore a backup as a new store at `folder`, which must not exist; put the database at the URL `database` if given.

    Raises `BackupInvalid` and leaves no folder behind. At a URL, empty tables may stay behind.
    """
    if os.path.lexists(folder):
        raise BackupInvalid(
            f"{folder}: exists already", fix="restore into a new folder, or move the old one away"
        )
    stated = _manifest(backup)
    building = folder.parent / f".{folder.name}.{uuid4().hex}"
    try:
        building.mkdir(mode=0o700, parents=True)
        copied = lakes.restore(backup / EVENTS, building / EVENTS)
        _take_database(backup, building, stated)
        if _copy_optional_files(backup, building) != stated["files"]:
            raise BackupInvalid(f"{backup}: differs from the backed up data", fix="take another backup")
        place = str(building / DATABASE) if database is None else database
        if database is not None:
            copy_all(building / DATABASE, database)
            (building / DATABASE).unlink()
        _score_again(place, stated["days"])
        mark(building, place)
        os.rename(building, folder)  # noqa: PTH104 - must fail if a full folder appeared there
        settle(folder.parent)
    except OSError as error:
        raise BackupInvalid(f"{folder}: {error.strerror}", fix="check both folders and the disk") from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return _result(backup, stated, copied)


def _result(backup: Path, stated: Mapping[str, Any], events: lakes.BackedUp) -> BackupResult:
    return BackupResult(
        (backup / DATABASE).stat().st_size, str(stated["database_version"]), events.parts, events.size,
        tuple(damaged.path.name for damaged in events.damaged), tuple(stated["days"]), ChainHead(*stated["head"]),
    )  # fmt: skip


def _copy_database(database: Database, to: Path) -> None:
    if database.file is not None:
        copy_file(database.file, to)
    else:
        copy_all(database.url, to)


def _copy_optional_files(source: Path, target: Path) -> dict[str, str]:
    """Copy the files of `CARRIED` that exist; return their SHA-256 by name."""
    found = [name for name in CARRIED if (source / name).is_file() and not (source / name).is_symlink()]
    for name in found:
        _copy(source / name, target / name)
    return {name: _sum_of(target / name) for name in found}


def _part_paths(lake: Path) -> set[str]:
    return {path.relative_to(lake).as_posix() for path in lake.glob("tenants/*/*/*.parquet")}


def _day(path: str) -> int:
    return (date.fromisoformat(path.split("/")[2]) - layout.EPOCH).days


def _head(file: Path) -> ChainHead:
    try:
        opened = Database.open(file)
    # a database of an older version is copied without a check of its audit trail
    except DatabaseNotMigrated:
        return ChainHead(0, "")
    try:
        with opened.reading() as work:
            return work.audit.head()
    finally:
        opened.close()
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)


def _take_database(backup: Path, building: Path, stated: Mapping[str, Any]) -> None:
    file = building / DATABASE
    _copy(backup / DATABASE, file)
    if _sum_of(file) != stated["database"]:
        raise BackupInvalid(
            f"{backup / DATABASE}: differs from the backed up file", fix="take another backup"
        )
    try:
        upgrade(file, copies=building)
        (building / f"{DATABASE}.before-{version(file)}").unlink(missing_ok=True)
        opened = Database.open(file)
        try:
            with opened.reading() as work:
                known = ChainHead(*stated["head"])
                verdict = work.audit.verify(known if known.sequence else None)
        finally:
            opened.close()
    except SeawallError as error:
        raise BackupInvalid(f"{backup / DATABASE}: {error.message}", fix="take another backup") from error
    if not verdict.is_whole:
        raise BackupInvalid(f"{backup / DATABASE}: audit trail: {verdict.fault}", fix="take another backup")


def _score_again(place: str, days: list[int]) -> None:
    opened = Database.open(place)
    try:
        with opened.writing() as work:
            work.dirty.add(days)
    finally:
        opened.close()


def _copy(source: Path, to: Path) -> None:
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as reader, to.open("xb") as writer:
        to.chmod(0o600)
        shutil.copyfileobj(reader, writer, _CHUNK)
        writer.flush()
        os.fsync(writer.fileno())


def _sum_of(path: Path) -> str:
    measured = sha256()
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        while chunk := file.read(_CHUNK):
            measured.update(chunk)
    return measured.hexdigest()


def _own_sum(document: Mapping[str, Any]) -> str:
    return sha256(json.dumps(dict(document), separators=(",", ":"), sort_keys=True).encode()).hexdigest()


def _manifest(backup: Path) -> dict[str, Any]:
    path = backup / MANIFEST
    stated = read_manifest(path, FORMAT, VERSION, _LARGEST_MANIFEST)
    try:
        names = {entry.name for entry in backup.iterdir()}
    except OSError as error:
        raise BackupInvalid(f"{backup}: {error.strerror}", fix="check the path of the backup") from error
    document = {k: v for k, v in stated.items() if k not in ("format", "version", "sha256")}
    if stated.get("sha256") != _own_sum(document):
        raise BackupInvalid(f"{path}: changed since it was written", fix="take another backup")
    try:
        msgspec.convert(document, _Stated)
    except msgspec.ValidationError:
        raise BackupInvalid(f"{path}: not the manifest of a backup", fix="take another backup") from None
    unknown = sorted(names - {MANIFEST, DATABASE, EVENTS, *document["files"]})
    if unknown:
        raise BackupInvalid(
            f"{backup / unknown[0]}: not part of a backup", fix="remove it if it is not yours"
        )
    if (backup / EVENTS).is_symlink() or _sum_of_or_none(backup) != document["events"]:
        raise BackupInvalid(f"{backup / EVENTS}: differs from the backed up file", fix="take another backup")
    return document


def _sum_of_or_none(backup: Path) -> str | None:
    try:
        return _sum_of(backup / EVENTS / EVENTS_MANIFEST)
    except OSError:
        return None


prepare(_Stated)
