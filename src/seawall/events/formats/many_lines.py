"""Reads many lines at once: audit records column by column, where numba is installed, and every other record by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from importlib import import_module
from itertools import chain, islice
from operator import itemgetter
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.batches import RecordBuffer, flush, gather
from seawall.events.failures import note_failure
from seawall.events.formats.json_records import HEAD, Record, line_records, read_quickly
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import (
    BLOCK,
    LineBlock,
    LineBuffer,
    LineText,
    ScannedBlock,
    TextOrigin,
    split_whole_lines,
)
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.row_reader import QuickRow, quick
from seawall.events.formats.text_lines import ByteStream
from seawall.events.masked_excerpts import record_problem
from seawall.events.microsoft import entra_signin, m365_columns
from seawall.events.problem import Problem

_FORMATS = (m365_columns, entra_signin)
_FORMATS_COMPILED = {
    m365_columns.NAME: "seawall.events.microsoft.m365_json_lines",
    entra_signin.NAME: "seawall.events.microsoft.entra_json_lines",
}
"""Modules that read a format by column; they need numba."""
_LINES_LOOKED_AT = 8

Taken = tuple[Any, list[Problem], int]
Found = Record | QuickRow | Problem
Places = npt.NDArray[np.int64]

FEWEST_BYTES = 256 << 10
"""From so many bytes on it pays to set reading by column up."""
_MOST_TEXTS = 4_096
"""Texts that are read together at most."""


def batches_of_lines(
    data: bytes, name: str, limits: Limits, numbers: RecordNumbers, *, is_dropping: bool = False
) -> Iterator[Taken]:
    """Yield batches of the records of whole lines; like `line_records` of each of them.

    `is_dropping` tells that the first is the end of a line beyond the limit.
    """
    rows = RecordBuffer(name, limits)
    form = find_line_format(data[:HEAD], limits.depth) if len(data) >= FEWEST_BYTES else None
    reader = ManyLines(rows, limits, make_column_reader(limits, form))
    reader.begin(name, numbers)
    yield from reader.add([data], starts_inside=is_dropping)
    yield from reader.finish()
    yield from flush(rows)


class ManyLines:
    """Reads texts of whole lines, one after the other, into `rows`. Short texts are read together.

    While the records of a block become columns, another thread finds those of the next one.
    """

    def __init__(self, rows: RecordBuffer, limits: Limits, columns: ColumnReader | None) -> None:
        self._rows, self._limits = rows, limits
        self._columns = columns
        self._buffer = LineBuffer()
        self._text = TextOrigin("", RecordNumbers(1))
        self._waiting: list[LineText] = []
        self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: Future[Iterator[ScannedBlock]] | None = None

    def begin(self, name: str, numbers: RecordNumbers | None = None) -> None:
        """Begin a text of this name. Its records are numbered from 1, or as `numbers` goes on."""
        self._text = TextOrigin(name, RecordNumbers(1) if numbers is None else numbers)
        if self._columns is not None and not self._columns.is_worthwhile:
            self._columns.begin()

    def read(self, text: ByteStream, name: str) -> Iterator[Taken]:
        """Take the lines of a stream, and yield the batches that are full meanwhile, also those of earlier texts."""
        self.begin(name)
        for pieces, starts_inside in split_whole_lines(text, self._limits.record_bytes, BLOCK):
            yield from self.add(pieces, starts_inside=starts_inside)

    def add(self, pieces: Sequence[bytes], *, starts_inside: bool = False) -> Iterator[Taken]:
        """Take whole lines of the text that was begun, and yield the batches that are full meanwhile.

        `starts_inside` tells that the first line is the end of one beyond the limit.
        """
        size = sum(map(len, pieces))
        if self._size + size > BLOCK or len(self._waiting) >= _MOST_TEXTS:
            yield from self._go_on()
        self._waiting.append(LineText(self._text, pieces, starts_inside))
        self._size += size

    def finish(self) -> Iterator[Taken]:
        """Take everything that was added. What is in no full batch stays in the rows."""
        yield from self._take_scanned()
        if self._waiting:
            texts, self._waiting, self._size = self._waiting, [], 0
            for block in self._scan(texts):
                yield from self._take(block)

    def _go_on(self) -> Iterator[Taken]:
        """Have what is waiting scanned, and take what was scanned before."""
        if not self._waiting:
            return
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1)
        texts, self._waiting, self._size = self._waiting, [], 0
        ahead = self._thread.submit(lambda: _start(self._scan(texts)))
        try:
            yield from self._take_scanned()
        finally:
            self._ahead = ahead

    def _take_scanned(self) -> Iterator[Taken]:
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            for block in ahead.result():
                yield from self._take(block)

    def _scan(self, texts: Sequence[LineText]) -> Iterator[ScannedBlock]:
        """Yield blocks of the lines of texts, each valid until the next texts but one are scanned."""
        for block in self._buffer.fill(texts).parts(BLOCK, self._limits.fast_records):
            is_long = block.ends - block.starts > self._limits.record_bytes
            is_long[block.starts_inside] = True
            columns = self._columns
            yield ScannedBlock(
                block,
                is_long,
                columns.scan(block, is_long) if columns is not None and columns.is_worthwhile else None,
            )

    def _take(self, scanned: ScannedBlock) -> Iterator[Taken]:
        """Take the records of a block, and yield the batches that are full."""
        find = partial(self._find, scanned)
        rows, columns = self._rows, self._columns
        if columns is None or scanned.json is None or not columns.read(rows, scanned, find):
            for origin, start, end in scanned.lines.list_texts():
                rows.begin(origin.name)
                yield from gather(rows, chain.from_iterable(map(find, range(start, end))))
        if rows.is_full:
            yield rows.take()

    def _find(self, scanned: ScannedBlock, place: int) -> Iterator[Found]:
        """Yield the records of one line of a block."""
        line, origin = scanned.lines.line(place), scanned.lines.origin(place)
        if place in scanned.lines.starts_inside:
            yield self._refuse_long(origin)
        elif line and not line.isspace():
            if scanned.is_long[place]:
                yield self._refuse_long(origin)
            else:
                row = read_quickly(quick, line, origin.numbers, self._limits)
                if row is not None:
                    yield row
                else:
                    yield from line_records(line, origin.name, origin.numbers, self._limits)

    def _refuse_long(self, origin: TextOrigin) -> Problem:
        reason = f"one record larger than {self._limits.record_bytes} bytes"
        return record_problem(origin.name, next(origin.numbers), "too-large", reason)


class ColumnReader:
    """Reads blocks of lines by column."""

    def __init__(self, compiled: Any, limits: Limits) -> None:
        self._compiled, self._limits = compiled, limits
        self._tree = compiled.build_field_tree()
        self._lock = Lock()
        """Reading adds fields to the tree."""
        self._read = self._left = 0

    def begin(self) -> None:
        """Count anew how many lines can be read by column."""
        self._read = self._left = 0

    @property
    def is_worthwhile(self) -> bool:
        """Whether most lines could be read by column: the others are read twice."""
        return self._read >= self._left

    def scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_]) -> Any:
        """Find the fields of the records of a block, without the interpreter's lock for nearly all of the time."""
        with self._lock:
            return self._scan(block, is_long)

    def _scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_]) -> Any:
        if self._tree.is_full:
            self._tree = self._compiled.build_field_tree()
        if len(block.data) > self._compiled.LARGEST_BLOCK:
            return None
        try:
            lines = self._compiled.JsonBlock(
                block.data, block.starts, block.ends, self._tree, self._limits.depth
            )
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None
        lines.is_read &= ~is_long
        lines.is_blank[block.starts_inside] = False
        return lines

    def read(self, rows: RecordBuffer, scanned: ScannedBlock, find: Callable[[int], Iterable[Found]]) -> bool:
        """Take the records of a block into the rows: by column as many as can be, the others as `find` gives them for a line.

        False, and nothing taken, where these would be more than a batch: one line may hold many records.
        """
        block = scanned.lines
        raw, read, is_blank = self._columns(scanned)
        records = np.zeros(len(block), np.int64)
        records[read] = 1
        numbers, others = _number_records(block, records, ~is_blank, find, self._limits.batch_records)
        if others is None:
            return False
        self._read += len(read)
        self._left += len(others)
        for name, found in others:
            rows.begin(name)
            for record in found:
                rows.add(record)
        if len(read):
            size = int((block.ends[read] - block.starts[read]).sum())
            names = [text.name for text in block.texts]
            rows.add_table(self._compiled.NAME, raw, names, block.text_of[read], numbers[read], size)
        return True

    def _columns(self, scanned: ScannedBlock) -> tuple[Any, Places, npt.NDArray[np.bool_]]:
        """Return raw columns of the records of a block, the lines that they are on, and which lines hold nothing."""
        try:
            raw, read = self._compiled.read_raw_columns(scanned.json)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None, np.zeros(0, np.int64), np.zeros(len(scanned.lines), np.bool_)
        return raw, read, np.asarray(scanned.json.is_blank, np.bool_)


def _number_records(
    block: LineBlock,
    records: Places,
    is_something: npt.NDArray[np.bool_],
    find: Callable[[int], Iterable[Found]],
    most: int,
) -> tuple[Places, list[tuple[str, list[Found]]] | None]:
    """Return the number of each line's record in its text, int64 (lines,), and what `find` gives for the lines without one.

    `records` is 1 where a line's record was read. Texts are numbered on, unless more than `most` records were found: then None.
    """
    before = np.cumsum(records) - records
    is_left = (records == 0) & is_something
    others: list[tuple[str, list[Found]]] = []
    firsts: list[int] = []
    count = 0
    runs = block.list_texts()
    for text, start, end in runs:
        first = text.numbers.following
        firsts.append(first)
        following = first - int(before[start])
        for place in (start + np.flatnonzero(is_left[start:end])).tolist():
            mine = text.numbers.following = following + int(before[place])
            others.append((text.name, list(find(place))))
            records[place] = text.numbers.following - mine
            following += int(records[place])
            count += int(records[place])
            if count > most:
                for (begun, _, _), number in zip(
                    reversed(runs[: len(firsts)]), reversed(firsts), strict=True
                ):
                    begun.numbers.following = number
                return before, None
        text.numbers.following = first + int(records[start:end].sum())
    before = np.cumsum(records) - records
    sizes = [end - start for _, start, end in runs]
    shifts = [first - int(before[start]) for first, (_, start, _) in zip(firsts, runs, strict=True)]
    return before + np.repeat(np.array(shifts, np.int64), sizes), others


def _start(blocks: Iterator[ScannedBlock]) -> Iterator[ScannedBlock]:
    """Return the same blocks, of which the first is made now."""
    first = list(islice(blocks, 1))
    return chain(first, blocks)


def find_line_format(head: bytes, depth: int) -> str | None:
    """Return the name of the format that compiled code reads and most of the first lines of a text have; None for another."""
    looked: Counter[str] = Counter()
    for line in islice(filter(None, head.rpartition(b"\n")[0].split(b"\n")), _LINES_LOOKED_AT):
        try:
            record = parse(line, depth)
        except (NotJson, TooDeep):
            record = None
        is_record = isinstance(record, dict)
        looked[next((one.NAME for one in _FORMATS if is_record and one.recognises(record)), "")] += 1
    name, count = max(looked.items(), key=itemgetter(1), default=("", 0))
    return name if name and 2 * count >= looked.total() else None


@lru_cache(8)
def _import_compiled(name: str) -> Any:
    try:
        module = import_module(_FORMATS_COMPILED[name])
    except ImportError:
        return None
    module.prepare()
    return module


def make_column_reader(limits: Limits, name: str | None) -> ColumnReader | None:
    """Return a reader of a format by column; None where there is none, or numba is not installed."""
    compiled = None if name is None else _import_compiled(name)
    return None if compiled is None else ColumnReader(compiled, limits)
