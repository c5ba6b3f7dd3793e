"""Lines of one or several texts in one piece of memory, so that they are read together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.text_lines import CHUNK, ByteStream
from seawall.events.json_lines.layout import PADDING

Places = npt.NDArray[np.int64]

BLOCK = 32 << 20
"""Bytes of lines that are read together. What is done once for each distinct value wants large blocks."""

_LONG_LINES = 700
"""Bytes of a line on average from which on line feeds are searched for one by one: comparing all bytes is then dearer."""


@dataclass(frozen=True, slots=True)
class TextOrigin:
    """Hold the name of a text in events, and the numbers of its records."""

    name: str
    numbers: RecordNumbers
    is_document: bool = False
    """Whether the text is one line, which may be any JSON text."""
    form: str | None = None
    """The format that most records of the text have, None where it is not known."""


@dataclass(frozen=True, slots=True)
class LineText:
    """Hold whole lines of a text, in pieces; the last line may lack an end.

    `starts_inside` says that the first line is the end of one beyond the limit. `spans`, int64 (lines, 2), say where the lines
    are if they may have line feeds in them; none of these is too long.
    """

    origin: TextOrigin
    pieces: Sequence[bytes]
    starts_inside: bool
    spans: Places | None = None


@dataclass(frozen=True, slots=True)
class Pages:
    """Hold lines of a block that are the objects of one JSON text, a page: an array, or an object around one.

    `page_of`, int64 (lines,), is each line's place among the pages, -1 for a line of its own. `starts` and `ends`, int64
    (pages,), are those of the page in the data, and `firsts` is its first line. `is_clean`, bool (pages,), tells which are valid
    JSON as a whole.
    """

    page_of: Places
    starts: Places
    ends: Places
    firsts: Places
    is_clean: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Hold lines of texts: where each starts and ends, int64 (lines,). `data` has PADDING further bytes behind the lines.

    `text_of`, int32 (lines,), is each line's place in `texts`, and grows. `starts_inside` are the lines that are the end of one
    beyond the limit, and `is_bounded`, bool (lines,), the lines that are not too long in any case.
    """

    data: bytearray
    starts: Places
    ends: Places
    texts: Sequence[TextOrigin]
    text_of: npt.NDArray[np.int32]
    starts_inside: Places
    is_bounded: npt.NDArray[np.bool_]
    pages: Pages | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, place: int) -> bytes:
        """Return the bytes of a line."""
        return bytes(self.data[self.starts[place] : self.ends[place]])

    def origin(self, place: int) -> TextOrigin:
        """Return the text of a line."""
        return self.texts[int(self.text_of[place])]

    def mark_forms(self, forms: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return which lines are in texts of some formats, bool (lines,)."""
        return np.array([text.form in forms for text in self.texts], np.bool_)[self.text_of]

    def pick(self, lines: Places) -> LineBlock:
        """Return a block of some of the lines, without their pages."""
        return replace(
            self,
            starts=self.starts[lines],
            ends=self.ends[lines],
            text_of=self.text_of[lines],
            starts_inside=np.flatnonzero(np.isin(lines, self.starts_inside)),
            is_bounded=self.is_bounded[lines],
            pages=None,
        )

    def list_texts(self) -> list[tuple[TextOrigin, int, int]]:
        """List the texts with their first line, and the line behind their last. A text without a line is left out."""
        if not len(self):
            return []
        cuts = [0, *(np.flatnonzero(np.diff(self.text_of)) + 1).tolist(), len(self)]
        return [(self.origin(start), start, end) for start, end in pairwise(cuts)]

    def parts(self, size: int, lines: int) -> Iterator[LineBlock]:
        """Yield the same lines in blocks of at most so many bytes (one line may be longer) and lines."""
        first = 0
        while first < len(self):
            last = int(np.searchsorted(self.ends, self.starts[first] + size, "right"))
            last = self._end_page(first, min(max(last, first + 1), first + lines))
            inside = self.starts_inside[(self.starts_inside >= first) & (self.starts_inside < last)] - first
            rows = slice(first, last)
            pages = self.pages
            if pages is not None:
                pages = replace(pages, page_of=pages.page_of[rows], firsts=pages.firsts - first)
            yield LineBlock(
                self.data,
                self.starts[rows],
                self.ends[rows],
                self.texts,
                self.text_of[rows],
                inside,
                self.is_bounded[rows],
                pages,
            )
            first = last

    def _end_page(self, first: int, last: int) -> int:
        """Return the line nearest to `last` behind `first` at which no page goes on."""
        pages = self.pages
        if pages is None or last >= len(self):
            return last
        page = int(pages.page_of[last])
        if page < 0 or pages.page_of[last - 1] != page:
            return last
        if pages.firsts[page] > first:
            return int(pages.firsts[page])
        return last + int(np.argmin(np.append(pages.page_of[last:], -1) == page))


@dataclass(frozen=True, slots=True)
class ScannedBlock:
    """Hold a block of lines with what compiled code found on them: `json` is None where it was not asked, or failed."""

    lines: LineBlock
    is_long: npt.NDArray[np.bool_]
    json: Any


class LineBuffer:
    """Memory for one block of lines after the other. A block is valid until the next but one."""

    def __init__(self) -> None:
        self._data, self._other = bytearray(), bytearray()

    def fill(self, texts: Sequence[LineText]) -> LineBlock:
        """Return the lines of texts."""
        size = sum(sum(map(len, text.pieces)) + 1 for text in texts)
        self._data, self._other = self._other, self._data
        if len(self._data) < size + PADDING:
            self._data = bytearray(size + PADDING)
        view, at = memoryview(self._data), 0
        lines, counts = list[Places](), list[int]()
        for text in texts:
            begin = at
            for piece in text.pieces:
                view[at : at + len(piece)] = piece
                at += len(piece)
            if text.spans is not None:
                lines.append(text.spans + begin)
            else:
                is_open = at == begin or view[at - 1] != ord("\n")
                if is_open and (at > begin or text.starts_inside):
                    view[at : at + 1] = b"\n"
                    at += 1
                lines.append(_find_lines(self._data, begin, at))
            counts.append(len(lines[-1]))
        spans = np.concatenate([np.zeros((0, 2), np.int64), *lines])
        text_of = np.repeat(np.arange(len(texts), dtype=np.int32), counts)
        firsts = np.cumsum([0, *counts])[:-1][[text.starts_inside for text in texts]]
        is_bounded = np.repeat(np.array([text.spans is not None for text in texts], np.bool_), counts)
        starts, ends = np.ascontiguousarray(spans[:, 0]), np.ascontiguousarray(spans[:, 1])
        return LineBlock(
            self._data, starts, ends, [text.origin for text in texts], text_of, firsts, is_bounded
        )


def _find_lines(data: bytearray, begin: int, end: int) -> Places:
    """Return start and end of each line between two places, int64 (lines, 2)."""
    count = data.count(b"\n", begin, end)
    spans = np.empty((count, 2), np.int64)
    if not count:
        return spans
    if (end - begin) // count >= _LONG_LINES:
        spans[:, 1] = np.fromiter(_list_feeds(data, begin, end), np.int64, count)
    else:
        spans[:, 1] = np.flatnonzero(np.frombuffer(data, np.uint8)[begin:end] == ord("\n")) + begin
    spans[0, 0], spans[1:, 0] = begin, spans[:-1, 1] + 1
    return spans


def _list_feeds(data: bytearray, begin: int, end: int) -> Iterator[int]:
    """Yield the places of line feeds."""
    place = data.find(b"\n", begin, end)
    while place >= 0:
        yield place
        place = data.find(b"\n", place + 1, end)


def split_whole_lines(text: ByteStream, longest: int, most: int) -> Iterator[tuple[list[bytes], bool]]:
    """Yield the pieces of a text, about `most` bytes of whole lines at a time.

    With them comes whether the first line is the end of one beyond the limit.
    """
    pieces: list[bytes] = []
    held, is_dropping = 0, False
    while chunk := text.read(CHUNK):
        pieces.append(chunk)
        held += len(chunk)
        end = chunk.rfind(b"\n") + 1 if held >= most else 0
        if end:
            pieces[-1] = chunk[:end]
            yield pieces, is_dropping
            pieces, held, is_dropping = [chunk[end:]], len(chunk) - end, False
        elif held > most + longest:
            # The line that is still open is beyond the limit, so that its beginning can be dropped.
            whole, newline, rest = b"".join(pieces).rpartition(b"\n")
            if newline:
                yield [whole + newline], is_dropping
                is_dropping = False
            pieces, held, is_dropping = [], 0, is_dropping or bool(rest.strip())
    if any(pieces) or is_dropping:
        yield pieces, is_dropping
