"""Read incidents and their events from the results of a scan. `stored_incidents` reads them from a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.detection.incident import Incident
from seawall.detection.incidents.attacks import list_attack
from seawall.storage.files.events_place import find_events, list_events_files
from seawall.storage.files.incident_documents import look_up, read_incidents
from seawall_base.errors import InputUnreadable


@dataclass(frozen=True, slots=True)
class AccountSpans:
    """The accounts to read, by organisation, and the span from `start` to before `end` (microseconds)."""

    accounts: Mapping[str, frozenset[str]]
    start: int
    end: int


class EventSource(Protocol):
    """A source of events."""

    @property
    def name(self) -> str:
        """Return the source's name for messages."""

    def events(self, asked: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """Yield at least the requested events, with these columns, in chunks."""


class IncidentSource(EventSource, Protocol):
    """A source of incidents and their events."""

    def incident(self, wanted: str) -> Incident:
        """Return the incident with this id, id prefix, number or account; of an account's incidents, the worst.

        Raises UsageError, and what reading raises.
        """

    def attack(self, incident: Incident) -> list[Incident]:
        """Return the incidents of an incident's attack, itself among them, the highest score first."""


@dataclass(frozen=True, slots=True)
class ScanResults:
    """The results folder of a scan."""

    folder: Path

    @property
    def name(self) -> str:
        """Return the folder's path as text."""
        return str(self.folder)

    def incident(self, wanted: str) -> Incident:
        """Return an incident of `incidents.jsonl`. Raises InputUnreadable or UsageError."""
        return look_up(self._incidents, wanted).incident

    def attack(self, incident: Incident) -> list[Incident]:
        """Return the incidents of an incident's attack, itself among them. Raises InputUnreadable."""
        if not incident.attack_links:
            return [incident]
        others = {one.id: one for one in read_incidents(self._incidents) if one.attack == incident.attack}
        return list_attack(incident, others.get)

    @property
    def _incidents(self) -> Path:
        return self.folder / "incidents.jsonl"

    def events(self, _: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """Yield all events, whatever is requested. Raises InputUnreadable."""
        return read_events_file(find_events(self.folder), columns)


@dataclass(frozen=True, slots=True)
class MergedEvents:
    """An events file without incidents."""

    path: Path
    name: str

    def events(self, _: AccountSpans, columns: Sequence[str], /) -> Iterator[pa.Table]:
        """Yield all events, whatever is requested. Raises InputUnreadable."""
        return read_events_file(self.path, columns)


def find_records(kept: IncidentSource, wanted: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the record ids of incidents by incident id.

    `wanted` names each incident by id, id prefix, number or account. Raises as `incident` does.
    """
    found = [kept.incident(one) for one in wanted]
    return {one.id: tuple(one.events) for one in found}


def read_events_file(path: Path, wanted: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the tables of an events file, or of a table of events, with the wanted columns that it has.

    Raises InputUnreadable, and MissingExtra for a table without the package `deltalake`.
    """
    for place in list_events_files(path):
        yield from _read_columns(place, wanted)


def _read_columns(path: Path, wanted: Sequence[str]) -> Iterator[pa.Table]:
    try:
        with pq.ParquetFile(path) as file:
            columns = [name for name in wanted if name in file.schema_arrow.names]
            for batch in file.iter_batches(columns=columns):
                yield pa.Table.from_batches([batch])
    except (OSError, pa.ArrowException) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else "no events file"
        raise InputUnreadable(f"{path}: {why}", fix="give --out DIR, a folder that a scan wrote") from None
