"""Lines of one or several texts in one piece of memory, so that they are read together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class TextOrigin:
    """Hold the name of a text in events, and the numbers of its records."""

    name: str
    numbers: RecordNumbers


@dataclass(frozen=True, slots=True)
class LineText:
    """Hold whole lines of a text, in pieces; the last line may lack an end.

    `starts_inside` says that the first line is the end of one beyond the limit.
    """

    origin: TextOrigin
    pieces: Sequence[bytes]
    starts_inside: bool


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Hold lines of texts: where each starts and ends, int64 (lines,). `data` has PADDING further bytes behind the lines.

    `text_of`, int32 (lines,), is each line's place in `texts`, and grows. `starts_inside` are the lines that are the end of one
    beyond the limit.
    """

    data: bytearray
    starts: Places
    ends: Places
    texts: Sequence[TextOrigin]
    text_of: npt.NDArray[np.int32]
    starts_inside: Places

    def __len__(self) -> int:
        return len(self.starts)

    def line(self, place: int) -> bytes:
        """Return the bytes of a line."""
        return bytes(self.data[self.starts[place] : self.ends[place]])

    def origin(self, place: int) -> TextOrigin:
        """Return the text of a line."""
        return self.texts[int(self.text_of[place])]

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
            last = min(max(last, first + 1), first + lines)
            inside = self.starts_inside[(self.starts_inside >= first) & (self.starts_inside < last)] - first
            rows = slice(first, last)
            yield LineBlock(
                self.data, self.starts[rows], self.ends[rows], self.texts, self.text_of[rows], inside
            )
            first = last


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
        view, at, begins = memoryview(self._data), 0, list[int]()
        for text in texts:
            begins.append(at)
            for piece in text.pieces:
                view[at : at + len(piece)] = piece
                at += len(piece)
            is_open = at == begins[-1] or view[at - 1] != ord("\n")
            if is_open and (at > begins[-1] or text.starts_inside):
                view[at : at + 1] = b"\n"
                at += 1
        ends = np.flatnonzero(np.frombuffer(view, np.uint8, at) == ord("\n"))
        starts = np.zeros(len(ends), np.int64)
        starts[1:] = ends[:-1] + 1
        cuts = np.searchsorted(starts, np.array([*begins, at], np.int64))
        text_of = np.repeat(np.arange(len(texts), dtype=np.int32), np.diff(cuts))
        inside = cuts[:-1][[text.starts_inside for text in texts]] if texts else cuts[:0]
        return LineBlock(
            self._data, starts, ends, [text.origin for text in texts], text_of, inside.astype(np.int64)
        )


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
