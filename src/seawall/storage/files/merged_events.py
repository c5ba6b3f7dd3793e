"""Makes one events file of enriched events that come in any order, as a scan would: copies dropped, twins merged, by day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.events.coded_batch import CodedBatch
from seawall.events.coder import Coder
from seawall.storage.files.events_file import EventsFile
from seawall.storage.spool.spool import Spool

EVENTS = "events.parquet"
"""The name of the file, in a folder of its own."""


def merge_events(
    place: Path, tables: Callable[[Coder], Iterable[pa.Table]]
) -> Iterator[tuple[int, int, CodedBatch, int]]:
    """Write the events file into a folder; yield of each day its place and how many there are, its events, and the copies.

    `tables` are the events, coded by the coder that it is given. The file is whole when the last day was taken.
    """
    coder, spool = Coder(), Spool(place)
    for table in tables(coder):
        spool.add(table)
    spool.settle(*coder.settled())
    days = spool.days()
    with EventsFile(place / EVENTS) as file:
        for number, day in enumerate(days, 1):
            batch, duplicates = spool.load(day)
            file.write(batch, np.full(len(batch), np.nan))
            yield number, len(days), batch, duplicates
