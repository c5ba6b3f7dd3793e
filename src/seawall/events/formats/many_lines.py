"""Reads many lines at once: audit records column by column, where numba is installed, and every other record by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.batches import RecordBuffer, gather
from seawall.events.failures import note_failure
from seawall.events.formats.json_records import Record, line_records, read_quickly
from seawall.events.formats.limits import Limits
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.row_reader import QuickRow, quick
from seawall.events.formats.text_lines import CHUNK, ByteStream
from seawall.events.json_lines.layout import PADDING
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem
from seawall_base.read_ahead import read_ahead

Taken = tuple[Any, list[Problem], int]
Found = Record | QuickRow | Problem
Places = npt.NDArray[np.int64]

_BLOCK = 32 << 20
"""Bytes of lines that are read together. What is done once for each distinct value wants large blocks."""
FEWEST_BYTES = 256 << 10
"""From so many bytes on it pays to set reading by column up."""


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Hold some lines of text: where each starts and ends, int64 (lines,). `data` has PADDING further bytes behind the text."""

    data: bytearray
    starts: Places
    ends: Places

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, place: int) -> bytes:
        """Return the bytes of a line."""
        return bytes(self.data[self.starts[place] : self.ends[place]])

    def parts(self, size: int, lines: int) -> Iterator[LineBlock]:
        """Yield the same lines in blocks of at most so many bytes (one line may be longer) and lines."""
        first = 0
        while first < len(self):
            last = int(np.searchsorted(self.ends, self.starts[first] + size, "right"))
            last = min(max(last, first + 1), first + lines)
            yield LineBlock(self.data, self.starts[first:last], self.ends[first:last])
            first = last


@dataclass(frozen=True, slots=True)
class ScannedBlock:
    """Hold a block of lines with what compiled code found on them: `json` is None where it was not asked, or failed.

    `starts_inside` says that the first line is the end of one beyond the limit.
    """

    lines: LineBlock
    is_long: npt.NDArray[np.bool_]
    json: Any
    starts_inside: bool = False


class LineBuffer:
    """Memory for the lines of one block after the other. A block is valid until the next but one."""

    def __init__(self) -> None:
        self._data, self._other = bytearray(), bytearray()

    def fill(self, pieces: Sequence[bytes]) -> LineBlock:
        """Return the lines of a text that comes in pieces; its last line may lack an end."""
        size = sum(map(len, pieces))
        self._data, self._other = self._other, self._data
        if len(self._data) < size + PADDING:
            self._data = bytearray(size + PADDING)
        view, at = memoryview(self._data), 0
        for piece in pieces:
            view[at : at + len(piece)] = piece
            at += len(piece)
        ends = np.flatnonzero(np.frombuffer(view, np.uint8, size) == ord("\n"))
        if not size or self._data[size - 1] != ord("\n"):
            ends = np.append(ends, size)
        return LineBlock(self._data, np.concatenate([np.zeros(1, np.int64), ends[:-1] + 1]), ends)


def batches_of_lines(
    data: bytes, name: str, limits: Limits, numbers: RecordNumbers, *, is_dropping: bool = False
) -> Iterator[Taken]:
    """Yield batches of the records of whole lines; like `line_records` of each of them.

    `is_dropping` tells that the first is the end of a line beyond the limit.
    """
    reader = ManyLines(
        name, limits, numbers, make_column_reader(limits) if len(data) >= FEWEST_BYTES else None
    )
    yield from reader.batches([data], is_dropping=is_dropping)
    yield from reader.rest()


def batches_of_stream(
    text: ByteStream, name: str, limits: Limits, columns: ColumnReader | None
) -> Iterator[Taken]:
    """Yield batches of the records of a stream of lines, in memory bounded by two blocks and the longest record.

    While the records of a block become columns, another thread finds those of the next one.
    """
    reader = ManyLines(name, limits, RecordNumbers(1), columns)
    texts = _split_whole_lines(text, limits.record_bytes)
    first = next(texts, None)
    if first is not None:
        is_small = sum(map(len, first[0])) < _BLOCK
        blocks = reader.scan(chain([first], texts))
        for block in blocks if is_small else read_ahead(blocks):
            yield from reader.take(block)
    yield from reader.rest()


class ManyLines:
    """Reads texts of whole lines, one after the other, into the same batches. `numbers` goes on numbering records."""

    def __init__(
        self, name: str, limits: Limits, numbers: RecordNumbers, columns: ColumnReader | None
    ) -> None:
        self._name, self._limits, self._numbers = name, limits, numbers
        self._rows = RecordBuffer(name, limits)
        self._columns = columns
        self._buffer = LineBuffer()
        if columns is not None:
            columns.begin()

    def batches(self, pieces: Sequence[bytes], *, is_dropping: bool = False) -> Iterator[Taken]:
        """Take the records of a text that comes in pieces, and yield the batches that are full."""
        for block in self.scan(iter([(pieces, is_dropping)])):
            yield from self.take(block)

    def scan(self, texts: Iterator[tuple[Sequence[bytes], bool]]) -> Iterator[ScannedBlock]:
        """Yield blocks of the lines of texts, each valid until the next but one.

        A text comes in pieces, and with it whether its first line is the end of one beyond the limit.
        """
        for pieces, starts_inside in texts:
            whole = self._buffer.fill(pieces)
            if starts_inside:
                whole = LineBlock(whole.data, whole.starts[1:], whole.ends[1:])
                yield ScannedBlock(
                    LineBlock(whole.data, whole.starts[:0], whole.ends[:0]), np.zeros(0, np.bool_), None, True
                )
            for block in whole.parts(_BLOCK, self._limits.fast_records):
                is_long = block.ends - block.starts > self._limits.record_bytes
                columns = self._columns
                yield ScannedBlock(block, is_long, columns and columns.scan(block, is_long))

    def take(self, scanned: ScannedBlock) -> Iterator[Taken]:
        """Take the records of a block, and yield the batches that are full."""
        if scanned.starts_inside:
            self._rows.add(self._refuse_long())
        find = partial(self._find, scanned.lines, scanned.is_long)
        columns, rows = self._columns, self._rows
        if columns is None or scanned.json is None or not columns.read(rows, scanned, self._numbers, find):
            yield from gather(rows, chain.from_iterable(map(find, range(len(scanned.lines)))))
        if columns is not None and not columns.is_worthwhile:
            self._columns = None
        if rows.is_full:
            yield rows.take()

    def rest(self) -> Iterator[Taken]:
        """Yield the batch of what has been taken since the last one, where there is anything."""
        if not self._rows.is_empty:
            yield self._rows.take()

    def _find(self, block: LineBlock, is_long: npt.NDArray[np.bool_], place: int) -> Iterator[Found]:
        """Yield the records of one line of a block."""
        line = block.line(place)
        if not line or line.isspace():
            return
        if is_long[place]:
            yield self._refuse_long()
        else:
            row = read_quickly(quick, line, self._numbers, self._limits)
            if row is not None:
                yield row
            else:
                yield from line_records(line, self._name, self._numbers, self._limits)

    def _refuse_long(self) -> Problem:
        reason = f"one record larger than {self._limits.record_bytes} bytes"
        return record_problem(self._name, next(self._numbers), "too-large", reason)


class ColumnReader:
    """Reads blocks of lines by column."""

    def __init__(self, compiled: Any, limits: Limits) -> None:
        self._compiled, self._limits = compiled, limits
        self._tree = compiled.build_field_tree()
        self._read = self._left = 0

    def begin(self) -> None:
        """Count anew how many lines can be read by column."""
        self._read = self._left = 0

    @property
    def is_worthwhile(self) -> bool:
        """Whether most lines could be read by column: the others are read twice."""
        return self._read >= self._left

    def scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_]) -> Any | None:
        """Find the fields of the records of a block, without the interpreter's lock for nearly all of the time."""
        if self._tree.is_full:
            self._tree = self._compiled.build_field_tree()
        if len(block.data) > self._compiled.LARGEST_BLOCK:
            return None
        try:
            lines = self._compiled.JsonBlock(
                block.data, block.starts, block.ends, self._tree, self._limits.depth
            )
            lines.is_read &= ~is_long
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None
        return lines

    def read(
        self,
        rows: RecordBuffer,
        scanned: ScannedBlock,
        numbers: RecordNumbers,
        find: Callable[[int], Iterable[Found]],
    ) -> bool:
        """Take the records of a block into the rows: by column as many as can be, the others as `find` gives them for a line.

        False, and nothing taken, where these would be more than a batch: one line may hold many records.
        """
        block = scanned.lines
        raw, read, is_blank = self._columns(scanned)
        records = np.zeros(len(block), np.int64)
        records[read] = 1
        first, before, others = numbers.following, np.cumsum(records), list[Found]()
        left = np.flatnonzero((records == 0) & ~is_blank)
        self._read += len(read)
        self._left += len(left)
        more = 0
        for place in left.tolist():
            start = numbers.following = first + int(before[place]) + more
            others += find(place)
            records[place] = numbers.following - start
            more += numbers.following - start
            if more > self._limits.batch_records:
                numbers.following = first
                return False
        numbers.following = first + len(read) + more
        for found in others:
            rows.add(found)
        if len(read):
            size = int((block.ends[read] - block.starts[read]).sum())
            rows.add_table(self._compiled.NAME, raw, first + (np.cumsum(records) - records)[read], size)
        return True

    def _columns(self, scanned: ScannedBlock) -> tuple[Any, Places, npt.NDArray[np.bool_]]:
        """Return raw columns of the records of a block, the lines that they are on, and which lines hold nothing."""
        try:
            raw, read = self._compiled.read_raw_columns(scanned.json)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None, np.zeros(0, np.int64), np.zeros(len(scanned.lines), np.bool_)
        return raw, read, np.asarray(scanned.json.is_blank, np.bool_)


@lru_cache(1)
def _import_compiled() -> Any:
    try:
        from seawall.events.microsoft import m365_json_lines
    except ImportError:
        return None
    m365_json_lines.prepare()
    return m365_json_lines


def make_column_reader(limits: Limits) -> ColumnReader | None:
    """Return a reader by column; None where numba is not installed."""
    compiled = _import_compiled()
    return None if compiled is None else ColumnReader(compiled, limits)


def _split_whole_lines(text: ByteStream, longest: int) -> Iterator[tuple[list[bytes], bool]]:
    """Yield the pieces of a text, many whole lines at a time, and whether the first is the end of a line beyond the limit."""
    pieces: list[bytes] = []
    held, is_dropping = 0, False
    while chunk := text.read(CHUNK):
        pieces.append(chunk)
        held += len(chunk)
        end = chunk.rfind(b"\n") + 1 if held >= _BLOCK else 0
        if end:
            pieces[-1] = chunk[:end]
            yield pieces, is_dropping
            pieces, held, is_dropping = [chunk[end:]], len(chunk) - end, False
        elif held > _BLOCK + longest:
            # The line that is still open is beyond the limit, so that its beginning can be dropped.
            whole, newline, rest = b"".join(pieces).rpartition(b"\n")
            if newline:
                yield [whole + newline], is_dropping
                is_dropping = False
            pieces, held, is_dropping = [], 0, is_dropping or bool(rest.strip())
    if any(pieces) or is_dropping:
        yield pieces, is_dropping
