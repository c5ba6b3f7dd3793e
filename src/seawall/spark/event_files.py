"""Write the scored events of a shelf as files of the table of events: one for each month, named by content."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from seawall.events.coded_batch import CodedBatch, Floats
from seawall.spark.event_parts import DAY
from seawall.storage.files.events_file import EventsFile
from seawall_base import private_files

LONG: Final = 100_000


def name_month(day: int) -> str:
    """Return the month of a day, such as `2026-03`."""
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m")


class EventFiles:
    """Write days of scored events in order. A month that was written in part before begins with what its file held."""

    def __init__(
        self, table: Path, scratch: Path, shelf: int, files: Sequence[tuple[str, str, int]], since: int
    ) -> None:
        """`files` are the present files of the shelf (name, month, events); days after `since` in them are replaced."""
        self._table, self._scratch, self._shelf, self._since = table, scratch, shelf, since
        self._before = {month: (name, rows) for name, month, rows in files}
        self._month = ""
        self._file: EventsFile | None = None
        self._rows = 0
        self._written: list[tuple[str, str, int]] = []
        self._empty: set[str] = set()

    def write(self, day: int, batch: CodedBatch, scores: Floats) -> None:
        """Add a day; `scores` (n,) are those of its events."""
        month = name_month(day)
        if month != self._month:
            self._close()
            self._month, self._rows = month, 0
            self._file = EventsFile(self._scratch / f"{month}.parquet")
            self._carry(month)
        if self._file is not None:
            self._file.write(batch, scores)
        self._rows += len(batch)

    def finish(self) -> Iterator[tuple[str, str, int]]:
        """Yield (name, month, events) of each file that now holds the shelf's events."""
        self._close()
        yield from self._written
        last = name_month(self._since) if self._since >= 0 else ""
        written = {month for _, month, _ in self._written} | self._empty
        for month, (name, rows) in sorted(self._before.items()):
            if month not in written and month <= last:
                yield name, month, rows

    def _carry(self, month: str) -> None:
        """Begin a month with the events of its former file up to the day of the state."""
        if month not in self._before or self._file is None:
            return
        name, _ = self._before[month]
        last = pa.scalar((self._since + 1) * DAY, pa.int64()).cast(pa.timestamp("us", "UTC"))
        with pq.ParquetFile(self._table / name) as former:
            for batch in former.iter_batches(LONG):
                table = pa.Table.from_batches([batch])
                kept = table.filter(pc.less(table["time"], last))
                self._file.write_table(kept)
                self._rows += kept.num_rows

    def _close(self) -> None:
        if self._file is None:
            return
        self._file.close()
        self._file = None
        path = self._scratch / f"{self._month}.parquet"
        if not self._rows:
            self._empty.add(self._month)
            path.unlink()
            return
        digest = hashlib.blake2b(digest_size=12)
        with path.open("rb") as source:
            while part := source.read(1 << 20):
                digest.update(part)
        name = f"{self._month}/{self._shelf:05d}-{digest.hexdigest()}.parquet"
        target = self._table / name
        private_files.make_folder(target.parent)
        if not target.exists():  # a task that runs twice writes the same
            descriptor, waiting = tempfile.mkstemp(".part", dir=target.parent)
            os.close(descriptor)
            shutil.copyfile(path, waiting)
            Path(waiting).replace(target)
        path.unlink()
        self._written.append((name, self._month, self._rows))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
