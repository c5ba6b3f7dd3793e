"""Compute the scope of an intrusion from a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pyarrow as pa

from seawall.response.scope import ScopeQuery, SearchBounds
from seawall.response.scope.sources import _SCRATCH, Collected, ScopeReading, gather_tables, search_events
from seawall.response.scope_values import Scope
from seawall.storage import Coder
from seawall.storage.database import Database
from seawall.storage.files.merged_events import EVENTS
from seawall.storage.lake import Lake
from seawall.storage.location import Store
from seawall_base.progress import Progress

Lost = tuple[str, int, str]
"""An unreadable record: file, number in the file, problem code."""


_PAGE = 1_000


def scope_of_store(
    store: Store,
    asked: ScopeQuery,
    bounds: SearchBounds,
    progress: Progress | None = None,
    collected: Collected = (),
) -> tuple[Scope, ScopeReading]:
    """Search the events of a store."""
    source = str(store.folder)
    return scope_of_lake(
        store.lake,
        find_unread(store.database),
        asked,
        bounds,
        source=source,
        progress=progress,
        collected=collected,
    )


def scope_of_lake(
    lake: Lake,
    lost: Iterable[Lost],
    asked: ScopeQuery,
    bounds: SearchBounds,
    *,
    source: str,
    days: tuple[date, date] | None = None,
    progress: Progress | None = None,
    collected: Collected = (),
    keep: Path | None = None,
) -> tuple[Scope, ScopeReading]:
    """Search the events of a lake, over all days or from one day to before another. `lost` are the unreadable records.

    The folder `keep` receives the events as the file `EVENTS`, for further evaluation.
    """
    asked.check()
    reading = ScopeReading()
    with ExitStack() as stack:
        place = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=_SCRATCH)))
        for file, line, code in lost:
            reading.note(file, line, code)
        cut = gather_tables(place, lambda coder: _keep(lake, coder, reading, days), reading, progress)
        return search_events(place / EVENTS, asked, bounds, place, cut, reading, collected, [source]), reading


def _keep(
    lake: Lake, coder: Coder, reading: ScopeReading, days: tuple[date, date] | None
) -> Iterable[pa.Table]:
    for held in lake.size().days:
        if days is not None and not days[0] <= held.day < days[1]:
            continue
        for table in lake.day(held.tenant, held.day, is_named=True):
            reading.records += table.num_rows
            yield coder.encode(table)


def find_unread(database: Database, since: int = 0) -> Iterator[Lost]:
    """Yield the records that a store could not read since a time (microseconds).

    Records are read after they happen, so earlier problems cannot concern the span.
    """
    after = 0
    while True:
        with database.reading() as unit:
            page = unit.problems.page(after=after, limit=_PAGE)
        if not page:
            return
        for number, at, problem in page:
            after = number
            if at >= since:
                yield problem.source_file, problem.line, problem.code
