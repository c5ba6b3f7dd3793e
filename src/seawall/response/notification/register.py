"""The register of who was told: lines in a file beside the case, each bound to the one before by its hash, as in the audit trail.

A line is on the disk before what it announces is done. A line without its end was cut off by a crash: what it would have
announced did not happen, so it is set aside by the next writer, who says so in a line of its own. Anything else that does not
fit refuses the whole file. Cutting whole lines off the end is what a chain cannot show: keep a head elsewhere, for `check`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

import msgspec

from seawall.response.errors import RegisterBroken, RegisterInUse
from seawall_base.append_only_file import AppendOnlyFile
from seawall_base.hash_chain import ChainBroken, ChainHead, ChainLink, digest_line, digest_values, verify
from seawall_base.json_text import replace_surrogates
from seawall_base.times import parse_rfc3339, rfc3339

NAME: Final = "register.jsonl"

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
class RegisterEntry:
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


class NotificationRegister:
    """The entries of a register, in their order; `append` is for the one who holds `writing`."""

    def __init__(self, path: Path, entries: list[RegisterEntry], file: AppendOnlyFile | None = None) -> None:
        self.path = path
        self.entries = entries
        self._file = file

    @property
    def head(self) -> ChainHead:
        """The end."""
        last = self.entries[-1:]
        return ChainHead(last[0].sequence, last[0].digest) if last else ChainHead()

    @classmethod
    def read(cls, folder: Path) -> NotificationRegister:
        """Return the register of a case's folder, checked; empty where there is none. Raises RegisterBroken."""
        path = folder / NAME
        try:
            file = AppendOnlyFile.open(path)
        except FileNotFoundError:
            return cls(path, [])
        except OSError as error:
            raise _make_error(path, error.strerror or str(error)) from error
        with closing(file):
            whole, _ = _content(path, file)
        return cls(path, _entries(path, whole))

    @classmethod
    @contextmanager
    def writing(cls, folder: Path, *, at: int) -> Iterator[NotificationRegister]:
        """Hold the register of a folder for writing; one process at a time. Raises RegisterInUse, RegisterBroken."""
        path = folder / NAME
        try:
            file = AppendOnlyFile.hold(path)
        except BlockingIOError:
            raise RegisterInUse(f"another run writes to {path}", fix="wait until it has ended") from None
        except OSError as error:
            raise _make_error(path, error.strerror or str(error)) from error
        with closing(file):
            whole, torn = _content(path, file)
            register = cls(path, _entries(path, whole), file)
            if torn:
                file.cut(len(whole))
                register.append("repaired", at=at, details={"bytes": len(torn), "sha256": digest_line(torn)})
            yield register

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
    ) -> RegisterEntry:
        """Add an entry; when this returns it is on the disk. Raises RegisterBroken where it cannot be kept."""
        if self._file is None:
            raise TypeError("the register was opened for reading")
        head = self.head
        plain = json.loads(json.dumps(dict(details or {}), allow_nan=False, ensure_ascii=False))
        given = [head.sequence + 1, at, action, recipient, version, way, target, by, plain, head.digest]
        values = replace_surrogates(given)  # as they will be read back
        entry = RegisterEntry(*(*values, digest_values(*values)))
        line = json.dumps(_document(entry), separators=(",", ":")).encode("ascii") + b"\n"
        try:
            self._file.append(line)
        except OSError as error:
            raise _make_error(self.path, f"cannot be written ({error.strerror})") from error
        self.entries.append(entry)
        return entry

    def check(self, known: ChainHead) -> None:
        """Raise RegisterBroken where an entry that was noted elsewhere is not here any more."""
        found = {entry.sequence: entry.digest for entry in self.entries}
        if known.sequence and found.get(known.sequence) != known.digest:
            raise _make_error(self.path, f"entry {known.sequence} is not the one that was noted elsewhere")


def _content(path: Path, file: AppendOnlyFile) -> tuple[bytes, bytes]:
    try:
        return file.read()
    except OSError as error:
        raise _make_error(path, error.strerror or str(error)) from error


def _entries(path: Path, content: bytes) -> list[RegisterEntry]:
    entries: list[RegisterEntry] = []
    try:
        verify(_links(path, content, entries))
    except ChainBroken as broken:
        raise _make_error(path, str(broken)) from None
    return entries


def _links(path: Path, content: bytes, entries: list[RegisterEntry]) -> Iterator[ChainLink]:
    """Decode line by line, into `entries`."""
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            entry = _entry(msgspec.json.decode(line, type=dict[str, Any]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise _make_error(path, f"line {number} is no entry") from None
        entries.append(entry)
        yield ChainLink(entry.sequence, entry.previous, entry.digest, digest_values(*_values(entry)))


def _values(entry: RegisterEntry) -> tuple[Any, ...]:
    return (
        entry.sequence, entry.at, entry.action, entry.recipient, entry.version, entry.way, entry.target, entry.by,
        entry.details, entry.previous,
    )  # fmt: skip


def _document(entry: RegisterEntry) -> dict[str, Any]:
    return {**msgspec.to_builtins(entry), "at": rfc3339(entry.at)}


def _entry(document: dict[str, Any]) -> RegisterEntry:
    entry = msgspec.convert({**document, "at": parse_rfc3339(document["at"])}, RegisterEntry)
    if entry.action not in get_args(Action) or document.keys() != RegisterEntry.__dataclass_fields__.keys():
        raise ValueError("not an entry")
    return entry


def _make_error(path: Path, why: str) -> RegisterBroken:
    return RegisterBroken(
        f"{path}: {why}",
        fix="nothing was sent; compare with a copy and with the mail server's log (docs/how-to/notify.md)",
    )
