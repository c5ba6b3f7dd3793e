"""Keep the register of notifications: an append-only file beside the case whose lines form a hash chain.

A line is flushed to disk before the act that it announces. A crash can leave a line without its end; that act did not
happen. The next writer sets the line aside and records it. Any other mismatch invalidates the whole file. A hash
chain cannot show removed last lines: keep a copy of the head elsewhere for `check`.
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
from seawall_base.hash_chain import (
    ChainBroken,
    ChainHead,
    ChainLink,
    digest_line,
    digest_values,
    read_vouchers,
    verify,
)
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
    "erased",
]
"""The kind of an entry.

`letter`: a version became final. `intent`: it is about to be sent. `sent`, `failed`, `unsure`: the outcome.
`bounced`, `noted`: a later report of a mail server. `told`: a person notified the recipient by other means.
`reported`: an authority was notified. `erased`: names were erased from entries, whose present content it vouches for.
"""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One entry. `at` is in microseconds; `details` are JSON values without secrets."""

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
    """The entries of a register in order. Only the holder of `writing` may call `append`."""

    def __init__(self, path: Path, entries: list[RegisterEntry], file: AppendOnlyFile | None = None) -> None:
        self.path = path
        self.entries = entries
        self._file = file

    @property
    def head(self) -> ChainHead:
        """Return the current end of the hash chain."""
        last = self.entries[-1:]
        return ChainHead(last[0].sequence, last[0].digest) if last else ChainHead()

    @classmethod
    def read(cls, folder: Path) -> NotificationRegister:
        """Read and check the register of a case folder; empty if there is none. Raises RegisterBroken."""
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
        """Hold the register for writing, one process at a time. Raises RegisterInUse or RegisterBroken."""
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
        """Append an entry and return once it is on disk. Raises RegisterBroken if it cannot be written."""
        if self._file is None:
            raise TypeError("the register was opened for reading")
        entry = make_entry(
            self.head,
            at=at,
            action=action,
            recipient=recipient,
            version=version,
            way=way,
            target=target,
            by=by,
            details=details,
        )
        line = encode_entry(entry)
        try:
            self._file.append(line)
        except OSError as error:
            raise _make_error(self.path, f"cannot be written ({error.strerror})") from error
        self.entries.append(entry)
        return entry

    def check(self, known: ChainHead) -> None:
        """Raise RegisterBroken if an entry noted elsewhere is no longer present."""
        found = {entry.sequence: entry.digest for entry in self.entries}
        if known.sequence and found.get(known.sequence) != known.digest:
            raise _make_error(self.path, f"entry {known.sequence} is not the one that was noted elsewhere")


def _content(path: Path, file: AppendOnlyFile) -> tuple[bytes, bytes]:
    try:
        return file.read()
    except OSError as error:
        raise _make_error(path, error.strerror or str(error)) from error


def _entries(path: Path, content: bytes) -> list[RegisterEntry]:
    entries = list(parse_register(path, content))
    stated = ((one.sequence, one.details.get("entries")) for one in entries if one.action == "erased")
    links = (ChainLink(one.sequence, one.previous, one.digest, digest_content(one)) for one in entries)
    try:
        verify(links, vouched=read_vouchers(stated))
    except ChainBroken as broken:
        raise _make_error(path, str(broken)) from None
    return entries


def parse_register(path: Path, content: bytes) -> Iterator[RegisterEntry]:
    """Yield the entries of a register, without checking their chain. Raises RegisterBroken."""
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            yield _entry(msgspec.json.decode(line, type=dict[str, Any]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise _make_error(path, f"line {number} is no entry") from None


def make_entry(
    head: ChainHead,
    *,
    at: int,
    action: Action,
    recipient: str = "",
    version: int = 0,
    way: str = "",
    target: str = "",
    by: str = "",
    details: Mapping[str, Any] | None = None,
) -> RegisterEntry:
    """Return the entry that follows a head, normalised as reading back would."""
    plain = json.loads(json.dumps(dict(details or {}), allow_nan=False, ensure_ascii=False))
    given = [head.sequence + 1, at, action, recipient, version, way, target, by, plain, head.digest]
    values = replace_surrogates(given)
    return RegisterEntry(*(*values, digest_values(*values)))


def encode_entry(entry: RegisterEntry) -> bytes:
    """Return the line of an entry."""
    return json.dumps(_document(entry), separators=(",", ":")).encode("ascii") + b"\n"


def digest_content(entry: RegisterEntry) -> str:
    """Return the digest of an entry's present content."""
    return digest_values(*_values(entry))


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
