"""Events on their way into the lake: cut into parts by organisation and day, and written several at a time."""

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
"""Parts that are written at once: a disk takes several in the time of one."""


@dataclass(frozen=True, slots=True)
class NewPart:
    """A part that is to be written: first as `file`, then under its name."""

    file: Path
    folder: Path
    name: str
    tenant: str
    rows: pa.Table

    def write(self) -> None:
        """Write it as a file that is not complete yet."""
        with parts.writer(self.file, self.tenant) as writer:
            writer.write_table(self.rows, row_group_size=parts.SMALL_GROUP)

    def put(self) -> None:
        """Give the file its name."""
        parts.put(self.file, self.folder, self.name)


def each(do: Callable[[NewPart], None], fresh: Sequence[NewPart]) -> None:
    """Do it for every part, several at a time: most of it is waiting for the disk. Raises the first error."""
    if len(fresh) < 2:
        for part in fresh:
            do(part)
        return
    with ThreadPoolExecutor(min(len(fresh), WRITERS)) as pool:
        for done in [pool.submit(do, part) for part in fresh]:
            done.result()


def shares(rows: pa.Table) -> Iterator[tuple[str, date, pa.Table]]:
    """Cut rows by organisation and day."""
    if not len(rows):
        return
    encoded = rows["org_uid"].combine_chunks().fill_null(UNKNOWN).dictionary_encode()
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
