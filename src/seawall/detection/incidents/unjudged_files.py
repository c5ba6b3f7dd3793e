"""Find the files whose records no detector judged, because their log is unknown or they could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from seawall.detection.coverage_note import CoverageCode, CoverageNote
from seawall_base.plurals import plural

NOT_JUDGED: Final[CoverageCode] = "not-judged"

MOST = 0.5
"""A file counts as not judged from this share of such records.

Only records of unknown logs and unreadable records count, not unknown operations of a known log. A stream of several
products may hold a few; if half of a file is unknown, a reader is missing or the file is a mistake.
"""


@dataclass(slots=True)
class FileCounts:
    """Count one file's records: all, those of unknown logs, and unreadable ones; with the first and last event time."""

    records: int = 0
    unrecognised: int = 0
    unread: int = 0
    first: int | None = None
    last: int | None = None

    def add(self, records: int, unrecognised: int, unread: int, span: tuple[int, int] | None) -> None:
        """Add counts. `span` is the first and last time of the events, in microseconds since 1970."""
        self.records += records
        self.unrecognised += unrecognised
        self.unread += unread
        if span is not None:
            self.first = span[0] if self.first is None else min(self.first, span[0])
            self.last = span[1] if self.last is None else max(self.last, span[1])

    @property
    def is_unjudged(self) -> bool:
        """Return whether at least the share `MOST` of the file was not judged."""
        return self.records > 0 and self.unrecognised + self.unread >= MOST * self.records


@dataclass(slots=True)
class UnjudgedFiles:
    """Count records by file."""

    files: dict[str, FileCounts] = field(default_factory=dict)

    def of(self, name: str) -> FileCounts:
        """Return the counts of a file, which the caller may change."""
        return self.files.setdefault(name, FileCounts())

    @property
    def unrecognised_records(self) -> int:
        """Return the number of records of unknown logs in all files."""
        return sum(counts.unrecognised for counts in self.files.values())

    def notes(self, period: tuple[int, int]) -> list[CoverageNote]:
        """Return a note for each file that counts as not judged. `period` replaces the times of a file without events."""
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
    """Return one sentence about records that were not judged."""
    verb = "is" if unrecognised == 1 else "are"
    parts = [
        f"{unrecognised:,} of {plural(records, 'record')} of {where} {verb} of no log that Seawall recognises"
    ]
    if unread:
        parts.append(f"{unread:,} could not be read")
    return f"{' and '.join(parts)}: nothing in {'it' if unrecognised + unread == 1 else 'them'} was judged."


def list_unjudged_sources(counts: Mapping[tuple[str, str], int], unknown: str) -> list[str]:
    """Return one sentence for each organisation whose records mostly belong to unknown logs.

    `counts` are the records by organisation and source. `unknown` is the source of records of unknown logs.
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
