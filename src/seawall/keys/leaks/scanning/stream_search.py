"""Search a stream and everything in it, including nested archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from seawall.keys.leaks.findings import LeakedKey, RawHit, SearchTotals, SkippedBytes
from seawall.keys.leaks.scanning import archives
from seawall.keys.leaks.scanning.byte_source import ByteSource, ReadBudget, StreamTruncated
from seawall.keys.leaks.scanning.search import (
    BufferSearch,
    BufferWindow,
    ExpansionBudget,
    Rest,
    Searcher,
    windows,
)

WINDOW = 2 << 20
"""Bytes searched at a time."""
DEEPEST = 8
"""Maximum depth of nested archives."""
MOST_FINDINGS = 10_000
"""Findings kept for one file."""


MOST_SKIPPED = 1_000
"""Skipped members of one file that are listed."""
MORE = "more of it was not searched than is listed"


@dataclass(slots=True)
class LeakSearchEngine:
    """All search methods, and the thumbprints of the requested keys."""

    searcher: Searcher
    others: tuple[BufferSearch, ...] = ()
    known: frozenset[str] = frozenset()

    def examine(self, window: BufferWindow, rest: Rest, allowance: ExpansionBudget) -> list[RawHit]:
        """Return the hits of one window, with offsets in the window's bytes."""
        return self.searcher.search(
            window.data, window.start, window.end, rest=rest, allowance=allowance, others=self.others
        )


@dataclass(slots=True)
class StreamSearch:
    """Search one file; results go into `account`."""

    engine: LeakSearchEngine
    name: str
    budget: ReadBudget = field(default_factory=ReadBudget)
    account: SearchTotals = field(default_factory=SearchTotals)

    def search(self, supply: ByteSource, path: str, plain_path: str = "", depth: int = 0) -> None:
        """Search a stream and everything in it. `path` prefixes its members' names; `plain_path` is its own name.

        Parts that an archive reader leaves (directory, trailing data, everything after damage) are searched as plain
        bytes.
        """
        plain_path = plain_path or path
        head = supply.peek(512)
        opener, packed = archives.recognise(head), archives.compression(head)
        if (opener or packed) and depth >= DEEPEST:
            self.skip(plain_path, f"archives inside one another deeper than {DEEPEST}")
        elif packed is not None:
            suffixes, unpack = packed
            self._inner(unpack(supply), path, f"{path}!/{_stem(path, suffixes)}", plain_path, depth)
        elif opener is not None:
            self._members(opener(supply), path, plain_path, depth)
        reason = archives.name_unsupported(head)
        before = self.account.bytes_scanned
        self.plain(supply, plain_path)
        if reason is not None:  # searched as plain bytes, but its content was not: that counts as skipped
            size = self.account.bytes_scanned - before
            self.account.bytes_scanned = before
            self.skip(plain_path, reason, size)

    def _members(
        self, members: Iterator[archives.ArchiveMember], path: str, plain_path: str, depth: int
    ) -> None:
        try:
            for member in members:
                self.budget.member()
                name = f"{path}!/{member.name}"
                if member.reason:
                    self.skip(name, member.reason, member.size)
                else:
                    self._inner(member.pieces, name, name, name, depth)
        except StreamTruncated as stop:
            self.skip(plain_path, stop.reason)

    def _inner(self, pieces: Iterator[bytes], path: str, plain_path: str, blamed: str, depth: int) -> None:
        stream = _Guarded(pieces, self.budget)
        self.search(ByteSource(iter(stream)), path, plain_path, depth + 1)
        if stream.stopped is not None:
            self.skip(blamed, stream.stopped)

    def plain(self, supply: ByteSource, path: str) -> None:
        """Search the rest of a stream as plain bytes."""
        base = supply.position
        for window in windows(supply.pieces(), WINDOW):
            self.window(window, path, base=base)

    def window(self, window: BufferWindow, path: str, rest: Rest | None = None, base: int = 0) -> None:
        """Search one window; `base` is the stream offset at which windows begin."""
        allowance = ExpansionBudget()
        origin = base + window.offset - window.start
        hits = self.engine.examine(window, rest or _none, allowance)
        for hit in hits:
            self.find(path, origin, hit)
        for offset, reason in allowance.refused:
            self.skip(f"{path} at {origin + offset}", reason)
        self.account.bytes_scanned += window.end - window.start

    def find(self, path: str, origin: int, hit: RawHit) -> None:
        """Add a finding."""
        if len(self.account.findings) >= MOST_FINDINGS:
            self.skip(path, f"more than {MOST_FINDINGS:,} keys: the others are not listed")
            return
        is_known = hit.thumbprint is not None and hit.thumbprint in self.engine.known
        found = LeakedKey(path, origin + hit.offset, hit.form, hit.thumbprint, is_known, hit.length)
        self.account.findings.append(found)

    def skip(self, path: str, reason: str, size: int | None = None) -> None:
        """Record that something was not searched, once for each path and reason."""
        skipped = SkippedBytes(path, reason, size)
        if len(self.account.skipped) >= MOST_SKIPPED:
            rest = self.account.skipped[-1]
            if rest.reason != MORE:
                self.account.skipped.append(SkippedBytes(self.name, MORE, size))
            elif size is not None:
                self.account.skipped[-1] = SkippedBytes(self.name, MORE, (rest.size or 0) + size)
        elif size is not None or skipped not in self.account.skipped[-64:]:
            self.account.skipped.append(skipped)


class _Guarded:
    """Chunks that count against the budget; damage and limits end them and are recorded."""

    def __init__(self, pieces: Iterator[bytes], budget: ReadBudget) -> None:
        self.stopped: str | None = None
        self._pieces = pieces
        self._budget = budget

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self._budget.give(len(piece))
                yield piece
        except StreamTruncated as stop:
            self.stopped = stop.reason


def _none(_size: int) -> Iterator[bytes]:
    return iter(())


def _stem(path: str, suffixes: str) -> str:
    """Return the name of a compressed file's content."""
    name = path.rsplit("/", 1)[-1]
    for suffix in suffixes.split():
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)] + (".tar" if suffix.startswith(".t") else "")
    return f"{name}.content"
