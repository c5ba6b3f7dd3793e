"""Write one events file from enriched events that come in any order, without duplicates and with twins merged."""

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
"""Name of the events file in its folder."""


def merge_events(
    place: Path, tables: Callable[[Coder], Iterable[pa.Table]]
) -> Iterator[tuple[int, int, CodedBatch, int]]:
    """Write `events.parquet` into a folder; yield (number of the day, number of days, its events, duplicates dropped).

    `tables` gets the coder and returns tables of events coded by it. The file is complete only after the last day was
    yielded.
    """
    coder, spool = Coder(), Spool(place)
    for table in tables(coder):
        spool.add(table)
    spool.settle(*coder.settle())
    days = spool.days()
    with EventsFile(place / EVENTS) as file:
        for number, day in enumerate(days, 1):
            batch, duplicates = spool.load(day)
            file.write(batch, np.full(len(batch), np.nan))
            yield number, len(days), batch, duplicates
