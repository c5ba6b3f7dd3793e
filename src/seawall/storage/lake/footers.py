"""Cache the footers of parts, which tell the accounts and times that each group of rows may hold.

The rows of a part lie in row groups. The footer states the least and greatest account and time of each group, so that a
query for one account reads few groups. A group without these statistics is always read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.storage.lake import parts
from seawall.storage.lake.latest import WeightedLruCache

MOST_GROUPS = 60_000
"""Row groups of cached footers, about 400 bytes each; a part counts as two more."""

MOST_CHUNKS = 20_000
"""Column chunks of footers that are cached as pyarrow objects, about 1.4 kB each; others are read again when needed."""

_FOREVER = 2**62


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a part: rows, first and last time (microseconds), and the least and greatest account.

    `least` and `greatest` are None if the footer states none. `has_nobody` tells whether there are rows without an account.
    """

    index: int
    rows: int
    first: int
    last: int
    least: str | None
    greatest: str | None
    has_nobody: bool

    def may_hold(self, account: str) -> bool:
        """Return whether the group may hold rows of an account."""
        return self.least is None or self.greatest is None or self.least <= account <= self.greatest

    def may_hold_one_of(self, accounts: Sequence[str]) -> bool:
        """Return whether the group may hold rows of one of some accounts, given in ascending order."""
        place = 0 if self.least is None else bisect_left(accounts, self.least)
        return place < len(accounts) and self.may_hold(accounts[place])

    def holds_only(self, account: str) -> bool:
        """Return whether all rows of the group belong to an account."""
        return self.least == self.greatest == account and not self.has_nobody


@dataclass(frozen=True, slots=True)
class Footer:
    """A part with the statistics of its footer."""

    path: Path
    groups: tuple[RowGroup, ...]
    is_merged: bool
    whole: Callable[[], pq.FileMetaData] = field(repr=False, compare=False)
    """Return the footer as a pyarrow object, which takes a hundred times as much memory."""

    @property
    def span(self) -> tuple[int, int]:
        """First and last time of the rows, in microseconds since 1970."""
        return min(group.first for group in self.groups), max(group.last for group in self.groups)


def overlap(found: Iterable[Footer]) -> bool:
    """Return whether parts of one day may hold copies of each other's rows: copies have equal times."""
    spans = sorted(footer.span for footer in found if footer.groups)
    return any(after[0] <= before[1] for before, after in pairwise(spans))


_Identity = tuple[str, int, int, int]


class Footers:
    """Cache of parts' footers. Threads may share an instance.

    The number of row groups bounds its memory, whatever the number of parts.
    """

    def __init__(self, most_groups: int = MOST_GROUPS, most_chunks: int = MOST_CHUNKS) -> None:
        self._known: WeightedLruCache[_Identity, Footer] = WeightedLruCache(most_groups)
        self._whole: WeightedLruCache[_Identity, pq.FileMetaData] = WeightedLruCache(most_chunks)

    @property
    def known_parts(self) -> int:
        """Number of parts whose footers are cached."""
        return len(self._known)

    @property
    def chunks_at_hand(self) -> int:
        """Number of column chunks that are cached as pyarrow objects."""
        return self._whole.held

    def of(self, path: Path) -> Footer:
        """Return a part's footer. Raises `OSError`, `pa.ArrowException` or `ValueError` if the part has no footer of a
        lake.
        """
        status = path.stat()
        identity = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        found = self._known.get(identity)
        if found is None:
            whole = self._read(identity)
            found = Footer(
                path, _groups(whole), parts.MERGED_KEY in whole.metadata, partial(self._at_hand, identity)
            )
            self._known.put(identity, found, len(found.groups) + 2)
        return found

    def clear(self) -> None:
        """Empty the cache."""
        self._known.clear()
        self._whole.clear()

    def _at_hand(self, identity: _Identity) -> pq.FileMetaData:
        return self._whole.get(identity) or self._read(identity)

    def _read(self, identity: _Identity) -> pq.FileMetaData:
        with open(identity[0], "rb") as file:  # noqa: PTH123 - the key holds the path as text alone
            whole = pq.read_metadata(file)
        parts.check_keys(whole.metadata)
        self._whole.put(identity, whole, whole.num_row_groups * whole.num_columns)
        return whole


@contextmanager
def open_part(footer: Footer) -> Iterator[pq.ParquetFile]:
    """Open a part whose footer is known; coded columns come as dictionaries."""
    with footer.path.open("rb") as file, pq.ParquetFile(
        file, metadata=footer.whole(), read_dictionary=parts.NAMES, pre_buffer=False
    ) as part:  # fmt: skip
        yield part


def read(part: pq.ParquetFile, group: RowGroup, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a row group, all columns or the given ones, in the calling thread: other threads read at the same time."""
    return part.read_row_group(
        group.index, columns=None if columns is None else list(columns), use_threads=False
    )


def _groups(whole: pq.FileMetaData) -> tuple[RowGroup, ...]:
    return tuple(_group(whole.row_group(index), index) for index in range(whole.num_row_groups))


def _group(group: pq.RowGroupMetaData, index: int) -> RowGroup:
    # `FileMetaData.schema` is avoided: both objects would refer to each other, and only the garbage collector frees them.
    places = {group.column(place).path_in_schema: place for place in range(group.num_columns)}
    if list(places) != parts.SCHEMA.names:
        raise ValueError("its columns are others")
    time, account = (group.column(places[name]).statistics for name in ("time", "account"))
    first, last = -_FOREVER, _FOREVER
    if time is not None and time.has_min_max:
        first, last = int(time.min_raw), int(time.max_raw)
    least = greatest = None
    if account is not None and account.has_min_max:
        least, greatest = account.min, account.max
    has_nobody = account is None or not account.has_null_count or account.null_count > 0
    return RowGroup(index, group.num_rows, first, last, least, greatest, has_nobody)
