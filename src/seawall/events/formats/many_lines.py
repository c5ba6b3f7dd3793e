"""Reads many lines at once: audit records column by column, where numba is installed, and every other record by itself."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from seawall.events.batches import RecordBuffer, flush, gather
from seawall.events.failures import guard_records
from seawall.events.formats.column_reader import Found, Places
from seawall.events.formats.json_records import (
    HEAD,
    json_records,
    line_records,
    piece_records,
    read_quickly,
    split_json,
)
from seawall.events.formats.json_splitter import ObjectFinder, ObjectRun, OversizedRecord
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import (
    BLOCK,
    LineBuffer,
    LineText,
    ScannedBlock,
    TextOrigin,
    split_whole_lines,
)
from seawall.events.formats.line_formats import find_line_format
from seawall.events.formats.mixed_formats import ColumnReaders
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.row_reader import quick
from seawall.events.formats.text_lines import CHUNK, ByteStream, Utf8Stream
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem

Taken = tuple[Any, list[Problem], int]

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
    reader = ManyLines(rows, limits, ColumnReaders(limits))
    reader.begin(name, form, numbers)
    yield from reader.add([data], starts_inside=is_dropping)
    yield from reader.finish()
    yield from flush(rows)


class ManyLines:
    """Reads texts of whole lines, one after the other, into `rows`. Short texts are read together.

    While the records of a block become columns, another thread finds those of the next one.
    """

    def __init__(self, rows: RecordBuffer, limits: Limits, columns: ColumnReaders) -> None:
        self._rows, self._limits = rows, limits
        self._columns = columns
        self._buffer = LineBuffer()
        self._text = TextOrigin("", RecordNumbers(1))
        self._waiting: list[LineText] = []
        self._size = 0
        self._thread: ThreadPoolExecutor | None = None
        self._ahead: Future[Iterator[ScannedBlock]] | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether texts wait for others to be read together with them."""
        return bool(self._waiting)

    def begin(
        self,
        name: str,
        form: str | None,
        numbers: RecordNumbers | None = None,
        *,
        is_document: bool = False,
    ) -> None:
        """Begin a text of this name and format. Its records are numbered from 1, or as `numbers` goes on."""
        self._text = TextOrigin(name, RecordNumbers(1) if numbers is None else numbers, is_document, form)
        self._columns.begin(form)

    def read(self, text: ByteStream, name: str, form: str | None) -> Iterator[Taken]:
        """Take the lines of a stream, and yield the batches that are full meanwhile, also those of earlier texts."""
        self.begin(name, form)
        for pieces, starts_inside in split_whole_lines(text, self._limits.record_bytes, BLOCK):
            yield from self.add(pieces, starts_inside=starts_inside)

    def read_document(self, text: Utf8Stream, name: str, form: str | None) -> Iterator[Taken]:
        """Take a stream of JSON that is not one record on each line, and yield the batches that are full meanwhile."""
        longest = self._limits.record_bytes
        find_run = self._columns.find_run
        whole = text.peek(longest + 1)
        is_document = len(whole) <= longest and not _is_sequence(whole, find_run)
        self.begin(name, form, is_document=is_document)
        if is_document:
            text.read_away()
            yield from self.add([whole], spans=np.array([[0, len(whole)]]))
            return
        splitter = split_json(longest, find_run)
        while chunk := text.read(CHUNK):
            yield from self._add_parts(splitter.feed(chunk))
        yield from self._add_parts(splitter.finish())

    def _add_parts(self, parts: Iterator[bytes | ObjectRun | OversizedRecord]) -> Iterator[Taken]:
        for part in parts:
            if isinstance(part, ObjectRun):
                yield from self.add([part.data], spans=part.spans)
            elif isinstance(part, OversizedRecord):
                yield from self.add([], starts_inside=True)
            else:
                yield from self.add([part], spans=np.array([[0, len(part)]]))

    def add(
        self, pieces: Sequence[bytes], *, starts_inside: bool = False, spans: Places | None = None
    ) -> Iterator[Taken]:
        """Take whole lines of the text that was begun, and yield the batches that are full meanwhile.

        `starts_inside` tells that the first line is the end of one beyond the limit. `spans` are those of a `LineText`.
        """
        size = sum(map(len, pieces))
        if self._size + size > BLOCK or len(self._waiting) >= _MOST_TEXTS:
            yield from self._go_on()
        self._waiting.append(LineText(self._text, pieces, starts_inside, spans))
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
        for block in self._columns.cut(self._buffer.fill(texts)).parts(BLOCK, self._limits.fast_records):
            is_long = ~block.is_bounded & (block.ends - block.starts > self._limits.record_bytes)
            is_long[block.starts_inside] = True
            yield ScannedBlock(block, is_long, self._columns.scan(block, is_long))

    def _take(self, scanned: ScannedBlock) -> Iterator[Taken]:
        """Take the records of a block, and yield the batches that are full."""
        find = partial(self._find, scanned)
        rows = self._rows
        if scanned.json is None or not self._columns.read(rows, scanned, find):
            for origin, start, end in scanned.lines.list_texts():
                rows.begin(origin.name)
                yield from gather(rows, chain.from_iterable(map(find, range(start, end))))
        if rows.is_full:
            yield rows.take()

    def _find(self, scanned: ScannedBlock, place: int) -> Iterator[Found]:
        """Yield the records of one line of a block."""
        line, origin = scanned.lines.line(place), scanned.lines.origin(place)
        pages = scanned.lines.pages
        page = -1 if pages is None else int(pages.page_of[place])
        if pages is not None and page >= 0:
            if pages.is_clean[page]:
                found = piece_records(line, origin.name, origin.numbers, self._limits)
                yield from guard_records(found, origin.name, origin.numbers)
            elif pages.firsts[page] == place:
                whole = scanned.lines.data[pages.starts[page] : pages.ends[page]]
                yield from self._find_general(bytes(whole), origin)
        elif origin.is_document:
            yield from self._find_general(line, origin)
        elif place in scanned.lines.starts_inside:
            yield self._refuse_long(origin)
        elif line and not line.isspace():
            if scanned.is_long[place]:
                yield self._refuse_long(origin)
            else:
                yield from self._find_general(line, origin)

    def _find_general(self, text: bytes, origin: TextOrigin) -> Iterator[Found]:
        """Yield the records of a line or document as the general reader does."""
        limits, numbers = self._limits, origin.numbers
        if origin.is_document:
            yield from json_records(Utf8Stream(io.BytesIO(text), b""), origin.name, limits, quick, numbers)
        elif (row := read_quickly(quick, text, numbers, limits)) is not None:
            yield row
        else:
            yield from line_records(text, origin.name, numbers, limits)

    def _refuse_long(self, origin: TextOrigin) -> Problem:
        reason = f"one record larger than {self._limits.record_bytes} bytes"
        return record_problem(origin.name, next(origin.numbers), "too-large", reason)


def _is_sequence(text: bytes, find_run: ObjectFinder | None) -> bool:
    """Return whether a text begins with two objects one after the other, so that it is no single document."""
    head = text[:HEAD].lstrip()
    return find_run is not None and head[:1] == b"{" and len(find_run(bytearray(head), 0, HEAD)) > 1


def _start(blocks: Iterator[ScannedBlock]) -> Iterator[ScannedBlock]:
    """Return the same blocks, of which the first is made now."""
    first = list(islice(blocks, 1))
    return chain(first, blocks)
