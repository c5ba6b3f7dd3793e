"""Search one buffer: find every pattern of all forms in one pass, then read the keys there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import yara_x

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats import (
    binary,
    blobs,
    encoded,
    members,
    named_numbers,
    openssh,
    pem,
    printed,
    wide,
)
from seawall.keys.leaks.key_formats.family import AHEAD, BEFORE, FormFamily, KeyForm
from seawall.keys.leaks.scanning import inflate

FAMILIES: tuple[FormFamily, ...] = (
    pem.FAMILY,
    members.JWK,
    members.XML,
    named_numbers.PARAMETERS,
    named_numbers.BIND,
    printed.FAMILY,
    openssh.FAMILY,
    blobs.PUTTY,
    binary.PKCS12,
    blobs.JAVA,
    binary.RSA,
    binary.EC,
    binary.OKP,
    binary.ENCRYPTED,
    blobs.RSA,
    blobs.EC,
    blobs.PVK,
    inflate.GZIP,
    inflate.ZIP,
    inflate.ZLIB,
    *encoded.BASE64,
    encoded.HEX,
    encoded.DECIMAL,
)
"""Every family. If two patterns begin at one place, the earlier family is read first."""
FORMS: tuple[KeyForm, ...] = tuple(form for family in FAMILIES for form in family.forms)

PATTERNS_A_PASS = 28
"""Patterns in one pass. YARA-X compares up to about this many by 128-bit vectors: ten passes are faster than one of all."""
SMALL = 48 << 10
"""Bytes up to which a single pass is faster, because each pass has a start-up cost."""
MOST_MATCHES = 1 << 24
"""More than any window can contain, so that no match is dropped."""
DEEPEST = 4
"""Nested decodings: base64 of a zlib stream of base64 of PEM is three."""
PAGE_LIMIT = 256 << 20
"""Bytes that one embedded compressed stream may expand to."""
WINDOW_LIMIT = 1 << 30
"""Bytes that all embedded streams of one window may expand to."""
WORK_A_BYTE = 8
"""Letters of possible keys examined for each byte, which bounds the time for hostile text."""
BASE_WORK = 16
_ZLIB = FAMILIES.index(inflate.ZLIB)
_STREAM_WINDOW = 1 << 20


class BufferSearch(Protocol):
    """Another way to find keys in a buffer: hits that begin in `start`..`end`.

    Afterwards `shortfall` is why the search is incomplete, None if it is complete. Pickled for each process.
    """

    shortfall: str | None

    def search(self, buffer: memoryview, *, start: int, end: int) -> list[RawHit]:
        """Return hits, with offsets from the buffer's first byte."""


Rest = Callable[[int], Iterator[bytes]]
"""Function that yields what follows a buffer, in chunks of a given size."""


def _nothing(_size: int) -> Iterator[bytes]:
    return iter(())


@dataclass(slots=True)
class ExpansionBudget:
    """Remaining expansion of one window, and where the limit was reached (offsets and reasons)."""

    left: int = WINDOW_LIMIT
    work: int = 1 << 20
    """Letters of possible keys that may still be examined."""
    refused: list[tuple[int, str]] = field(default_factory=list)


class Searcher:
    """The rules, compiled at first use; one instance for each process. `search` may be called repeatedly."""

    def search(
        self,
        data: bytes,
        start: int = 0,
        end: int | None = None,
        *,
        rest: Rest = _nothing,
        allowance: ExpansionBudget | None = None,
        others: tuple[BufferSearch, ...] = (),
    ) -> list[RawHit]:
        """Return the keys whose anchor lies in `start`..`end` of `data`; the rest is context.

        `others` search the same bytes, and those of compressed streams in them.
        """
        level = _Level(self, data, rest, allowance or ExpansionBudget(), others, 0)
        return level.all_hits(start, len(data) if end is None else end)

    @cached_property
    def _passes(self) -> list[yara_x.Scanner]:
        return [_scanner(patterns) for patterns in _groups()]

    @cached_property
    def _one_pass(self) -> list[yara_x.Scanner]:
        return [_scanner([pattern for patterns in _groups() for pattern in patterns])]

    def anchors(self, data: bytes, start: int, end: int) -> list[tuple[int, int]]:
        """Return the places of all patterns in order, each with the index of its family."""
        found = []
        for scanner in self._passes if len(data) > SMALL else self._one_pass:
            for rule in scanner.scan(data).matching_rules:
                index = int(rule.identifier[1:])
                for pattern in rule.patterns:
                    found += [
                        (match.offset, index) for match in pattern.matches if start <= match.offset < end
                    ]
        found += [(place, _ZLIB) for place in inflate.zlib_places(data, start, end)]
        found.sort()
        return found


class _Level:
    """The search of one buffer at one depth of decoding."""

    def __init__(
        self,
        searcher: Searcher,
        data: bytes,
        rest: Rest,
        allowance: ExpansionBudget,
        others: tuple[BufferSearch, ...],
        depth: int,
    ) -> None:
        self._searcher, self._data, self._allowance, self._depth = searcher, data, allowance, depth
        self._others = others
        self.rest = rest
        self.decoded: dict[str, tuple[int, int]] = {}

    def all_hits(self, start: int, end: int) -> list[RawHit]:
        """Return this buffer's keys, by their form and by the other searches."""
        found = self.hits(start, end)
        for other in self._others:
            found += other.search(memoryview(self._data), start=start, end=end)
            if other.shortfall is not None:
                self._allowance.refused.append((start, other.shortfall))
        return outermost(found)

    def _deeper(self, data: bytes) -> _Level:
        return _Level(self._searcher, data, _nothing, self._allowance, self._others, self._depth + 1)

    def hits(self, start: int, end: int) -> list[RawHit]:
        """Return this buffer's keys by form; of equal keys at one place the outermost."""
        found: list[RawHit] = []
        done = 0
        self._allowance.work += WORK_A_BYTE * (end - start) if self._depth == 0 else 0
        for offset, index in self._searcher.anchors(self._data, start, end):
            if offset < done or not self.charge(BASE_WORK):
                continue
            family = FAMILIES[index]
            for hit in family.read(self._data, offset, self):
                if hit.form:
                    found.append(hit)
                # a fragment may contain something whole
                done = done if hit.form.endswith("-fragment") else max(done, hit.end)
        return outermost(found + self._wide(start, end))

    def _wide(self, start: int, end: int) -> list[RawHit]:
        """Return the keys in UTF-16 text that begin at `start`..`end`."""
        hits = [
            wide.place_texts(hit, text, self._data)
            for text in wide.texts(self._data)
            for hit in self.search(text.letters)
        ]
        return [hit for hit in hits if start <= hit.offset < end]

    def search(self, decoded: bytes) -> list[RawHit]:
        """Search bytes decoded from this buffer."""
        if self._depth >= DEEPEST:
            return []
        return self._deeper(decoded).hits(0, len(decoded))

    def charge(self, letters: int) -> bool:
        """Reserve work for this many letters; report once if too much looks like keys."""
        if self._allowance.work < 0:
            return False
        self._allowance.work -= letters
        if self._allowance.work < 0:
            self._allowance.refused.append((0, "too much in it looks like keys and is none"))
        return True

    def stream(self, anchor: int, pieces: Iterator[bytes]) -> list[RawHit]:
        """Search a compressed stream's content, with as much context as elsewhere."""
        if self._depth >= DEEPEST or self._allowance.left <= 0:
            return []
        found: list[RawHit] = []
        given = 0
        for window in windows(pieces, _STREAM_WINDOW):
            given += window.end - window.start
            self._allowance.left -= window.end - window.start
            self._allowance.work += WORK_A_BYTE * (window.end - window.start)
            if len(window.data) >= 40:
                found += self._deeper(window.data).all_hits(window.start, window.end)
            if given > PAGE_LIMIT or self._allowance.left <= 0:
                self._allowance.refused.append((anchor, "compressed data expands too far"))
                break
        return found


@dataclass(frozen=True, slots=True)
class BufferWindow:
    """A range of a stream with context: `start`..`end` of `data` is the range, at `offset` of the stream."""

    data: bytes
    start: int
    end: int
    offset: int


def windows(pieces: Iterator[bytes], size: int) -> Iterator[BufferWindow]:
    """Divide a stream into ranges of `size` bytes, each with context before and after.

    Memory holds one range and its context, however long the stream is.
    """
    held, start, offset = bytearray(), 0, 0
    is_over = False
    while not is_over or start < len(held):
        while not is_over and len(held) < start + size + AHEAD:
            piece = next(pieces, b"")
            held += piece
            is_over = not piece
        end = len(held) if is_over and len(held) <= start + size + AHEAD else start + size
        if end > start:
            yield BufferWindow(bytes(held), start, end, offset)
        offset += end - start
        cut = max(0, end - BEFORE)
        del held[:cut]
        start = end - cut


def outermost(hits: list[RawHit]) -> list[RawHit]:
    """Return one hit for each key in each place: the outermost of nested ones, the first of equal ones."""
    kept: list[RawHit] = []
    for hit in sorted(hits, key=lambda hit: (hit.offset, -hit.length)):
        if not any(_covers(other, hit) for other in kept[-16:]):
            kept.append(hit)
    return kept


def _covers(outer: RawHit, inner: RawHit) -> bool:
    if (outer.offset, outer.length) == (
        inner.offset,
        inner.length,
    ):  # including everything inside one compressed stream
        return outer.thumbprint == inner.thumbprint and (
            inner.thumbprint is not None or outer.form == inner.form
        )
    is_inside = outer.offset <= inner.offset and (inner.end <= outer.end or inner.offset == outer.offset)
    return is_inside and (inner.thumbprint is None or inner.thumbprint == outer.thumbprint)


def _groups() -> Iterator[list[tuple[int, str]]]:
    """Yield groups of all families' patterns, each small enough for a fast pass, with the family's index."""
    patterns = [(index, anchor) for index, family in enumerate(FAMILIES) for anchor in family.anchors]
    for first in range(0, len(patterns), PATTERNS_A_PASS):
        yield patterns[first : first + PATTERNS_A_PASS]


def _scanner(patterns: list[tuple[int, str]]) -> yara_x.Scanner:
    compiler = yara_x.Compiler()
    for index in sorted({index for index, _ in patterns}):
        strings = "\n".join(f"${n} = {anchor}" for n, (of, anchor) in enumerate(patterns) if of == index)
        compiler.add_source(f"rule f{index} {{ strings:\n{strings}\ncondition: any of them }}")
    scanner = yara_x.Scanner(compiler.build())
    scanner.max_matches_per_pattern(MOST_MATCHES)
    return scanner
