"""Where incidents and their events are found: the results of a scan. Those of a store: `stored_incidents`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.detection.incident import Incident
from seawall.storage.files.incident_documents import look_up
from seawall.storage.files.merged_events import EVENTS
from seawall_base.errors import InputUnreadable


@dataclass(frozen=True, slots=True)
class AccountSpans:
    """Whose events are looked at: accounts by organisation, from `start` to before `end` (microseconds)."""

    accounts: Mapping[str, frozenset[str]]
    start: int
    end: int


class EventSource(Protocol):
    """Where events are."""

    @property
    def name(self) -> str:
        """How it is called, to a person."""

    def events(self, asked: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """At least the events that are asked for, in these columns, in pieces."""


class IncidentSource(EventSource, Protocol):
    """Where incidents and their events are."""

    def incident(self, wanted: str) -> Incident:
        """The incident of an id, the start of one, or a rank. Raises UsageError, and what reading raises."""


@dataclass(frozen=True, slots=True)
class ScanResults:
    """The folder that a scan wrote."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.folder)

    def incident(self, wanted: str) -> Incident:
        """An incident of `incidents.jsonl`. Raises InputUnreadable, UsageError."""
        return look_up(self.folder / "incidents.jsonl", wanted)[2]

    def events(self, _: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """All events. Raises InputUnreadable."""
        return read_events_file(self.folder / EVENTS, columns)


@dataclass(frozen=True, slots=True)
class MergedEvents:
    """An events file."""

    path: Path
    name: str

    def events(self, _: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """All events. Raises InputUnreadable."""
        return read_events_file(self.path, columns)


def find_records(kept: IncidentSource, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The records of incidents by their ids, each named by its id, the start of one, or its rank. Raises as `incident` does."""
    found = [kept.incident(one) for one in wanted]
    return {one.id: tuple(one.events) for one in found}


def read_events_file(path: Path, wanted: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the tables of an events file with those of the wanted columns that it has. Raises InputUnreadable."""
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=columns):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no events file"
        raise InputUnreadable(f"{path}: {why}", fix="give --out DIR, a folder that a scan wrote") from None
