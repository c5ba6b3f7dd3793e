"""Results of the lake's methods: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DamagedPart:
    """A part that cannot be read in full, and the reason. The file stays, and answers lack its events."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class AppendResult:
    """The result of an append: `rows` on disk now, `copies` dropped because the table held them twice.

    `known` counts the parts that existed already, because the same table was appended before.
    """

    rows: int
    copies: int
    parts: int
    known: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events by time (`ENRICHED_SCHEMA`), and the cursor of the next page, None after the last page."""

    events: pa.Table
    cursor: str | None
    damaged: tuple[DamagedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class CompactionResult:
    """The result of a compaction: parts merged away, rows in the merged parts, copies dropped."""

    days: int
    parts: int
    rows: int
    copies: int
    damaged: tuple[DamagedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicationResult:
    """The newest version of the Delta table: its parts, and how many were added and removed."""

    version: int
    parts: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class LakePruneResult:
    """The result of a pruning: days (counted for each organisation), parts and bytes deleted."""

    days: int
    parts: int
    size: int


@dataclass(frozen=True, slots=True)
class DaySize:
    """The size of one day of one organisation. `rows` counts copies that no compaction has dropped yet."""

    tenant: str
    day: date
    parts: int
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class LakeSize:
    """The size of a lake by organisation and day; `leftovers` are bytes of unfinished writes."""

    days: tuple[DaySize, ...]
    leftovers: int
    damaged: tuple[DamagedPart, ...] = ()

    @property
    def total(self) -> int:
        """Bytes on disk without damaged parts."""
        return self.leftovers + sum(day.size for day in self.days)
