"""Run a whole leak search: from paths to findings, with totals of searched and skipped bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, BinaryIO

from seawall.keys.leaks.findings import LeakedKey, RawHit, SearchTotals, SkippedBytes
from seawall.keys.leaks.scanning import walk, workers
from seawall.keys.leaks.scanning.byte_source import PIECE, ByteSource
from seawall.keys.leaks.scanning.search import BufferSearch, Searcher, outermost
from seawall.keys.leaks.scanning.stream_search import LeakSearchEngine, StreamSearch

if TYPE_CHECKING:
    from seawall_tokens.jose.key import PublicKey

STDIN = "-"
INTERRUPTED = "interrupted: what was left was not searched"
ALONE_UP_TO = 24 << 20
"""Bytes that this process searches faster than starting others would take."""

Progress = Callable[[int, int], None]
"""Callback with the bytes done and the total (0 if not measured)."""


@dataclass(frozen=True, slots=True)
class LeakSettings:
    """Keys and forms to search for, and the number of processes (0: all cores)."""

    keys: tuple[PublicKey, ...] = ()
    sketched: frozenset[str] = frozenset()
    """Thumbprints of keys that have sketches."""
    others: tuple[BufferSearch, ...] = ()
    jobs: int = 0


def search(
    paths: Sequence[str],
    settings: LeakSettings | None = None,
    *,
    stdin: BinaryIO | None = None,
    progress: Progress | None = None,
) -> SearchTotals:
    """Search files and folders, and standard input for `-`; return findings by path and offset.

    An interrupt (Ctrl-C) ends the search but keeps its findings, which may have taken hours.
    """
    account = SearchTotals()
    try:
        _search(paths, settings or LeakSettings(), account, stdin, progress)
    except KeyboardInterrupt:
        account.is_interrupted = True
        account.skipped += (SkippedBytes(path, INTERRUPTED) for path in paths)
    account.findings = choose_settings(account.findings)
    account.skipped = sorted(set(account.skipped), key=lambda skipped: (skipped.path, skipped.reason))
    return account


def _search(
    paths: Sequence[str],
    settings: LeakSettings,
    account: SearchTotals,
    stdin: BinaryIO | None,
    progress: Progress | None,
) -> None:
    known = settings.sketched.union(key.thumbprint for key in settings.keys)
    make = partial(_engine, settings.others, known)
    if STDIN in paths and stdin is not None:
        found = StreamSearch(make(), STDIN)
        try:
            found.search(ByteSource(_pieces(stdin, found)), STDIN)
        finally:
            account.add(found.account)
            account.files += 1
    named = [path for path in paths if path != STDIN or stdin is None]
    total, is_small = _measure(named, wants_total=progress is not None)
    jobs = 1 if is_small else settings.jobs or cores()
    entries = _entries(named, account)
    done = 0
    for size, part in workers.run(workers.batches(entries), make, jobs):
        account.add(part)
        done += size
        if progress is not None:
            progress(done, total)


def cores() -> int:
    """Return the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _engine(others: tuple[BufferSearch, ...], known: frozenset[str]) -> LeakSearchEngine:
    return LeakSearchEngine(Searcher(), others, known)


def _pieces(stdin: BinaryIO, found: StreamSearch) -> Iterator[bytes]:
    while piece := stdin.read(PIECE):
        found.budget.read(len(piece))
        yield piece


def _measure(paths: Sequence[str], *, wants_total: bool) -> tuple[int, bool]:
    """Return the total bytes (0 unless wanted), and whether they are few."""
    total = 0
    for entry in walk.walk(paths):
        if isinstance(entry, walk.FoundFile):
            total += entry.size
            if not wants_total and total > ALONE_UP_TO:
                return 0, False
    return total if wants_total else 0, total <= ALONE_UP_TO


def _entries(paths: Sequence[str], account: SearchTotals) -> Iterator[walk.FoundFile]:
    for found in walk.walk(paths):
        if isinstance(found, SkippedBytes):
            account.skipped.append(found)
        else:
            yield found


def choose_settings(findings: list[LeakedKey]) -> list[LeakedKey]:
    """Return the findings in order, each key once in each place, also if two ranges of a file found it."""
    kept: list[LeakedKey] = []
    findings = sorted(findings, key=lambda finding: (finding.path, finding.offset))
    for _, group in groupby(findings, key=lambda finding: finding.path):
        by_hit = {RawHit(found.offset, found.form, found.key, found.length): found for found in group}
        kept += [by_hit[hit] for hit in outermost(list(by_hit))]
    return kept
