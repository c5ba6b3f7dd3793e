"""The whole search: paths in, findings and the account of what was and was not searched out."""

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
"""Bytes that are searched faster by this process than others are started."""

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all (0 where nobody counted)."""


@dataclass(frozen=True, slots=True)
class LeakSettings:
    """What to look for, and with how many processes (all cores where `jobs` is 0)."""

    keys: tuple[PublicKey, ...] = ()
    sketched: frozenset[str] = frozenset()
    """Thumbprints of keys of which there are sketches."""
    others: tuple[BufferSearch, ...] = ()
    jobs: int = 0


def search(
    paths: Sequence[str],
    settings: LeakSettings | None = None,
    *,
    stdin: BinaryIO | None = None,
    progress: Progress | None = None,
) -> SearchTotals:
    """Search files and folders, and standard input where a path is `-`; findings in order of path and offset.

    An interrupt (Ctrl-C) ends the search, not what was found by then: after hours of it that is what somebody wants.
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
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _engine(others: tuple[BufferSearch, ...], known: frozenset[str]) -> LeakSearchEngine:
    return LeakSearchEngine(Searcher(), others, known)


def _pieces(stdin: BinaryIO, found: StreamSearch) -> Iterator[bytes]:
    while piece := stdin.read(PIECE):
        found.budget.read(len(piece))
        yield piece


def _measure(paths: Sequence[str], *, wants_total: bool) -> tuple[int, bool]:
    """Bytes in all, 0 where nobody wants to know, and whether they are few."""
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
    """Findings in order, each key once in each place, also where two stretches of a file met in it."""
    kept: list[LeakedKey] = []
    findings = sorted(findings, key=lambda finding: (finding.path, finding.offset))
    for _, group in groupby(findings, key=lambda finding: finding.path):
        by_hit = {RawHit(found.offset, found.form, found.key, found.length): found for found in group}
        kept += [by_hit[hit] for hit in outermost(list(by_hit))]
    return kept
