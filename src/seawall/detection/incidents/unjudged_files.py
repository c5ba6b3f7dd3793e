"""Which files hold records that no detector sees: of logs that Seawall does not recognise, or that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from seawall.detection.coverage_note import CoverageCode, CoverageNote
from seawall_base.plurals import plural

NOT_JUDGED: Final[CoverageCode] = "not-judged"

MOST = 0.5
"""The share of a file's records from which on the file counts as not judged.

A recognised log may hold any number of operations that nothing judges: only records of unrecognised logs and unread ones
count. A stream of several products may hold some; a file of which half is unknown is a mistake or a missing reader.
"""


@dataclass(slots=True)
class FileCounts:
    """Records of one file: all, those of no recognised log, those that could not be read, and the times of the events."""

    records: int = 0
    unrecognised: int = 0
    unread: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, records: int, unrecognised: int, unread: int, span: tuple[int, int] | None) -> None:
        """Count more records of the file; `span` are the first and last time of their events, in microseconds."""
        self.records += records
        self.unrecognised += unrecognised
        self.unread += unread
        if span is not None:
            self.first = span[0] if self.first is None else min(self.first, span[0])
            self.last = span[1] if self.last is None else max(self.last, span[1])

    @property
    def is_unjudged(self) -> bool:
        """Whether most of the file was not judged."""
        return self.records > 0 and self.unrecognised + self.unread >= MOST * self.records


@dataclass(slots=True)
class UnjudgedFiles:
    """Counts records file by file."""

    files: dict[str, FileCounts] = field(default_factory=dict)

    def of(self, name: str) -> FileCounts:
        """Return the counts of a file."""
        return self.files.setdefault(name, FileCounts())

    @property
    def unrecognised_records(self) -> int:
        """Records of no recognised log, of all files."""
        return sum(counts.unrecognised for counts in self.files.values())

    def notes(self, period: tuple[int, int]) -> list[CoverageNote]:
        """Return a note for each file of which most was not judged; `period` stands in where a file has no event."""
        return [
            CoverageNote(
                "", "all", NOT_JUDGED,
                period[0] if counts.first is None else counts.first,
                period[1] if counts.last is None else counts.last,
                sentence(name, counts.records, counts.unrecognised, counts.unread),
            )
            for name, counts in sorted(self.files.items())
            if counts.is_unjudged
        ]  # fmt: skip


def sentence(where: str, records: int, unrecognised: int, unread: int = 0) -> str:
    """Return what was not judged, as one sentence."""
    verb = "is" if unrecognised == 1 else "are"
    parts = [
        f"{unrecognised:,} of {plural(records, 'record')} of {where} {verb} of no log that Seawall recognises"
    ]
    if unread:
        parts.append(f"{unread:,} could not be read")
    return f"{' and '.join(parts)}: nothing in {'it' if unrecognised + unread == 1 else 'them'} was judged."


def list_unjudged_sources(counts: Mapping[tuple[str, str], int], unknown: str) -> list[str]:
    """Return sentences for a running watch; `counts` are records by organisation and source, `unknown` the source of no log.

    An organisation is named when most of its records are of no recognised log.
    """
    records: dict[str, int] = {}
    unrecognised: dict[str, int] = {}
    for (tenant, source), count in counts.items():
        records[tenant] = records.get(tenant, 0) + count
        if source == unknown:
            unrecognised[tenant] = unrecognised.get(tenant, 0) + count
    return [
        sentence(f"organisation {tenant}", records[tenant], count)
        for tenant, count in sorted(unrecognised.items())
        if count >= MOST * records[tenant]
    ]
