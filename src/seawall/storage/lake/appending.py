"""Split events into new parts by organisation and day, and write several parts at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from seawall.storage.errors import LakeBroken
from seawall.storage.lake import layout, parts

UNKNOWN = "unknown"
"""The organisation of events that state none."""

WRITERS = 4
"""Parts that are written at the same time: most of a write is waiting for the disk."""


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part to be written: first as `file`, then renamed into `folder` as `name`."""

    file: Path
    folder: Path
    name: str
    tenant: str
    rows: pa.Table

    def write(self) -> None:
        """Write the rows to `file`, outside the folder that readers list."""
        with parts.writer(self.file, self.tenant) as writer:
            writer.write_table(self.rows, row_group_size=parts.SMALL_GROUP)

    def put(self) -> None:
        """Move the file to its final path."""
        parts.put(self.file, self.folder, self.name)


def each(do: Callable[[NewPart], None], fresh: Sequence[NewPart]) -> None:
    """Call `do` for every part, in several threads. Raises the first error."""
    if len(fresh) < 2:
        for part in fresh:
            do(part)
        return
    with ThreadPoolExecutor(min(len(fresh), WRITERS)) as pool:
        for done in [pool.submit(do, part) for part in fresh]:
            done.result()


def shares(rows: pa.Table, nameless: str = UNKNOWN) -> Iterator[tuple[str, date, pa.Table]]:
    """Yield (organisation, day, rows) for each organisation and day in a table; `nameless` is that of rows that state none."""
    if not len(rows):
        return
    encoded = rows["org_uid"].combine_chunks().fill_null(nameless).dictionary_encode()
    times = rows["time"].cast(pa.int64()).to_numpy()
    day = times // layout.DAY_MICROSECONDS
    latest = layout.start_of(date.max - timedelta(days=1)) // layout.DAY_MICROSECONDS
    if day.min() < 0 or day.max() > latest:
        raise LakeBroken("events before 1970 or after 9999", fix="such records are problems, not events")
    tenant = encoded.indices.to_numpy()
    order = np.lexsort((day, tenant))
    tenant, day = tenant[order], day[order]
    begins = np.flatnonzero(np.r_[True, (tenant[1:] != tenant[:-1]) | (day[1:] != day[:-1])])
    for start, end in zip(begins, [*begins[1:], len(order)], strict=True):
        name = encoded.dictionary[int(tenant[start])].as_py()
        yield name, layout.day_of(int(times[order[start]])), rows.take(pa.array(order[start:end]))
