"""What the footers of parts say, remembered: which rows of a part may be of an account and a time.

A part's rows lie in groups. Each group's footer states the least and greatest account and time in it, so that a question
for an account reads few groups. Where a footer states nothing, its group is read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.store.lake import parts

MOST_CHUNKS = 100_000
"""Column chunks of remembered footers: each takes about 900 bytes."""

_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class Group:
    """A group of rows of a part: how many, from when to when (microseconds), and the accounts it may hold."""

    index: int
    rows: int
    first: int
    last: int
    least: str | None
    greatest: str | None
    has_nobody: bool

    def may_hold(self, account: str) -> bool:
        """Whether rows of an account may lie in it."""
        return self.least is None or self.greatest is None or self.least <= account <= self.greatest

    def holds_only(self, account: str) -> bool:
        """Whether all of its rows are of an account."""
        return self.least == self.greatest == account and not self.has_nobody


@dataclass(frozen=True, slots=True)
class Footer:
    """A part and what its footer says."""

    path: Path
    metadata: pq.FileMetaData
    groups: tuple[Group, ...]
    is_merged: bool

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last time of its rows, in microseconds since the epoch."""
        return min(group.first for group in self.groups), max(group.last for group in self.groups)


def overlap(found: Iterable[Footer]) -> bool:
    """Whether parts of one day may hold copies of each other's rows: copies are of one time."""
    spans = sorted(footer.span for footer in found if footer.groups)
    return any(after[0] <= before[1] for before, after in pairwise(spans))


class Footers:
    """Footers of parts that were read lately. Threads may share it."""

    def __init__(self, most_chunks: int = MOST_CHUNKS) -> None:
        self._known: OrderedDict[tuple[str, int, int, int], Footer] = OrderedDict()
        self._most = most_chunks
        self._held = 0
        self._lock = threading.Lock()

    def of(self, path: Path) -> Footer:
        """Return a part's footer. Raises `OSError`, `pa.ArrowException` or `ValueError` where it has none of ours."""
        status = path.stat()
        key = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
                return found
        read = _read(path)
        with self._lock:
            if key not in self._known:
                self._known[key] = read
                self._held += _chunks(read)
            while self._held > self._most and len(self._known) > 1:
                self._held -= _chunks(self._known.popitem(last=False)[1])
        return read

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._known.clear()
            self._held = 0


@contextmanager
def opened(footer: Footer) -> Iterator[pq.ParquetFile]:
    """Open a part whose footer is known; names come as codes."""
    with footer.path.open("rb") as file, pq.ParquetFile(
        file, metadata=footer.metadata, read_dictionary=parts.NAMES, pre_buffer=False
    ) as part:  # fmt: skip
        yield part


def read(part: pq.ParquetFile, group: Group, columns: Iterable[str] | None = None) -> pa.Table:
    """Read columns of a group, or all; by the thread that asks, for others ask too."""
    return part.read_row_group(
        group.index, columns=None if columns is None else list(columns), use_threads=False
    )


def _chunks(footer: Footer) -> int:
    return int(footer.metadata.num_row_groups * footer.metadata.num_columns)


def _read(path: Path) -> Footer:
    with path.open("rb") as file:
        metadata = pq.read_metadata(file)
    parts.check_keys(metadata.metadata)
    places = {metadata.schema.column(place).path: place for place in range(metadata.num_columns)}
    if list(places) != parts.SCHEMA.names:
        raise ValueError("its columns are others")
    groups = (_group(metadata.row_group(index), index, places) for index in range(metadata.num_row_groups))
    return Footer(path, metadata, tuple(groups), parts.MERGED_KEY in (metadata.metadata or {}))


def _group(group: pq.RowGroupMetaData, index: int, places: dict[str, int]) -> Group:
    time, account = (group.column(places[name]).statistics for name in ("time", "account"))
    first, last = -_FOREVER, _FOREVER
    if time is not None and time.has_min_max:
        first, last = int(time.min_raw), int(time.max_raw)
    least = greatest = None
    if account is not None and account.has_min_max:
        least, greatest = account.min, account.max
    has_nobody = account is None or not account.has_null_count or account.null_count > 0
    return Group(index, group.num_rows, first, last, least, greatest, has_nobody)
