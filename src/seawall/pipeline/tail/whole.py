"""Reads a file that makes no sense in pieces (arrays, archives): as a whole, going on after the batches that are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from seawall.events.event_table import empty_events
from seawall.events.formats.files import name_of
from seawall.events.masked_excerpts import file_problem
from seawall.events.read_files import read_opened
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.tail.checkpoint import FileState
from seawall_base.regular_files import open_regular

_CHANGED = "the file changed while it was read; it is read anew"


def read_whole(path: Path, state: FileState, limits: Limits) -> Iterator[tuple[EventBatch | None, FileState]]:
    """The batches that were not kept yet, each with the state after it, at last None. Raises OSError.

    The same content gives the same batches, so that counting them is enough to go on; that the records before agree is
    checked.
    """
    with open(path, "rb", opener=lambda name, _: open_regular(Path(name))) as raw:
        before = os.fstat(raw.fileno())
        look = before.st_size, before.st_mtime_ns
        if look != (state.size, state.changed_ns):
            state = replace(state, size=look[0], changed_ns=look[1], batches=0, records=0, is_done=False)
        skipped, number, records = state.batches, 0, 0
        for batch in read_opened(raw, path, limits):
            if number == skipped and records != state.records:
                break
            number, records = number + 1, records + batch.records
            if number > skipped:
                state = replace(state, batches=number, records=records)
                yield batch, state
        after = os.fstat(raw.fileno())
    if (after.st_size, after.st_mtime_ns) == look and (number, records) == (state.batches, state.records):
        yield None, replace(state, is_done=True)
        return
    # A size that no file has: the next look finds it changed.
    problem = file_problem(name_of(path), "unreadable", _CHANGED)
    again = replace(state, size=0, changed_ns=0, batches=0, records=0, is_done=False)
    yield EventBatch(empty_events(), (problem,), 0, 0), again
