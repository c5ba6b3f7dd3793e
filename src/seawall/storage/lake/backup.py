"""Back up and restore a lake: plain copies of the parts, and a manifest with the SHA-256 of each, written last.

`restore` restores a backup completely or not at all. It checks:

1. the manifest exists, has this version, and its own checksum is right;
2. every path in the manifest is a path that a part can have, and is listed once;
3. the backup holds no file, folder or link that the manifest does not list;
4. every copied file has the stated size and SHA-256;
5. nothing exists at the target path. The copy gets that name only when it is complete and on disk.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from seawall.storage.errors import BackupInvalid
from seawall.storage.lake import formats, layout, locks, maintenance, parts
from seawall.storage.lake.lake import Lake
from seawall.storage.lake.outcomes import DamagedPart

MANIFEST = "manifest.json"
FORMAT = "seawall-lake-backup"
_LARGEST_MANIFEST = 256 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class BackedUp:
    """The size of a backup: number of parts, and bytes. Damaged parts are copied as they are and stay damaged."""

    parts: int
    size: int
    damaged: tuple[DamagedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a backup: relative path with `/`, bytes, hexadecimal SHA-256."""

    path: str
    size: int
    sha256: str


def back_up(lake: Lake, target: Path) -> BackedUp:
    """Copy a lake into a new or empty folder outside the lake; events may be appended meanwhile.

    The manifest is written last; a backup without a manifest is incomplete. Raises `BackupInvalid`.
    """
    inside, outside = lake.root.resolve(), target.resolve()
    if outside == inside or inside in outside.parents:
        raise BackupInvalid(f"{target}: lies inside the folder to back up", fix="choose a folder elsewhere")
    with locks.hold_lock(lake.root, "keeping", exclusive=True):
        paths = maintenance.all_parts(lake.root)
        _, damaged = parts.sound(paths)
        try:
            _claim(target)
            files = [_copy(lake.root, target, path.relative_to(lake.root).as_posix()) for path in paths]
            _write_manifest(target, files)
        except OSError as error:
            raise layout.unreadable(target, error) from error
    return BackedUp(len(files), sum(file.size for file in files), tuple(damaged))


def restore(backup: Path, root: Path) -> BackedUp:
    """Restore a backup as a new lake at `root`, which must not exist. Raises `BackupInvalid` and leaves no folder behind."""
    if os.path.lexists(root):
        raise BackupInvalid(
            f"{root}: exists already", fix="restore into a new folder, or move the old one away"
        )
    files = _manifest(backup)
    _check_nothing_else(backup, files)
    building = root.parent / f".{root.name}.{uuid4().hex}"
    try:
        Lake.create(building).close()
        for file in files:
            if _copy(backup, building, file.path) != file:
                raise BackupInvalid(
                    f"{backup / file.path}: differs from the backed up file", fix="take another backup"
                )
        formats.check(building)
        os.rename(building, root)  # noqa: PTH104 - must fail if a full folder appeared there
        parts.settle(root.parent)
    except OSError as error:
        raise BackupInvalid(
            f"{root}: {error.strerror or error}", fix="check both folders and the disk"
        ) from error
    finally:
        shutil.rmtree(building, ignore_errors=True)
    _, damaged = parts.sound(root / file.path for file in files)
    return BackedUp(len(files), sum(file.size for file in files), tuple(damaged))


def _claim(target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(target.iterdir()):
        raise BackupInvalid(f"{target}: not empty", fix="choose a new folder for each backup")
    (target / layout.TENANTS).mkdir(mode=0o700)


def _copy(source: Path, target: Path, relative: str) -> _File:
    """Copy a file without following links; the copy is on disk on return."""
    to = target / relative
    to.parent.parent.mkdir(mode=0o700, exist_ok=True)
    to.parent.mkdir(mode=0o700, exist_ok=True)
    measured, size = sha256(), 0
    descriptor = os.open(source / relative, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as reader, to.open("xb") as writer:
        to.chmod(0o600)
        while chunk := reader.read(_CHUNK):
            measured.update(chunk)
            size += len(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    parts.settle(to.parent)
    parts.settle(to.parent.parent)
    return _File(relative, size, measured.hexdigest())


def _write_manifest(target: Path, files: Sequence[_File]) -> None:
    rows = [[file.path, file.size, file.sha256] for file in files]
    document = {"format": FORMAT, "version": parts.VERSION, "files": rows, "sha256": _sum(rows)}
    parts.settle(target / layout.TENANTS)
    write_manifest(target / MANIFEST, document)


def write_manifest(path: Path, document: Mapping[str, Any]) -> None:
    """Write a manifest, on the disk when this returns: it makes a folder a backup. Raises OSError."""
    waiting = path.with_name(f"{path.name}.new")
    with waiting.open("x", encoding="utf-8") as writer:
        waiting.chmod(0o600)
        json.dump(document, writer, indent=0)
        writer.flush()
        os.fsync(writer.fileno())
    waiting.replace(path)
    parts.settle(path.parent)


def _sum(rows: Sequence[Any]) -> str:
    return sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def read_manifest(path: Path, form: str, version: int, largest: int) -> dict[str, Any]:
    """Return what a manifest of a form and version states, its own sum too, unjudged. Raises BackupInvalid."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as reader:
            text = reader.read(largest + 1)
        document = json.loads(text) if len(text) <= largest else None
    except OSError as error:
        raise BackupInvalid(
            f"{path}: {error.strerror or error}", fix="check the path of the backup"
        ) from error
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("format") != form:
        raise BackupInvalid(f"{path}: not the manifest of a backup", fix="take another backup")
    if document.get("version") != version:
        raise BackupInvalid(f"{path}: of another version", fix="use the version of Seawall that wrote it")
    return document


def _manifest(backup: Path) -> list[_File]:
    path = backup / MANIFEST
    document = read_manifest(path, FORMAT, parts.VERSION, _LARGEST_MANIFEST)
    rows = document.get("files")
    if not isinstance(rows, list) or document.get("sha256") != _sum(rows):
        raise BackupInvalid(f"{path}: changed since it was written", fix="take another backup")
    files = [_file(path, row) for row in rows]
    if len({file.path for file in files}) != len(files):
        raise BackupInvalid(f"{path}: names a file twice", fix="take another backup")
    return files


def _file(manifest: Path, row: object) -> _File:
    match row:
        case [str(path), int(size), str(stated)] if layout.is_part_path(path):
            return _File(path, size, stated)
    raise BackupInvalid(f"{manifest}: names a file that is not part of a backup", fix="take another backup")


def _check_nothing_else(backup: Path, files: Sequence[_File]) -> None:
    named = {file.path for file in files} | {MANIFEST}
    folders = {parent.as_posix() for file in files for parent in Path(file.path).parents} | {layout.TENANTS}
    found = set()
    for path, is_folder in _everything(backup):
        if path not in (folders if is_folder else named):
            raise BackupInvalid(f"{backup / path}: not in the manifest", fix="remove it if it is not yours")
        found.add(path)
    missing = sorted(named - found)
    if missing:
        raise BackupInvalid(f"{backup / missing[0]}: missing", fix="take another backup")


def _everything(backup: Path) -> Iterator[tuple[str, bool]]:
    """Yield the path of everything in a folder, and whether it is a folder; a link counts as a file."""
    pending = [backup]
    while pending:
        try:
            found = list(pending.pop().iterdir())
        except OSError as error:
            raise BackupInvalid(
                f"{backup}: {error.strerror or error}", fix="check its permissions"
            ) from error
        for path in found:
            is_folder = path.is_dir() and not path.is_symlink()
            pending += [path] if is_folder else []
            yield path.relative_to(backup).as_posix(), is_folder
