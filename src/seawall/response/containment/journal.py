"""The journal of a containment: what was read, intended, done and confirmed, one line of JSON each, never changed.

Each line holds the hash of the line before it, so that a line that was changed, taken out or put in shows. A line is on the
disk before what it announces happens: `intent` before a call, `result` after it. A crash leaves at most an `intent` without
`result`, or a last line that is cut off; that one announced nothing that happened, is left out, and the next one says so.

Whoever can write the file can also write all of it anew: the hash of the last line (`head`) is said at the end of every run, to
be kept elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.errors import JournalBroken, JournalBusy
from seawall_base.durable_file import sync_folder
from seawall_base.errors import OutputUnwritable

LARGEST: Final = 256 * 1024 * 1024
_NOTHING: Final = "0" * 64
_OTHER: Final = "give the journal that `seawall respond apply` wrote"
_APPLY: Final = (
    "`seawall respond apply PLAN --apply --approver NAME --config FILE` writes PLAN.journal.jsonl, "
    "or the file of its --journal"
)
_FIX: Final = "look at the vendor what was done; keep the file as it is"

Entry = dict[str, Any]


class Journal:
    """An open journal, locked against every other process. `entries` are all lines so far."""

    def __init__(
        self, path: Path, descriptor: int, entries: list[Entry], head: str, clock: Callable[[], str]
    ) -> None:
        self.path = path
        self.entries = entries
        self.head = head
        self._descriptor = descriptor
        self._clock = clock
        self._is_whole = True

    def append(self, event: str, **content: Any) -> Entry:
        """Add a line, and return when it is on the disk. Raises OutputUnwritable; then nothing may happen."""
        if not self._is_whole:
            raise OutputUnwritable(f"{self.path}: the last line was not written whole", fix="run it again")
        entry: Entry = {
            "number": len(self.entries) + 1,
            "previous": self.head,
            "at": self._clock(),
            "event": event,
            **content,
        }
        line = msgspec.json.encode(entry) + b"\n"
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            raise OutputUnwritable(
                f"{self.path}: {error.strerror or error}",
                fix="free space: nothing is done that is not journalled",
            ) from error
        self.head = _hash(line)
        self.entries.append(entry)
        return entry


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        line = line[os.write(descriptor, line) :]


@contextmanager
def opened(path: Path, *, clock: Callable[[], str]) -> Iterator[Journal]:
    """Open a journal, or begin one, and hold it against other processes until the end.

    Raises JournalBusy, JournalBroken, OutputUnwritable.
    """
    descriptor = _descriptor(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JournalBusy(f"{path}: in use by another process", fix="wait for it to end") from None
        entries, head, whole = _read(path, _content(descriptor))
        journal = Journal(path, descriptor, entries, head, clock)
        if whole is not None:
            # What was cut off announced nothing that happened: lines are on the disk before that.
            os.ftruncate(descriptor, whole)
            os.lseek(descriptor, 0, os.SEEK_END)
            journal.append("torn")
        yield journal
    finally:
        os.close(descriptor)


def read(path: Path) -> list[Entry]:
    """Return the lines of a journal, without locking it. Raises JournalBroken."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise JournalBroken(
            f"{path}: there is no such journal: what was contained is not known", fix=_APPLY
        ) from None
    except OSError as error:
        raise JournalBroken(f"{path}: the journal cannot be read: {error.strerror}", fix=_OTHER) from None
    try:
        return _read(path, _content(descriptor))[0]
    finally:
        os.close(descriptor)


def _descriptor(path: Path) -> int:
    flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
            sync_folder(path.parent)
        except FileExistsError:
            descriptor = os.open(path, flags)
    except OSError as error:
        raise OutputUnwritable(
            f"{path}: {error.strerror}", fix="choose another place with --journal"
        ) from None
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.getuid() or stat.S_IMODE(about.st_mode) & 0o077:
        os.close(descriptor)
        raise JournalBroken(f"{path}: not a file of this user alone", fix="a journal has mode 0600")
    return descriptor


def _content(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    if size > LARGEST:
        raise JournalBroken(f"the journal is larger than {LARGEST:,} bytes", fix=_FIX)
    content = b""
    while len(content) < size:
        piece = os.pread(descriptor, size - len(content), len(content))
        if not piece:
            break
        content += piece
    return content


def _read(path: Path, content: bytes) -> tuple[list[Entry], str, int | None]:
    """The entries, the hash of the last line, and where whole lines end if the last one is cut off."""
    entries: list[Entry] = []
    head, place = _NOTHING, 0
    while (end := content.find(b"\n", place)) >= 0:
        line = content[place : end + 1]
        try:
            entry = msgspec.json.decode(line, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            if content.startswith(b'{\n "plan_version"'):
                raise JournalBroken(f"{path}: a plan, not its journal", fix=_OTHER) from None
            raise JournalBroken(f"{path}: line {len(entries) + 1} is not JSON", fix=_FIX) from None
        if entry.get("previous") != head or entry.get("number") != len(entries) + 1:
            raise JournalBroken(
                f"{path}: line {len(entries) + 1} does not follow the line before it", fix=_FIX
            )
        entries.append(entry)
        head, place = _hash(line), end + 1
    return entries, head, place if place < len(content) else None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
