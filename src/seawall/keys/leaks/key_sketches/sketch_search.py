"""Search bytes for numbers by their sketches, in either byte order, at any offset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from mmap import mmap

import numpy as np

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_sketches import sketches
from seawall.keys.leaks.key_sketches.sketches import KeySketch, SketchPart
from seawall.keys.leaks.number_search.windows import WINDOW, WindowFinder
from seawall_base.compiled import try_out

MOST_DIGESTS = 1 << 22
"""Digests computed in one range: some seconds. Searched bytes earn new ones."""
BYTES_FOR_DIGEST = 8
_REMEMBERED = 1 << 16

_FORMS = {"seed": ("sketch-seed", "sketch-seed-reversed")}


class SketchSearch:
    """Sketches prepared for a search. Not thread-safe; picklable."""

    def __init__(self, known: Iterable[KeySketch]) -> None:
        self._by_fold: defaultdict[int, list[tuple[KeySketch, SketchPart]]] = defaultdict(list)
        known = tuple(known)
        for sketch in known:
            for part in sketch.parts:
                self._by_fold[part.fold].append((sketch, part))
        self._finder = WindowFinder((part.fold, part.check) for sketch in known for part in sketch.parts)
        self._longest = max((part.length for rows in self._by_fold.values() for _, part in rows), default=0)
        self._left = MOST_DIGESTS
        self._seen: set[int] = set()
        self.shortfall: str | None = None
        self._is_prepared = False

    def search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int = 0, end: int | None = None
    ) -> list[RawHit]:
        """Return the numbers that begin in [start, end) of the buffer and end within it, by offset.

        Afterwards `shortfall` is why this search is incomplete, None if it is complete.
        """
        self.prepare()
        return self._search(buffer, start, end)

    def prepare(self) -> None:
        """Compile the search functions, or load them from disk (about a second), before work is distributed."""
        if not self._is_prepared:
            self._is_prepared = True
            try_out(lambda: self._search(bytes(1024), 0, None))

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_is_prepared": False}  # each process compiles or loads for itself

    def _search(
        self, buffer: bytes | bytearray | memoryview | mmap, start: int, end: int | None
    ) -> list[RawHit]:
        data = np.frombuffer(buffer, np.uint8)
        end = len(data) if end is None else min(end, len(data))
        self._left = min(MOST_DIGESTS, self._left + (end - start) // BYTES_FOR_DIGEST)
        self.shortfall = None
        hits: set[RawHit] = set()
        with memoryview(buffer) as octets:
            for place, fold in self._finder.places(data, start, min(end + self._longest, len(data))):
                hits.update(self._around(octets, start, end, place, fold))
                if self._left < 0:
                    self.shortfall = "too many places look like numbers of the sketches"
                    break
        return sorted(hits, key=lambda hit: (hit.offset, hit.form, hit.thumbprint or ""))

    def _around(self, octets: memoryview, start: int, end: int, place: int, fold: int) -> Iterator[RawHit]:
        for sketch, part in self._by_fold[fold]:
            for step, anchor in ((1, part.anchor), (-1, part.length - part.anchor - WINDOW)):
                begin = place - anchor
                if not start <= begin < end or begin + part.length > len(octets):
                    continue
                content = bytes(octets[begin : begin + part.length])[::step]
                if self._is_known_wrong(part, content):
                    continue
                self._left -= 1
                if sketches.digest_of(content, sketch.salt) == part.digest:
                    self._seen.discard(hash((part.digest, content)))
                    yield RawHit(begin, _form(part.name, is_big=step == 1), sketch.key, part.length)

    def _is_known_wrong(self, part: SketchPart, content: bytes) -> bool:
        """Return whether these bytes recently failed, so that repetitive data is hashed once."""
        mark = hash((part.digest, content))
        if mark in self._seen:
            return True
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(mark)
        return False


def _form(name: str, *, is_big: bool) -> str:
    if name in _FORMS:
        return _FORMS[name][0 if is_big else 1]
    return f"sketch-{name}-{'big' if is_big else 'little'}-endian"
