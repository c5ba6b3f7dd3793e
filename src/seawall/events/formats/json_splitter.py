"""Split a stream of JSON text into records by counting brackets, with bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

_TOKEN = re.compile(rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|["{}\[\]]', re.DOTALL)
_SEPARATORS = b" \t\r\n,\x0b\x0c"
_OBJECT = re.compile(rb"[ \t\r\n,\x0b\x0c]*\{")
_WRAPPER_REACH = 1 << 16
_MOST_BARE = 1_000
"""Most levels of arrays of nothing that a piece repeats: far beyond every limit of depth."""
_TEXT = rb'"(?>[^"\\]++|\\.)*+"'
_FLAT = rb"(?>[^\"{}\[\]]++|" + _TEXT + rb")*+"
_STRUCTURE = _FLAT
for _ in range(3):
    _STRUCTURE = _FLAT + rb"(?>[{\[]" + _STRUCTURE + rb"[}\]]" + _FLAT + rb")*+"
_STRUCTURE = rb"[{\[]" + _STRUCTURE + rb"[}\]]"
_VALUE = rb"(?>" + _TEXT + rb"|[-\w.+]++|" + _STRUCTURE + rb")"
"""Matches a value of JSON with at most four levels. Nothing in it is tried twice, so that the time is linear."""
_NAME = rb"\s*+,\s*+" + _TEXT + rb"\s*+:\s*+"
_TAIL_MEMBER = re.compile(rb"(?>" + _NAME + rb"(?>" + _TEXT + rb"|[-\w.+]++))*+" + _NAME)
"""Matches what is between the array of a page, or a structure behind it, and the next structure."""


Spans = npt.NDArray[np.int64]
ObjectFinder = Callable[[bytearray, int, int], Spans]
"""Function that returns the spans of whole objects in a text from a place on, none of them longer than the limit or a wrapper."""


@dataclass(frozen=True, slots=True)
class ObjectRun:
    """Hold several objects: `spans`, int64 (objects, 2), are start and end of each in the bytes."""

    data: bytes
    spans: Spans


class PageStarts:
    """Find pages whose array of records lies deeper, or behind structures: `{"took":1,"hits":{"total":{},"hits":[`.

    `first` are the names that such a page begins with, `places` the names on the way to the array.
    """

    def __init__(self, first: Sequence[str], places: Sequence[tuple[str, ...]]) -> None:
        self._first = re.compile(rb'\{\s*"(?:' + "|".join(map(re.escape, first)).encode() + rb')"')
        self._pages = [(len(place), re.compile(self._pattern(place))) for place in places]

    @staticmethod
    def _pattern(place: tuple[str, ...]) -> bytes:
        pattern = b""
        for name in place:
            key = rb'"' + re.escape(name).encode() + rb'"\s*:\s*'
            member = _TEXT + rb"\s*:\s*" + _VALUE + rb"\s*,\s*"
            pattern += rb"\{\s*(?>(?!" + key + rb")" + member + rb")*+" + key
        return pattern + rb"\[(?=\s*[\]{])"

    def may_begin(self, text: bytearray, start: int) -> bool:
        """Return whether an object that starts here begins as a page."""
        return self._first.match(text, start) is not None

    def find(self, text: bytearray, start: int, end: int) -> tuple[int, int] | None:
        """Return the place of the first record of a page that starts here, and the number of objects around its array."""
        if self.may_begin(text, start):
            for levels, pattern in self._pages:
                found = pattern.match(text, start, end)
                if found:
                    return found.end(), levels
        return None


class OversizedRecord:
    """Stand for one record beyond the limit, whose text was dropped."""


class JsonSplitter:
    """Split chunks into records: objects at the top level, in top-level arrays, and in arrays under a wrapper key.

    Text between records that is no separator becomes a piece too, so that nothing is lost silently; so does an element that
    is an array of nothing. A string ends at the end of its line at the latest, because JSON strings contain no raw line
    feeds. So damage is confined to its line.
    """

    def __init__(
        self,
        limit: int,
        wrappers: Sequence[str],
        kinds: Mapping[str, str] = MappingProxyType({}),
        find_run: ObjectFinder | None = None,
        pages: PageStarts | None = None,
    ) -> None:
        """Take `kinds`, further wrapper keys, each valid only in objects that state its kind before it.

        With `find_run`, objects that it finds come as runs, otherwise all come one by one.
        """
        self._pages = pages
        self._find_run = find_run
        self._kinds = {key.encode(): kind.encode() for key, kind in kinds.items()}
        keys = b"|".join((*(key.encode() for key in wrappers), *self._kinds))
        self._wrapper = re.compile(
            rb'\{\s*(?:"[^"\\]*"\s*:\s*(?:"(?:[^"\\]|\\.)*"|[-\w.+]+)\s*,\s*)*"('
            + keys
            + rb')"\s*:\s*\[(?=\s*[\]{])'
        )
        self._limit = limit
        self._buffer = bytearray()
        self._position = 0
        self._start = 0
        self._depth = 0
        self._wrapped = 0
        self._is_tail = False
        self._is_dropping = False
        self._arrays = 0
        """Arrays around the present place, without those of wrappers."""
        self._bare = 0
        """How many arrays began one in the other since the last record or text, the outermost of the document left out."""
        self._awaited = 0
        """Size of the buffer from which on an unclosed string is searched for its end again: twice as long as it is."""

    def feed(self, chunk: bytes) -> Iterator[bytes | ObjectRun | OversizedRecord]:
        """Yield the records completed by this chunk."""
        self._buffer += chunk
        if self._awaited <= len(self._buffer) or len(self._buffer) - self._start > self._limit:
            self._awaited = 0
            yield from self._scan(is_end=False)
        if len(self._buffer) - self._start > self._limit:
            if not self._is_dropping:
                self._is_dropping = True
                yield OversizedRecord()
            self._start = self._position
        del self._buffer[: self._start]
        self._position -= self._start
        self._awaited -= self._start
        self._start = 0

    def finish(self) -> Iterator[bytes | ObjectRun | OversizedRecord]:
        """Yield the rest after the end of the stream."""
        yield from self._scan(is_end=True)
        rest = bytes(self._buffer[self._start :])
        is_open = self._is_tail and self._depth > 0
        if (is_open or not (self._is_dropping or self._is_tail)) and rest.strip(_SEPARATORS + b"]}"):
            yield rest

    @property
    def is_cut(self) -> bool:
        """Return whether the text ended before an array, a wrapper or an object that it began."""
        return self._arrays > 0 or self._wrapped > 0 or self._depth > 0

    def _scan(self, *, is_end: bool) -> Iterator[bytes | ObjectRun | OversizedRecord]:
        while True:
            if self._find_run is not None and self._position == self._start and self._depth == 0:
                yield from self._take_run(self._find_run)
            match = _TOKEN.search(self._buffer, self._position)
            if match is None:
                self._position = len(self._buffer)
                return
            token = match[0]
            if len(token) > 1:
                self._position = match.end()
                continue
            if token == b'"':
                # Unclosed string: either its rest is still to come, or the line ended and it is damaged.
                if b"\n" not in self._buffer[match.end() : match.end() + self._limit] and not is_end:
                    self._position = match.start()
                    self._awaited = 2 * len(self._buffer) - match.start()
                    if len(self._buffer) - match.start() > self._limit:
                        self._position = len(self._buffer)
                    return
                self._position = match.end()
                continue
            if token == b"{" and self._depth == 0 and self._is_undecided(match.start(), is_end=is_end):
                self._position = match.start()
                return
            yield from self._bracket(token, match.start())

    def _take_run(self, find_run: ObjectFinder) -> Iterator[ObjectRun]:
        """Yield the objects that start here, if any."""
        if self._is_tail or self._is_dropping or _OBJECT.match(self._buffer, self._start) is None:
            return
        spans = find_run(self._buffer, self._start, self._limit)
        if len(spans):
            start, end = int(spans[0, 0]), int(spans[-1, 1])
            self._position = self._start = end
            self._bare = 0
            yield ObjectRun(bytes(self._buffer[start:end]), spans - start)

    def _is_undecided(self, start: int, *, is_end: bool) -> bool:
        """Return whether more text is needed to distinguish a wrapper from a record."""
        needed = 256
        if self._pages is not None and self._pages.may_begin(self._buffer, start):
            needed = _WRAPPER_REACH
        return not is_end and len(self._buffer) - start < needed and not self._wrapper_at(start)

    def _wrapper_at(self, start: int) -> tuple[int, int] | None:
        """Return the place of the first record of the wrapper that starts here, and the number of objects around its array."""
        end = start + _WRAPPER_REACH
        found = self._wrapper.match(self._buffer, start, end)
        if found and self._kinds.get(found[1], b"") in found[0]:
            return found.end(), 1
        return None if self._pages is None else self._pages.find(self._buffer, start, end)

    def _bracket(self, token: bytes, start: int) -> Iterator[bytes | OversizedRecord]:
        self._position = start + 1
        if token in b"{[":
            if self._depth > 0:
                self._depth += 1
                return
            if self._is_tail and _TAIL_MEMBER.fullmatch(self._buffer, self._start, start):
                # A structure of the wrapper behind its array is no record either.
                self._start, self._depth, self._is_dropping = start, 1, True
                return
            yield from self._between(start)
            wrapper = self._wrapper_at(start) if token == b"{" else None
            if wrapper:
                self._position = self._start = wrapper[0]
                self._wrapped += wrapper[1]
            elif token == b"[":
                self._bare += self._arrays > 0 or self._wrapped > 0
                self._arrays += 1
                self._start = start + 1
            else:
                self._start, self._depth, self._bare = start, 1, 0
        elif self._depth > 1:
            self._depth -= 1
        elif self._depth == 1:
            self._depth = 0
            if self._is_dropping:
                self._is_dropping = False
            else:
                yield bytes(self._buffer[self._start : start + 1])
            self._start = start + 1
        else:
            yield from self._between(start)
            if token == b"]":
                yield from self._end_array()
            # The rest of a wrapper after its array (`,"@odata.nextLink":"…"}`) is no record.
            if token == b"}" and self._wrapped > 0:
                self._wrapped -= 1
            self._is_tail = self._wrapped > 0
            self._start = start + 1

    def _end_array(self) -> Iterator[bytes]:
        """Yield the text of an array that held nothing; the outermost array of a document may be empty."""
        self._arrays = max(self._arrays - 1, 0)
        if self._bare:
            levels = min(self._bare, _MOST_BARE)
            self._bare = 0
            yield b"[" * levels + b"]" * levels

    def _between(self, end: int) -> Iterator[bytes | OversizedRecord]:
        rest = bytes(self._buffer[self._start : end]).strip(_SEPARATORS)
        if rest and not self._is_tail and not self._is_dropping:
            self._bare = 0
            yield rest
        self._is_tail = False
        self._is_dropping = False
