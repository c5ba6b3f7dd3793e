"""Keep the journal of a containment: an append-only file, one JSON line for each read, intent, result and confirmation.

Each line contains the hash of the line before, so a changed, removed or inserted line is detected. A line is flushed
to disk before the act that it announces: `intent` before a call, `result` after it. A crash leaves at most an
`intent` without `result`, or a truncated last line. The act of a truncated line never happened: the line is dropped,
and the next line says so.

Somebody who can write the file can also rewrite all of it. Each run therefore ends by printing the hash of the last
line (`head`), to be kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from seawall.response.errors import JournalBroken, JournalBusy
from seawall_base.append_only_file import AppendOnlyFile
from seawall_base.errors import OutputUnwritable
from seawall_base.hash_chain import ChainBroken, ChainLink, digest_line, read_vouchers, verify

_OTHER: Final = "give the journal that `seawall respond apply` wrote"
_APPLY: Final = (
    "`seawall respond apply PLAN --apply --approver NAME --config FILE` writes PLAN.journal.jsonl, "
    "or the file of its --journal"
)
_FIX: Final = "look at the vendor what was done; keep the file as it is"

ERASED: Final = "erased"
"""Event of the line that vouches for lines from which a person's name was erased."""

ORIGINAL: Final = "erased_from"
"""Field of such a line: the digest that it had before."""

Entry = dict[str, Any]


class Journal:
    """An open journal, locked against every other process. `entries` are all lines so far."""

    def __init__(
        self, path: Path, file: AppendOnlyFile, entries: list[Entry], head: str, clock: Callable[[], str]
    ) -> None:
        self.path = path
        self.entries = entries
        self.head = head
        self._file = file
        self._clock = clock

    def append(self, event: str, **content: Any) -> Entry:
        """Append a line and return once it is on disk.

        Raises OutputUnwritable; the caller must then not act.
        """
        entry: Entry = {
            "number": len(self.entries) + 1,
            "previous": self.head,
            "at": self._clock(),
            "event": event,
            **content,
        }
        line = msgspec.json.encode(entry) + b"\n"
        try:
            self._file.append(line)
        except OSError as error:
            raise OutputUnwritable(
                f"{self.path}: {error.strerror or error}",
                fix="free disk space; Seawall takes no action that it cannot journal",
            ) from error
        self.head = digest_line(line)
        self.entries.append(entry)
        return entry


@contextmanager
def open_journal(path: Path, *, clock: Callable[[], str]) -> Iterator[Journal]:
    """Open or create a journal and lock it against other processes until the context ends.

    Raises JournalBusy, JournalBroken or OutputUnwritable.
    """
    try:
        file = AppendOnlyFile.hold(path)
    except BlockingIOError:
        raise JournalBusy(f"{path}: in use by another process", fix="wait for it to end") from None
    except OSError as error:
        raise OutputUnwritable(
            f"{path}: {error.strerror}", fix="choose another place with --journal"
        ) from None
    with closing(file):
        if not file.is_private:
            raise JournalBroken(
                f"{path}: not a file of this user alone", fix="run: chmod 600 the file, as its owner"
            )
        whole, torn = _content(path, file)
        entries, head = _read(path, whole)
        journal = Journal(path, file, entries, head, clock)
        if torn:
            file.cut(len(whole))
            journal.append("torn")
        yield journal


def read_journal(path: Path) -> list[Entry]:
    """Return the lines of a journal, without locking it. Raises JournalBroken."""
    try:
        file = AppendOnlyFile.open(path)
    except FileNotFoundError:
        raise JournalBroken(
            f"{path}: the journal does not exist, so the applied actions are unknown", fix=_APPLY
        ) from None
    except OSError as error:
        raise JournalBroken(f"{path}: the journal cannot be read: {error.strerror}", fix=_OTHER) from None
    with closing(file):
        whole, _ = _content(path, file)
    return _read(path, whole)[0]


def _content(path: Path, file: AppendOnlyFile) -> tuple[bytes, bytes]:
    try:
        return file.read()
    except OSError as error:
        raise JournalBroken(f"{path}: the journal cannot be read: {error.strerror}", fix=_FIX) from None


def _read(path: Path, content: bytes) -> tuple[list[Entry], str]:
    """Return the entries of whole lines, and the digest of the last one."""
    try:
        entries = parse_lines(content)
    except JournalBroken as error:
        raise JournalBroken(f"{path}: {error.message}", fix=error.fix) from None
    stated = ((at, one.get("entries")) for at, one in enumerate(entries, 1) if one.get("event") == ERASED)
    try:
        head = verify(_links(content, entries), vouched=read_vouchers(stated))
    except ChainBroken as broken:
        raise JournalBroken(f"{path}: {broken}", fix=_FIX) from None
    return entries, head.digest


def parse_lines(content: bytes) -> list[Entry]:
    """Return the entries of the whole lines of a journal, unchecked. Raises JournalBroken."""
    entries: list[Entry] = []
    for line in content.split(b"\n")[:-1]:
        try:
            entries.append(msgspec.json.decode(line, type=dict[str, Any]))
        except (ValueError, RecursionError):
            if content.startswith(b'{\n "plan_version"'):
                raise JournalBroken("a plan, not its journal", fix=_OTHER) from None
            raise JournalBroken(f"line {len(entries) + 1} is not JSON", fix=_FIX) from None
    return entries


def digest_entry(entry: Entry, line: bytes) -> str:
    """Return the digest by which the next line names this one: that of the original line, if a name was erased from it."""
    kept = entry.get(ORIGINAL)
    return kept if isinstance(kept, str) else digest_line(line)


def _links(content: bytes, entries: list[Entry]) -> Iterator[ChainLink]:
    for line, entry in zip(content.split(b"\n")[:-1], entries, strict=True):
        whole = line + b"\n"
        yield ChainLink(
            entry.get("number"), entry.get("previous"), digest_entry(entry, whole), digest_line(whole)
        )
