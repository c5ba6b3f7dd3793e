"""Read pieces of the input within tasks: the unchanged readers, enriched events cut by shelf, and all that is counted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path

import msgspec
import pyarrow as pa

from seawall.events.batches import EventBatch, count_by_file
from seawall.events.coder import UNKNOWN_ORGANISATION
from seawall.events.formats.limits import Limits
from seawall.events.networks import enrich
from seawall.events.read_files import read
from seawall.spark.delta_input import read_table_file
from seawall.spark.event_parts import (
    choose_shelf,
    cut_by_shelf,
    find_days,
    find_organisations,
    list_homes,
    pack_events,
)
from seawall.spark.rows import LakeRow
from seawall.spark.worker import get_networks

BUFFERED = 100_000
"""Events of a task that wait until they are cut by shelf: larger parts cost less."""

EVENTS, COUNTED, HOME = "events", "counted", "home"
"""Kinds of rows that reading makes: events of a shelf, what was counted, and a name under an organisation id."""

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ReadingTask:
    """What all tasks of reading share. With `is_large`, compiled code reads, as a scan of the whole input would choose."""

    shelves: int
    is_large: bool
    mmdb: tuple[Path, ...] = ()

    def limits(self) -> Limits:
        """Return the limits of reading."""
        return replace(Limits(), fast_bytes=0 if self.is_large else 1 << 62)


def read_piece(
    paths: Iterable[bytes], values: Iterable[str], number: int, task: ReadingTask
) -> Iterator[LakeRow]:
    """Yield the rows of some files, given by their names as the system has them. `number` is the piece's place.

    `values` are those of the partition of each file of a table, as JSON.
    """
    yield from make_rows(_read_files(zip(paths, values, strict=True), task.limits()), number, task)


def _read_files(files: Iterable[tuple[bytes, str]], limits: Limits) -> Iterator[EventBatch]:
    for text, group in groupby(files, key=lambda one: one[1]):
        paths = [Path(os.fsdecode(path)) for path, _ in group]
        if not text:
            yield from read(paths, limits)  # small files share a batch
            continue
        for path in paths:
            yield from read_table_file(path, msgspec.json.decode(text, type=dict[str, str]), limits)


def make_rows(batches: Iterable[EventBatch], number: int, task: ReadingTask) -> Iterator[LakeRow]:
    """Yield the rows of batches of events."""
    cutter = EventCutter(task.shelves)
    networks = get_networks(task.mmdb)
    for sequence, batch in enumerate(batches):
        yield LakeRow(COUNTED, place=(number << 32) | sequence, rows=batch.records, content=_count(batch))
        if batch.events.num_rows:
            yield from cutter.add(enrich(batch.events, networks))
    yield from cutter.finish()


def _count(batch: EventBatch) -> bytes:
    files = {name: asdict(counts) for name, counts in count_by_file(batch).items()}
    return _encode({"files": files, "problems": batch.problems})


@dataclass(slots=True)
class EventCutter:
    """Cut tables of events by shelf. Events wait until there are enough of them."""

    shelves: int
    _waiting: list[pa.Table] = field(default_factory=list)
    _rows: int = 0
    _homes: set[tuple[str, str, str]] = field(default_factory=set)

    def add(self, events: pa.Table) -> Iterator[LakeRow]:
        """Take enriched events, and yield the rows that are complete."""
        for domain, owner, name in list_homes(events, self._homes):
            yield LakeRow(HOME, names=(domain, owner, name))
        self._waiting.append(events)
        self._rows += events.num_rows
        if self._rows >= BUFFERED:
            yield from self.finish()

    def finish(self) -> Iterator[LakeRow]:
        """Yield the events that wait."""
        if not self._waiting:
            return
        whole = pa.concat_tables(self._waiting).unify_dictionaries().combine_chunks()
        self._waiting, self._rows = [], 0
        places, names = find_organisations(whole)
        shelves = [choose_shelf(name, self.shelves) for name in names]
        for shelf, held, events in cut_by_shelf(whole, places, names, shelves):
            yield make_events_row(shelf, held, events)


def make_events_row(shelf: int, names: tuple[str, ...], events: pa.Table) -> LakeRow:
    """Return a row of events. Its place is 1 if one of the organisations may turn out to be another one's domain."""
    days = find_days(events)
    is_open = any("." in name or name == UNKNOWN_ORGANISATION for name in names)
    return LakeRow(
        EVENTS, shelf, int(days.min()), int(days.max()), int(is_open), len(events), names, pack_events(events)
    )
