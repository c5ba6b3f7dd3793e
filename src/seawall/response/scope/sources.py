"""Compute the scope of an intrusion from logs, a scan's results or a store, each merged into one events file.

Records are read, enriched, deduplicated and merged exactly as a scan does, without detection.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.collection.collected_spans import CollectedFeed
from seawall.collection.coverage_gap import CoverageGap
from seawall.detection.incidents.coverage import EXPORT_RECORDS
from seawall.events.damaged_records import read_hints
from seawall.events.networks import Networks, enrich
from seawall.events.problem import DamagedRecordHint
from seawall.events.readers import count_by_file, read, total_bytes
from seawall.response.scope import ScopeQuery, SearchBounds, search
from seawall.response.scope.unreadable_records import shorten_file_name
from seawall.response.scope_values import Scope
from seawall.storage import Coder
from seawall.storage.files.events_place import find_events, has_events
from seawall.storage.files.incident_documents import look_up
from seawall.storage.files.merged_events import EVENTS, merge_events
from seawall_base.errors import InputUnreadable
from seawall_base.progress import Progress
from seawall_base.regular_files import open_file
from seawall_base.times import parse_rfc3339

Collected = Sequence[CollectedFeed]
"""The feeds of collection ledgers, each with its proved and its missing periods."""


_SCRATCH = ".seawall-"
MOST_REMAINS = 2_000
"""Unreadable records of one file whose remaining text is examined."""


@dataclass(slots=True)
class ScopeReading:
    """Result of reading logs: counts, problems by code, `lost` and `held` records by file, `remains` of the lost ones."""

    records: int = 0
    events: int = 0
    duplicates: int = 0
    problems: dict[str, int] = field(default_factory=dict)
    lost: dict[str, list[int]] = field(default_factory=dict)
    remains: dict[str, dict[int, str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def note(self, file: str, line: int, code: str, remains: str = "") -> None:
        """Count a problem. A file that is no log has lost no records."""
        self.problems[code] = self.problems.get(code, 0) + 1
        if code != "not-a-log":
            self.lost.setdefault(file, []).append(line)
            if remains:
                kept = self.remains.setdefault(file, {})
                if len(kept) < MOST_REMAINS:
                    kept[line] = remains

    def hints(self) -> dict[str, dict[int, DamagedRecordHint]]:
        """Return the hints that remain of lost records, by file and record number."""
        return {
            file: dict(zip(held, read_hints(list(held.values())), strict=True))
            for file, held in self.remains.items()
        }


def scope_of_logs(
    paths: Sequence[Path],
    asked: ScopeQuery,
    bounds: SearchBounds,
    progress: Progress | None = None,
    collected: Collected = (),
) -> tuple[Scope, ScopeReading]:
    """Search files and folders of logs. `collected` is what collection ledgers prove.

    Raises InputUnreadable for a missing path.
    """
    asked.check()
    for path in paths:
        if not path.exists():
            raise InputUnreadable(f"no such file or folder: {path}", fix="check the path")
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        place = Path(scratch)
        cut, reading = gather(paths, place, progress)
        return search_events(
            place / EVENTS, asked, bounds, place, cut, reading, collected, list(map(str, paths))
        ), reading


def scope_of_scan(
    folder: Path, asked: ScopeQuery, bounds: SearchBounds, collected: Collected = ()
) -> tuple[Scope, ScopeReading]:
    """Search the events of a scan's results folder."""
    asked.check()
    if not has_events(folder):
        raise InputUnreadable(
            f"{folder}: no results of a scan", fix="give the folder that `seawall scan --out` wrote"
        )
    reading = ScopeReading()
    _problems_of_scan(folder / "problems.jsonl", reading)
    cut = _cut_of_scan(folder / "coverage.json")
    with tempfile.TemporaryDirectory(prefix=_SCRATCH) as scratch:
        return search_events(
            find_events(folder), asked, bounds, Path(scratch), cut, reading, collected, [str(folder)]
        ), reading


def gather(
    paths: Sequence[Path], place: Path, progress: Progress | None = None
) -> tuple[list[tuple[str, CoverageGap]], ScopeReading]:
    """Read logs into an events file in `place`; return the gaps known only from the files, and what was read."""
    reading = ScopeReading()
    return gather_tables(
        place, lambda coder: _read(paths, coder, reading, progress), reading, progress
    ), reading


def search_events(
    events: Path,
    asked: ScopeQuery,
    bounds: SearchBounds,
    scratch: Path,
    cut: Sequence[tuple[str, CoverageGap]],
    reading: ScopeReading,
    collected: Collected,
    sources: Sequence[str],
) -> Scope:
    """Search an events file.

    `cut` and `reading` state what it lacks, `collected` what ledgers prove. Raises as `search` does.
    """
    return search(
        events,
        asked,
        scratch,
        bounds=bounds,
        cut=cut,
        lost=reading.lost,
        told=reading.hints(),
        sources=sources,
        collected=collected,
    )


def incident_records(folder: Path, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the record ids of a scan's incidents, each named by id, id prefix, number or account.

    Raises InputUnreadable or UsageError.
    """
    found = (look_up(folder / "incidents.jsonl", one).incident for one in wanted)
    return {incident.id: tuple(incident.events) for incident in found}


def gather_tables(
    place: Path,
    tables: Callable[[Coder], Iterable[pa.Table]],
    reading: ScopeReading,
    progress: Progress | None,
) -> list[tuple[str, CoverageGap]]:
    """Write coded tables into one events file, without duplicates and with twins merged; return the files' gaps."""
    cut: dict[tuple[str, str], tuple[int, int]] = {}
    for number, days, batch, duplicates in merge_events(place, tables):
        reading.events += len(batch)
        reading.duplicates += duplicates
        for name in [name for name, held in reading.held.items() if held == EXPORT_RECORDS]:
            _note_cut(cut, batch, name)
        if progress:
            progress("score", number, days, reading.records)
    return [(tenant, _is_truncated(name, start, end)) for (tenant, name), (start, end) in sorted(cut.items())]


def _note_cut(cut: dict[tuple[str, str], tuple[int, int]], batch: Any, name: str) -> None:
    rows = np.flatnonzero(batch.one_of("source_file", (name,)))
    for row in rows[[0, -1]].tolist() if len(rows) else ():
        key, time = (batch.value("org_uid", row), name), int(batch.time[row])
        low, high = cut.get(key, (time, time))
        cut[key] = (min(low, time), max(high, time))


def _is_truncated(name: str, start: int, end: int) -> CoverageGap:
    text = (
        f"{shorten_file_name(name)} holds exactly {EXPORT_RECORDS:,} records, the most that an audit search exports: "
        "it was probably cut off there."
    )
    return CoverageGap(start, end, "all", "truncated", text)


def _read(
    paths: Sequence[Path], coder: Coder, reading: ScopeReading, progress: Progress | None
) -> Iterable[pa.Table]:
    networks, total, done = Networks.load(()), total_bytes(paths), 0
    for batch in read(paths):
        reading.records += batch.records
        for problem in batch.problems:
            reading.note(problem.source_file, problem.line, problem.code, problem.remains)
        if batch.events.num_rows:
            for name, counts in count_by_file(batch).items():
                reading.held[name] = max(reading.held.get(name, 0), counts.highest)
            yield coder.encode(enrich(batch.events, networks))
        done += batch.bytes_read
        if progress:
            progress("read", min(done, total), total, reading.records)


def _problems_of_scan(path: Path, reading: ScopeReading) -> None:
    """Add a scan's problems to `reading`. Fails closed: raises InputUnreadable if they cannot be read."""
    try:
        with TextIOWrapper(open_file(path), encoding="utf-8", errors="replace") as lines:
            for line in lines:
                problem = json.loads(line)
                left = str(problem.get("remains", ""))
                reading.note(str(problem["source_file"]), int(problem["line"]), str(problem["code"]), left)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: cannot be read, so the unread records are unknown", fix="scan the logs again"
        ) from error


def _cut_of_scan(path: Path) -> list[tuple[str, CoverageGap]]:
    """Return a scan's list of probably truncated files as gaps. Fails closed: an unreadable list is a gap."""
    try:
        with open_file(path) as file:
            notes = json.loads(file.read())["coverage"]
        cut = [one for one in notes if one["code"] == "truncated"]
        spans = [(parse_rfc3339(one["start"]), parse_rfc3339(one["end"])) for one in cut]
        return [
            (str(one["tenant"]), CoverageGap(*span, "all", "truncated", str(one["text"])))
            for one, span in zip(cut, spans, strict=True)
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputUnreadable(
            f"{path}: cannot be read, so the gaps of the logs are unknown", fix="scan the logs again"
        ) from error
