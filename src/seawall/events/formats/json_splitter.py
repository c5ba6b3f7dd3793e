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


Spans = npt.NDArray[np.int64]
ObjectFinder = Callable[[bytearray, int, int], Spans]
"""Function that returns the spans of whole objects in a text from a place on, none of them longer than the limit or a wrapper."""


@dataclass(frozen=True, slots=True)
class ObjectRun:
    """Hold several objects: `spans`, int64 (objects, 2), are start and end of each in the bytes."""

    data: bytes
    spans: Spans


class OversizedRecord:
    """Stand for one record beyond the limit, whose text was dropped."""


class JsonSplitter:
    """Split chunks into records: objects at the top level, in top-level arrays, and in arrays under a wrapper key.

    Text between records that is no separator becomes a piece too, so that nothing is lost silently. A string ends at the
    end of its line at the latest, because JSON strings contain no raw line feeds. So damage is confined to its line.
    """

    def __init__(
        self,
        limit: int,
        wrappers: Sequence[str],
        kinds: Mapping[str, str] = MappingProxyType({}),
        find_run: ObjectFinder | None = None,
    ) -> None:
        """Take `kinds`, further wrapper keys, each valid only in objects that state its kind before it.

        With `find_run`, objects that it finds come as runs, otherwise all come one by one.
        """
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

    def feed(self, chunk: bytes) -> Iterator[bytes | ObjectRun | OversizedRecord]:
        """Yield the records completed by this chunk."""
        self._buffer += chunk
        yield from self._scan(is_end=False)
        if len(self._buffer) - self._start > self._limit:
            if not self._is_dropping:
                self._is_dropping = True
                yield OversizedRecord()
            self._start = self._position
        del self._buffer[: self._start]
        self._position -= self._start
        self._start = 0

    def finish(self) -> Iterator[bytes | ObjectRun | OversizedRecord]:
        """Yield the rest after the end of the stream."""
        yield from self._scan(is_end=True)
        rest = bytes(self._buffer[self._start :])
        if not self._is_dropping and not self._is_tail and rest.strip(_SEPARATORS + b"]}"):
            yield rest

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
            yield ObjectRun(bytes(self._buffer[start:end]), spans - start)

    def _is_undecided(self, start: int, *, is_end: bool) -> bool:
        """Return whether more text is needed to distinguish a wrapper from a record."""
        return not is_end and len(self._buffer) - start < 256 and not self._wrapper_at(start)

    def _wrapper_at(self, start: int) -> re.Match[bytes] | None:
        found = self._wrapper.match(self._buffer, start, start + _WRAPPER_REACH)
        return found if found and self._kinds.get(found[1], b"") in found[0] else None

    def _bracket(self, token: bytes, start: int) -> Iterator[bytes | OversizedRecord]:
        self._position = start + 1
        if token in b"{[":
            if self._depth > 0:
                self._depth += 1
                return
            yield from self._between(start)
            wrapper = self._wrapper_at(start) if token == b"{" else None
            if wrapper:
                self._wrapped += 1
                self._position = self._start = wrapper.end()
            elif token == b"[":
                self._start = start + 1
            else:
                self._start, self._depth = start, 1
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
            # The rest of a wrapper after its array (`,"@odata.nextLink":"…"}`) is no record.
            self._is_tail = token == b"]" and self._wrapped > 0
            if token == b"}" and self._wrapped > 0:
                self._wrapped -= 1
            self._start = start + 1

    def _between(self, end: int) -> Iterator[bytes | OversizedRecord]:
        rest = bytes(self._buffer[self._start : end]).strip(_SEPARATORS)
        if rest and not self._is_tail and not self._is_dropping:
            yield rest
        self._is_tail = False
        self._is_dropping = False
