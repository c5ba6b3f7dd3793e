"""What the lake answers: values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class DamagedPart:
    """A part file that cannot be read in full, and why. It is left where it is, and its events are missing from answers."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: `rows` on the disk now, `copies` dropped because the table held them twice.

    `known` counts the parts that were there already, byte for byte: the same table was appended before.
    """

    rows: int
    copies: int
    parts: int
    known: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order of time (`ENRICHED_SCHEMA`), and where the next page begins; None: there are no more."""

    events: pa.Table
    cursor: str | None
    damaged: tuple[DamagedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did: parts merged away, rows kept, copies dropped."""

    days: int
    parts: int
    rows: int
    copies: int
    damaged: tuple[DamagedPart, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """The newest version of the Delta table, the parts that it names, and how many of them are new or went."""

    version: int
    parts: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted: days of an organisation, their parts and bytes."""

    days: int
    parts: int
    size: int


@dataclass(frozen=True, slots=True)
class DaySize:
    """What one day of one organisation takes. `rows` counts copies that no compaction has dropped yet."""

    tenant: str
    day: date
    parts: int
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Size:
    """What the lake holds, in order of organisation and day; `leftovers` are bytes of unfinished writes."""

    days: tuple[DaySize, ...]
    leftovers: int
    damaged: tuple[DamagedPart, ...] = ()

    @property
    def total(self) -> int:
        """Bytes on the disk, damaged parts left out."""
        return self.leftovers + sum(day.size for day in self.days)
