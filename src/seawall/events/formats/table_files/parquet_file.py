"""Read Parquet files, one row group after the other, as JSON lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from seawall.events.consoles.tables import find_mark
from seawall.events.formats.csv_records import KEPT_EMPTY
from seawall.events.formats.limits import Limits
from seawall.events.formats.table_files.arrow_lines import write_lines
from seawall.events.formats.table_files.parquet_layout import (
    BadParquet,
    ParquetLayout,
    StoredRows,
    find_batch_size,
    read_layout,
)
from seawall.events.formats.table_files.table_part import MOST_DAMAGED, TablePart, build_header_line

_LONGEST_TEXT, _MOST_ITEMS = 64 << 20, 4_000_000
_BUFFER = 1 << 16
_BYTE_ARRAY = 6
_FAILURES = (pa.ArrowException, ArithmeticError, LookupError, TypeError, RecursionError)


@dataclass(slots=True)
class StoredSize:
    """Count the bytes of a file that the parts read so far were made from."""

    count: int


class ParquetTable:
    """Read one open, seekable file."""

    def __init__(self, raw: BinaryIO, limits: Limits) -> None:
        """Read its directory. Raises BadParquet or LargeParquet."""
        self._raw, self._limits = raw, limits
        self._layout = read_layout(raw)
        self._following = 0
        self._kept_empty = KEPT_EMPTY | frozenset(find_mark(self._layout.names))
        try:
            self._file = _open(raw, self._layout)
        except (*_FAILURES, OSError, ValueError) as error:
            raise BadParquet(f"its directory is damaged: {_reason(error)}") from error

    def parts(self) -> Iterator[TablePart]:
        """Yield the text of the file, and a further text behind each damaged row group."""
        stored, label = StoredSize(0), ""
        for _ in range(MOST_DAMAGED + 1):
            yield TablePart(label, self._lines(stored), stored)
            if self._following >= len(self._layout.groups):
                return
            label = f"row group {self._following + 1}"

    def _lines(self, stored: StoredSize) -> Iterator[bytes]:
        groups = self._layout.groups
        if not any(group.rows for group in groups):
            yield build_header_line(self._layout.names)
        while self._following < len(groups):
            number = self._following
            self._following += 1
            stored.count += groups[number].packed_size
            if groups[number].rows:
                yield from self._read_group(number, groups[number])

    def _read_group(self, number: int, group: StoredRows) -> Iterator[bytes]:
        """Yield the rows of a group as JSON lines. Raises ValueError if it is damaged or too large."""
        try:
            rows = find_batch_size(self._raw, self._layout, group, self._limits)
            batches = self._file.iter_batches(rows, row_groups=[number], use_threads=False)
            for batch in batches:
                yield from write_lines(batch, self._kept_empty, self._limits.record_bytes)
        except (*_FAILURES, ValueError, OSError) as error:
            rest = f"row group {number + 1} of {group.rows} rows"
            raise BadParquet(f"{rest} is damaged or too large: {_reason(error)}") from error


def _open(raw: BinaryIO, layout: ParquetLayout) -> Any:
    repeated = {
        leaf.path
        for at, leaf in enumerate(layout.leaves)
        if leaf.kind == _BYTE_ARRAY and any(group.chunks[at].has_dictionary for group in layout.groups)
    }
    return pq.ParquetFile(
        pa.PythonFile(raw, "r"),
        read_dictionary=sorted(repeated),
        buffer_size=_BUFFER,
        pre_buffer=False,
        thrift_string_size_limit=_LONGEST_TEXT,
        thrift_container_size_limit=_MOST_ITEMS,
        arrow_extensions_enabled=False,
    )


def _reason(error: Exception) -> str:
    return str(error).split("\n", 1)[0][:200] or type(error).__name__
