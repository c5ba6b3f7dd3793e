"""The paths of a lake: `tenants/<organisation>/<day>/<part>.parquet`. No path contains text from a log unchanged.

An organisation's folder is named after the harmless characters of its id and a hash of the whole id. An id from a log may
hold separators, control characters or a thousand characters, and two ids may differ in case alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from seawall.storage.errors import LakeBroken

TENANTS = "tenants"
INCOMING = "incoming"
RAW = "raw"
"""Folder with records as they came, by organisation and day as the events are."""
MARKER = "lake.json"
PART_SUFFIX = ".parquet"
RETIRED_SUFFIX = ".retired"
"""Suffix of an empty file beside a merged part: the lake ignores the part, Delta readers may still read it."""

_READABLE = 40
_TENANT_NAME = r"[a-z0-9][a-z0-9.-]{0,39}\.[0-9a-f]{32}"
_DAY_NAME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_PART_NAME = r"[0-9a-f]{32}\.parquet"
_TENANT = re.compile(_TENANT_NAME)
_DAY = re.compile(_DAY_NAME)
_PART = re.compile(_PART_NAME)
_RETIRED = re.compile(r"[0-9a-f]{32}\.retired")
_PART_PATH = re.compile(f"{TENANTS}/{_TENANT_NAME}/{_DAY_NAME}/{_PART_NAME}")

EPOCH = date(1970, 1, 1)
DAY_MICROSECONDS = 86_400_000_000


def tenant_folder(tenant: str) -> str:
    """Return the folder name of an organisation: at most 73 characters of `a-z0-9.-`, different for each id."""
    readable = re.sub(r"[^a-z0-9.-]+", "-", tenant.lower())[:_READABLE].strip(".-") or "x"
    return f"{readable}.{sha256(tenant.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def day_of(time: int) -> date:
    """Return the day (UTC) of a time in microseconds since 1970."""
    return EPOCH + timedelta(days=time // DAY_MICROSECONDS)


def start_of(day: date) -> int:
    """Return the start of a day (UTC) in microseconds since 1970."""
    return (day - EPOCH).days * DAY_MICROSECONDS


def moment(time: int) -> datetime:
    """Return a time in microseconds since 1970 as an aware datetime."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)


def day_folder(root: Path, tenant: str, day: date) -> Path:
    """Return the folder of an organisation's parts of a day."""
    return root / TENANTS / tenant_folder(tenant) / day.isoformat()


def folders(root: Path) -> Iterator[Path]:
    """Yield the folders of organisations by name, without links and folders with other names."""
    yield from _matching(root / TENANTS, _TENANT)


def days(folder: Path) -> Iterator[tuple[date, Path]]:
    """Yield (day, folder) of an organisation's folder, ascending."""
    for path in _matching(folder, _DAY):
        try:
            day = date.fromisoformat(path.name)
        except ValueError:
            continue
        yield day, path


def parts(folder: Path) -> list[Path]:
    """Return the part files of a day's folder by name, without retired ones."""
    return contents(folder)[0]


def contents(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the part files of a day's folder, and the retired ones, which may be deleted already."""
    named, marked = list[str](), set[str]()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if _PART.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    named.append(entry.name)
                elif _RETIRED.fullmatch(entry.name):
                    marked.add(entry.name.removesuffix(RETIRED_SUFFIX) + PART_SUFFIX)
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError as error:
        raise unreadable(folder, error) from error
    return [folder / name for name in sorted(named) if name not in marked], [
        folder / name for name in sorted(marked)
    ]


def is_part_path(text: str) -> bool:
    """Return whether a relative path is one that a part can have; `restore` accepts no others."""
    return _PART_PATH.fullmatch(text) is not None


def unreadable(path: Path, error: OSError) -> LakeBroken:
    """Return a `LakeBroken` that explains why the system refused a path of the lake."""
    reason = error.strerror or str(error)
    if (
        error.errno is not None and "[errno " in reason
    ):  # Arrow puts the call and the error number before the reason
        reason = os.strerror(error.errno)
    return LakeBroken(
        f"{path}: {reason}", fix="check the free space, and that this user may read and write it"
    )


def _matching(folder: Path, name: re.Pattern[str]) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise unreadable(folder, error) from error
    yield from (p for p in found if name.fullmatch(p.name) and p.is_dir() and not p.is_symlink())
