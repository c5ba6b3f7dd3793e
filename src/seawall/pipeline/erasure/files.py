"""Erase a person's names from the files of a folder: texts, tables, journals and registers, each replaced as a whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.pipeline.erasure.chains import erase_from_journal, erase_from_register
from seawall.response.notification.register import NAME as REGISTER
from seawall.storage.lake.erasing import erase_from_table
from seawall_base.append_only_file import AppendOnlyFile
from seawall_base.durable_file import write_whole
from seawall_base.errors import OutputUnwritable, SeawallError, UsageError
from seawall_base.name_erasure import NameErasure

JOURNAL: Final = ".journal.jsonl"
_FIX: Final = "check the free space and the folder's permissions, and run the command again"
_MANIFESTS: Final = ("manifest.json", "SHA256SUMS")
_SQLITE: Final = b"SQLite format 3\0"
_LARGEST_MEMBER: Final = 1 << 30

Outcome = Literal["rewritten", "renamed", "unreadable", "deleted"]


@dataclass(frozen=True, slots=True)
class FileErasure:
    """What happened to a file, or would: `names` counts lines, rows or entries that held a name, `why` explains the rest."""

    path: Path
    outcome: Outcome
    names: int = 0
    why: str = ""


def erase_from_folder(
    folder: Path,
    erasure: NameErasure,
    *,
    at: int,
    is_rehearsal: bool = False,
    should_delete: bool = False,
    done: frozenset[Path] = frozenset(),
) -> list[FileErasure]:
    """Replace names in every regular file below a folder, in contents and file names; return the files concerned.

    With `should_delete`, files that hold a name or may hold one, and cannot be rewritten, are deleted: archives,
    documents, databases of other programs. Otherwise they are `unreadable` and stay. Links are not followed. A file is
    replaced whole or not at all, so a stop loses nothing: run it again. The files and folders
    `done` are left out. Raises UsageError for a journal in use.
    """
    found: list[FileErasure] = []
    renewed: dict[str, str] = {}
    for path in list_files(folder):
        if path in done or not done.isdisjoint(path.parents):
            continue
        one = _erase_file(path, erasure, renewed, at, is_rehearsal=is_rehearsal)
        if one is not None and one.outcome == "unreadable" and should_delete:
            if not is_rehearsal:
                path.unlink(missing_ok=True)
            one = FileErasure(path, "deleted", one.names, one.why)
        if one is not None:
            found.append(one)
    if renewed and not is_rehearsal:
        _renew_manifests(folder, renewed)
    return [*found, *_rename(folder, erasure, is_rehearsal=is_rehearsal)]


def list_files(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder in order, without links; a file is itself."""
    if folder.is_file() and not folder.is_symlink():
        yield folder
        return
    for inner, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(inner) / name
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _erase_file(
    path: Path, erasure: NameErasure, renewed: dict[str, str], at: int, *, is_rehearsal: bool
) -> FileErasure | None:
    try:
        with _hold(path):
            before = path.read_bytes()
            after, names = _erase_content(path, before, erasure, at)
            if after == before:
                return None
            if not is_rehearsal:
                _replace(path, after)
    except OSError as error:
        return FileErasure(path, "unreadable", why=f"cannot be read: {error.strerror}")
    except _Unreadable as error:
        return FileErasure(path, "unreadable", why=str(error))
    except (OutputUnwritable, UsageError):
        raise
    except (pa.ArrowException, ValueError, SeawallError) as error:
        words = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return FileErasure(path, "unreadable", why=f"damaged: {erasure.replace_text(words)}")
    if not is_rehearsal:
        renewed[hashlib.sha256(before).hexdigest()] = hashlib.sha256(after).hexdigest()
    return FileErasure(path, "rewritten", names)


@contextmanager
def _hold(path: Path) -> Iterator[None]:
    """Hold a journal or register against writers. Raises UsageError if another process has it."""
    if not (path.name.endswith(JOURNAL) or path.name == REGISTER):
        yield
        return
    try:
        file = AppendOnlyFile.hold(path)
    except BlockingIOError:
        raise UsageError(f"{path}: in use by another process", fix="wait for it to end") from None
    with closing(file):
        yield


class _Unreadable(Exception):
    """A file holds a name, or may hold one, and cannot be rewritten."""


def _erase_content(path: Path, content: bytes, erasure: NameErasure, at: int) -> tuple[bytes, int]:
    """Return a file's content without names, and how many lines, rows or entries held one."""
    if path.name.endswith(JOURNAL):
        return erase_from_journal(content, erasure, at=at)
    if path.name == REGISTER:
        return erase_from_register(path, content, erasure, at=at)
    if content[:4] == b"PAR1":
        return _erase_parquet(content, erasure)
    if content[:2] == b"\x1f\x8b":
        return _erase_gzip(path, content, erasure, at)
    if is_opaque(content):
        if may_hold(content, erasure):
            raise _Unreadable(describe_opaque(content))
        return content, 0
    text = content.decode("utf-8", "surrogateescape")
    cleaned = erasure.replace_lines(text)
    changed = sum(one != two for one, two in zip(text.splitlines(), cleaned.splitlines(), strict=False))
    return (cleaned.encode("utf-8", "surrogateescape"), changed) if cleaned != text else (content, 0)


def is_opaque(content: bytes) -> bool:
    """Return whether a file is no text: an archive, a document, a picture, a database."""
    return content[:5] == b"%PDF-" or content[:4] == b"PK\x03\x04" or b"\0" in content[: 1 << 16]


def may_hold(content: bytes, erasure: NameErasure) -> bool:
    """Return whether a file that is no text holds a name, or is of a kind in which it cannot be searched for."""
    if content[:5] == b"%PDF-":
        return True
    if content[:4] == b"PK\x03\x04":
        return _archive_holds(content, erasure)
    texts = [
        content.decode("latin-1"),
        content.decode("utf-8", "replace"),
        content.decode("utf-16-le", "replace"),
    ]
    return any(erasure.replace_lines(text) != text for text in texts)


def describe_opaque(content: bytes) -> str:
    """Return why a file cannot be rewritten."""
    if content[:5] == b"%PDF-":
        return "a PDF, in which names cannot be searched for"
    if content[:4] == b"PK\x03\x04":
        return "an archive or a document that holds the name"
    return (
        "a database that holds the name"
        if content[:16] == _SQLITE
        else "a file of another kind with the name"
    )


def _archive_holds(content: bytes, erasure: NameErasure) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                if erasure.holds(member.filename) or member.file_size > _LARGEST_MEMBER:
                    return True
                inner = archive.read(member)
                text = inner.decode("utf-8", "replace")
                if inner[:4] == b"PAR1" or is_opaque(inner):
                    return True
                if erasure.replace_lines(text) != text:
                    return True
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error):
        return True
    return False


def _erase_parquet(content: bytes, erasure: NameErasure) -> tuple[bytes, int]:
    with pq.ParquetFile(io.BytesIO(content)) as file:
        groups = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
        table, changed = erase_from_table(file.read(), erasure)
    if not changed:
        return content, 0
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=max(groups))
    return sink.getvalue(), changed


def _erase_gzip(path: Path, content: bytes, erasure: NameErasure, at: int) -> tuple[bytes, int]:
    try:
        inner = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise _Unreadable("a damaged gzip file") from None
    cleaned, changed = _erase_content(path.with_suffix(""), inner, erasure, at)
    return (gzip.compress(cleaned, mtime=0), changed) if changed else (content, 0)


def _replace(path: Path, content: bytes) -> None:
    """Replace a file, with its mode."""
    mode = stat.S_IMODE(path.stat().st_mode)
    write_whole(path, content, fix=_FIX)
    with suppress(OSError):
        path.chmod(mode)


def _renew_manifests(folder: Path, renewed: dict[str, str]) -> None:
    """Put the digests of rewritten files into the manifests that name them."""
    for path in list_files(folder):
        if path.name in _MANIFESTS:
            before = after = path.read_text("utf-8", "surrogateescape")
            for old, new in renewed.items():
                after = after.replace(old, new)
            if after != before:
                _replace(path, after.encode("utf-8", "surrogateescape"))


def _rename(folder: Path, erasure: NameErasure, *, is_rehearsal: bool) -> list[FileErasure]:
    """Rename files and folders whose names hold the person's; the innermost first."""
    found = []
    for inner, folders, names in os.walk(folder, topdown=False):
        for name in sorted([*folders, *names]):
            other = erasure.replace_text(name)
            if other == name:
                continue
            path = Path(inner) / name
            target = Path(inner) / other
            if not is_rehearsal:
                number = 1
                while os.path.lexists(target):
                    number += 1
                    target = Path(inner) / f"{other}-{number}"
                path.rename(target)
            found.append(FileErasure(target, "renamed", 1))
    return found
