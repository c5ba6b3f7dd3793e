"""Read tables by column: compiled code makes a line of JSON of each plain row, and the `csv` module reads the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any

import numpy as np

from seawall.events.batches import RecordBuffer, Taken, flush, gather
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.csv_records import drop_header, row_record
from seawall.events.formats.json_records import Record
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import LineBuffer, LineText, ScannedBlock, TextOrigin
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.problem import Problem

BLOCK = 32 << 20
"""Bytes of texts that are read together."""
_ROWS_BLOCK = 16 << 20
"""Bytes of rows that are written as JSON at once: that takes up to twice as many."""

Found = Record | Problem
Header = tuple[list[str], str]
"""Names of the columns, and the delimiter."""
FindRecord = Callable[[bytes | None, int], Found]
"""Function that returns the record of a row (None for one that is too large) and its number."""


def read_rows(
    rows: Iterator[bytes | None], header: Header, name: str, limits: Limits, columns: ColumnReader
) -> Iterator[Taken]:
    """Yield batches of a table whose rows are records of one format. `rows` begin with the header."""
    names, delimiter = header
    lines = _import_lines()
    write = partial(lines.write_rows, delimiter=delimiter, names=names)
    find = partial(_find_record, header, name, limits)
    return _read(rows, _ROWS_BLOCK, write, find, TextBlocks(name, limits, columns))


def read_column(
    rows: Iterator[bytes | None],
    header: Header,
    column: str,
    name: str,
    limits: Limits,
    columns: ColumnReader,
    find: FindRecord,
) -> Iterator[Taken]:
    """Yield batches of a table that holds records as JSON in one column. `find` gives the record of a row that is not plain."""
    names, delimiter = header
    lines = _import_lines()
    wanted = names.index(column)
    write = partial(lines.copy_column, delimiter=delimiter, columns=len(names), wanted=wanted)
    return _read(rows, BLOCK, write, find, TextBlocks(name, limits, columns))


class TextBlocks:
    """Read texts of the records of one file, block by block. Each is on a line, and they are numbered from 1."""

    def __init__(self, name: str, limits: Limits, columns: ColumnReader) -> None:
        self.numbers = RecordNumbers(1)
        self.limits = limits
        self._name, self._columns = name, columns
        self._rows, self._buffer = RecordBuffer(name, limits), LineBuffer()

    def read(self, texts: bytes, find: Callable[[int], Iterator[Found]]) -> Iterator[Taken]:
        """Yield batches of the texts. `find` gives what is on a line that cannot be read by column."""
        rows = self._rows
        block = self._buffer.fill([LineText(TextOrigin(self._name, self.numbers), [texts], False)])
        is_long = np.zeros(len(block), np.bool_)
        scanned = ScannedBlock(block, is_long, self._columns.scan(block, is_long))
        if scanned.json is None or not self._columns.read(rows, scanned, find):
            yield from gather(rows, chain.from_iterable(map(find, range(len(block)))))
        yield from flush(rows)


def _import_lines() -> Any:
    lines = import_module("seawall.events.formats.table_lines")
    lines.prepare()
    return lines


def _read(
    rows: Iterator[bytes | None],
    size: int,
    write: Callable[[Sequence[bytes]], bytes],
    find: FindRecord,
    blocks: TextBlocks,
) -> Iterator[Taken]:
    def find_on_line(taken: list[bytes | None], place: int) -> Iterator[Found]:
        yield find(taken[place], next(blocks.numbers))

    rows = drop_header(rows)
    while taken := _take_rows(rows, blocks.limits, size):
        yield from blocks.read(write([row or b"" for row in taken]), partial(find_on_line, taken))


def _take_rows(rows: Iterator[bytes | None], limits: Limits, most: int) -> list[bytes | None]:
    """Take the rows of a block."""
    taken, size = list[bytes | None](), 0
    for row in rows:
        taken.append(row)
        size += len(row or b"")
        if size >= most or len(taken) >= limits.fast_records:
            break
    return taken


def _find_record(header: Header, name: str, limits: Limits, row: bytes | None, number: int) -> Found:
    return row_record(row, name, limits, header, number)
