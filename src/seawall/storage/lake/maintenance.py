"""Maintain a lake: compaction, pruning, and removal of files that interrupted writers left behind.

Callers hold the locks. Compaction moves the merged part into place before it removes the old ones. A crash in between
leaves copies of rows; queries answer each row once, and the next compaction drops the copies.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pyarrow as pa

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import layout, locks, parts, query
from seawall.storage.lake.delta_log import LOG
from seawall.storage.lake.footers import Footer, Footers, overlap
from seawall.storage.lake.outcomes import CompactionResult, DamagedPart, DaySize, LakePruneResult
from seawall.storage.lake.query import LakeReader


def sweep(root: Path) -> int:
    """Remove the files of interrupted writers unless a writer is active; return the bytes removed."""
    with locks.alone(root, "writing") as is_alone:
        if not is_alone:
            return 0
        size = leftovers(root)
        for path in _list(root / layout.INCOMING):
            _remove(path)
        return size


def leftovers(root: Path) -> int:
    """Return the bytes of files that are still being written or were left behind."""
    total = 0
    for path in (root / layout.INCOMING).rglob("*"):
        try:
            total += path.lstat().st_size if not path.is_dir() else 0
        except FileNotFoundError:
            continue
    return total


def all_parts(root: Path) -> list[Path]:
    """Return the parts of all organisations and days."""
    return [
        path
        for folder in layout.folders(root)
        for _, day in layout.days(folder)
        for path in layout.parts(day)
    ]


def measure_day(day: date, folder: Path) -> tuple[DaySize | None, list[DamagedPart]]:
    """Return the size of a day by the footers of its parts, None if no part is sound, and the damaged parts."""
    tenant, count, rows, size = "", 0, 0, 0
    damaged: list[DamagedPart] = []
    for path in layout.parts(folder):
        try:
            tenant, held = parts.footer(path)
            size += path.stat().st_size
        except (OSError, pa.ArrowException, ValueError) as error:
            damaged.append(DamagedPart(path, str(error)[:200]))
        else:
            count, rows = count + 1, rows + held
    return (DaySize(tenant, day, count, rows, size) if count else None), damaged


@dataclass(frozen=True, slots=True)
class LakeDay:
    """A day of an organisation and its folder."""

    day: date
    folder: Path


class SettledDays:
    """Find the days whose parts are worth merging, and remember the others, so that they are not read again."""

    def __init__(self, known: Footers) -> None:
        self._known = known
        self._done: dict[Path, list[Path]] = {}

    def parts_of(self, day: LakeDay) -> list[Path]:
        """Return the parts of a day if merging them would drop copies or leave fewer parts, else none."""
        paths = layout.parts(day.folder)
        if len(paths) < 2 or self._done.get(day.folder) == paths:
            return []
        found = _readable(paths, self._known)
        rows = sum(_rows(footer) for footer in found)
        few = len(found) <= 2 * -(-rows // query.STRETCH) + 1
        if len(found) < len(paths) or not few or overlap(found):
            return paths
        if not all(footer.is_merged for footer in found):
            return paths
        self._done[day.folder] = paths
        return []


def list_appended(day: LakeDay, known: Footers, most: int) -> list[Path]:
    """Return the unmerged parts of a day if they are more than `most`, with the merged parts that are no larger.

    A row is thus written again only when the part that holds it has doubled, and never if that part is full.
    """
    found = _readable(layout.parts(day.folder), known)
    chosen = [footer for footer in found if not footer.is_merged]
    if len(chosen) <= most:
        return []
    rows = sum(_rows(footer) for footer in chosen)
    for footer in sorted((footer for footer in found if footer.is_merged), key=_rows):
        if _rows(footer) > min(rows, query.STRETCH // 2):
            break
        rows += _rows(footer)
        chosen.append(footer)
    return [footer.path for footer in chosen]


def _rows(footer: Footer) -> int:
    return sum(group.rows for group in footer.groups)


def _readable(paths: Sequence[Path], known: Footers) -> list[Footer]:
    found = []
    for path in paths:
        with suppress(OSError, pa.ArrowException, ValueError):
            found.append(known.of(path))
    return found


def merge_parts(
    root: Path, folder: Path, paths: Sequence[Path], reader: LakeReader, before: CompactionResult
) -> CompactionResult:
    """Merge the sound parts among `paths` into one for each stretch of time; return `before` with the work added."""
    if not paths:
        return before
    good, bad = parts.sound(paths)
    total = CompactionResult(before.days, before.parts, before.rows, before.copies, (*before.damaged, *bad))
    if len(good) < 2:
        return total
    stated = [parts.footer(path) for path in good]
    if {tenant for tenant, _ in stated} != {stated[0][0]}:
        raise LakeBroken(f"{folder}: parts of several organisations", fix="restore a backup")
    files: list[Path] = []
    rows = copies = 0
    try:
        for table, dropped in reader.slices(good):
            file = parts.waiting(root)
            with parts.writer(file, stated[0][0], is_merged=True) as writer:
                files.append(file)
                writer.write_table(table, row_group_size=parts.GROUP)
            rows, copies = rows + len(table), copies + dropped
        if rows + copies != sum(held for _, held in stated):
            raise LakeBroken(f"{folder}: rows changed while they were merged", fix="run it again")
        _swap(root, files, folder, good)
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    return CompactionResult(
        total.days + 1, total.parts + len(good), total.rows + rows, total.copies + copies, total.damaged
    )


def _swap(root: Path, files: Sequence[Path], folder: Path, old: Sequence[Path]) -> None:
    names = "\n".join(path.name for path in old)
    try:
        with locks.hold_lock(root, "reading", exclusive=True):
            for number, file in enumerate(files):
                name = sha256(f"{number}\n{names}".encode()).hexdigest()[:32] + layout.PART_SUFFIX
                parts.put(file, folder, name)
            _take_away(root, old)
            parts.settle(folder)
    except OSError as error:
        raise layout.unreadable(folder, error) from error


def _take_away(root: Path, old: Sequence[Path]) -> None:
    """Delete merged parts; in a published lake mark them as retired, because Delta readers may still read them."""
    is_published = (root / LOG).is_dir()
    for path in old:
        if is_published:
            path.with_suffix(layout.RETIRED_SUFFIX).touch(mode=0o600)
        else:
            path.unlink(missing_ok=True)


def discard(part: Path) -> None:
    """Delete a retired part, then its mark."""
    try:
        part.unlink(missing_ok=True)
        part.with_suffix(layout.RETIRED_SUFFIX).unlink(missing_ok=True)
    except OSError as error:
        raise layout.unreadable(part, error) from error


def prune_days(root: Path, before: date) -> LakePruneResult:
    """Delete all days before a day: each day disappears at once by a rename, then its files are deleted."""
    days = count = size = 0
    for folder in layout.folders(root):
        for day, path in layout.days(folder):
            if day >= before:
                continue
            held = layout.parts(path)
            days, count = days + 1, count + len(held)
            size += sum(part.stat().st_size for part in held)
            _vanish(root, path)
        with locks.hold_lock(root, "reading", exclusive=True):
            if not any(folder.iterdir()):
                folder.rmdir()
    _prune_raw(root, before)
    return LakePruneResult(days, count, size)


def _prune_raw(root: Path, before: date) -> None:
    """Delete the records as they came of all days before a day."""
    for folder in layout.folders(root / layout.RAW):
        for day, path in layout.days(folder):
            if day < before:
                _vanish(root, path)


def _vanish(root: Path, folder: Path) -> None:
    gone = root / layout.INCOMING / f"{uuid4().hex}.gone"
    try:
        with locks.hold_lock(root, "reading", exclusive=True):
            folder.rename(gone)
            parts.settle(folder.parent)
        shutil.rmtree(gone)
    except OSError as error:
        raise layout.unreadable(folder, error) from error


def _list(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise layout.unreadable(folder, error) from error


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise layout.unreadable(path, error) from error
