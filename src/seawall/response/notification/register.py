"""The register of who was told: lines in a file beside the case, each bound to the one before by its hash, as in the audit trail.

A line is on the disk before what it announces is done. A line without its end was cut off by a crash: what it would have
announced did not happen, so it is set aside by the next writer, who says so in a line of its own. Anything else that does not
fit refuses the whole file. Cutting whole lines off the end is what a chain cannot show: keep a `Head` elsewhere, for `check`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from seawall.response.errors import RegisterBroken, RegisterInUse
from seawall_base.durable_file import sync_folder
from seawall_base.times import parse_rfc3339, rfc3339

NAME: Final = "register.jsonl"
LARGEST: Final = 256 * 1024 * 1024
START: Final = "0" * 64
"""What the first entry is bound to."""

Action = Literal[
    "letter",
    "intent",
    "sent",
    "failed",
    "unsure",
    "bounced",
    "noted",
    "acknowledged",
    "told",
    "reported",
    "repaired",
]
"""`letter`: a version was made final. `intent`: it is about to be sent. `sent`, `failed`, `unsure`: how that ended. `bounced`,
`noted`: what a mail server said later. `told`: a person told them otherwise. `reported`: an authority was told."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `at` is in microseconds; `details` are plain data and hold no secret."""

    sequence: int
    at: int
    action: Action
    recipient: str
    version: int
    way: str
    target: str
    by: str
    details: Mapping[str, Any]
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the register at some time."""

    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"


class Register:
    """The entries of a register, in their order; `append` is for the one who holds `writing`."""

    def __init__(self, path: Path, entries: list[Entry], descriptor: int | None = None) -> None:
        self.path = path
        self.entries = entries
        self._descriptor = descriptor

    @property
    def head(self) -> Head:
        """The end."""
        return Head(self.entries[-1].sequence, self.entries[-1].digest) if self.entries else Head(0, START)

    @classmethod
    def read(cls, folder: Path) -> Register:
        """Return the register of a case's folder, checked; empty where there is none. Raises RegisterBroken."""
        path = folder / NAME
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return cls(path, [])
        except OSError as error:
            raise _broken(path, error.strerror or str(error)) from error
        try:
            whole, _ = _content(path, descriptor)
        finally:
            os.close(descriptor)
        return cls(path, _entries(path, whole))

    @classmethod
    @contextmanager
    def writing(cls, folder: Path, *, at: int) -> Iterator[Register]:
        """Hold the register of a folder for writing; one process at a time. Raises RegisterInUse, RegisterBroken."""
        path = folder / NAME
        try:
            descriptor = os.open(
                path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
        except OSError as error:
            raise _broken(path, error.strerror or str(error)) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise RegisterInUse(f"another run writes to {path}", fix="wait until it has ended") from None
            sync_folder(folder)
            whole, torn = _content(path, descriptor)
            register = cls(path, _entries(path, whole), descriptor)
            if torn:
                os.ftruncate(descriptor, len(whole))
                os.fsync(descriptor)
                aside = {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}
                register.append("repaired", at=at, details=aside)
            yield register
        finally:
            os.close(descriptor)

    def append(
        self,
        action: Action,
        *,
        at: int,
        recipient: str = "",
        version: int = 0,
        way: str = "",
        target: str = "",
        by: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Add an entry; when this returns it is on the disk. Raises RegisterBroken where it cannot be kept."""
        if self._descriptor is None:
            raise TypeError("the register was opened for reading")
        head = self.head
        plain = json.loads(_text(json.dumps(dict(details or {}), allow_nan=False, ensure_ascii=False)))
        values = (
            head.sequence + 1, at, action, _text(recipient), version, way, _text(target), _text(by), plain, head.digest,
        )  # fmt: skip
        entry = Entry(*values, _digest(values))
        line = json.dumps(_document(entry), separators=(",", ":")).encode("ascii") + b"\n"
        try:
            written = os.write(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            raise _broken(self.path, f"cannot be written ({error.strerror})") from error
        if written != len(line):
            raise _broken(self.path, "the disk took a part of a line only")
        self.entries.append(entry)
        return entry

    def check(self, known: Head) -> None:
        """Raise RegisterBroken where an entry that was noted elsewhere is not here any more."""
        found = {entry.sequence: entry.digest for entry in self.entries}
        if known.sequence and found.get(known.sequence) != known.digest:
            raise _broken(self.path, f"entry {known.sequence} is not the one that was noted elsewhere")


def head_of(text: str) -> Head:
    """Return the head that `str` wrote. Raises ValueError."""
    sequence, _, digest = text.partition(":")
    if len(digest) != len(START) or not sequence.isdecimal():
        raise ValueError("a head is a number, a colon and 64 hexadecimal digits")
    return Head(int(sequence), digest)


def _content(path: Path, descriptor: int) -> tuple[bytes, bytes]:
    """The whole lines, and what a crash left of one more."""
    pieces, size = [], 0
    os.lseek(descriptor, 0, os.SEEK_SET)
    while piece := os.read(descriptor, 1 << 20):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise _broken(path, f"larger than {LARGEST:,} bytes")
    content = b"".join(pieces)
    end = content.rfind(b"\n") + 1
    return content[:end], content[end:]


def _entries(path: Path, content: bytes) -> list[Entry]:
    entries: list[Entry] = []
    previous = START
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = _entry(msgspec.json.decode(line, type=dict[str, Any]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise _broken(path, f"line {number} is no entry") from None
        if entry.sequence != number:
            raise _broken(path, f"entry {number} is missing")
        if entry.previous != previous:
            raise _broken(path, f"entry {number} is not bound to the one before")
        if _digest(_values(entry)) != entry.digest:
            raise _broken(path, f"entry {number} was changed")
        entries.append(entry)
        previous = entry.digest
    return entries


def _text(text: str) -> str:
    """As it will be read back: halves of surrogate pairs are `?`."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _values(entry: Entry) -> tuple[Any, ...]:
    return (
        entry.sequence, entry.at, entry.action, entry.recipient, entry.version, entry.way, entry.target, entry.by,
        entry.details, entry.previous,
    )  # fmt: skip


def _digest(values: tuple[Any, ...]) -> str:
    """SHA-256 of the values as one JSON array in ASCII without blanks, keys in order."""
    return hashlib.sha256(
        json.dumps(values, separators=(",", ":"), sort_keys=True).encode("ascii")
    ).hexdigest()


def _document(entry: Entry) -> dict[str, Any]:
    return {**msgspec.to_builtins(entry), "at": rfc3339(entry.at)}


def _entry(document: dict[str, Any]) -> Entry:
    entry = msgspec.convert({**document, "at": parse_rfc3339(document["at"])}, Entry)
    if entry.action not in get_args(Action) or document.keys() != Entry.__dataclass_fields__.keys():
        raise ValueError("not an entry")
    return entry


def _broken(path: Path, why: str) -> RegisterBroken:
    return RegisterBroken(
        f"{path}: {why}",
        fix="nothing was sent; compare with a copy and with the mail server's log (docs/how-to/notify.md)",
    )
