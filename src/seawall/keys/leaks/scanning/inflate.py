"""Find compressed streams inside other bytes: zlib, gzip, and members of a zip file without its directory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from seawall.keys.leaks.findings import RawHit
from seawall.keys.leaks.key_formats.family import FormFamily, KeyForm, SearchContext

_FIRST, _FEED, _CRUMB = 512, 64 << 10, 256
_FAST = 64
"""Bytes inflated in the time that one letter of a form takes."""
_PIECE = 1 << 20
_LONGEST_CHECKED = 8 << 20
_SHORTEST = 8
"""Bytes of the shortest stream that is examined."""
_BLOCK = 1 << 18
"""Bytes examined at a time, to stay in the processor cache."""


class InflatedBytes:
    """The content of one compressed stream, chunk by chunk, until its end, damage, or the end of the data."""

    def __init__(self, data: bytes, start: int, window_bits: int, inside: SearchContext) -> None:
        self.consumed = 0
        """Bytes of the compressed stream that were consumed."""
        self.is_whole = False
        self._data, self._start, self._inside = data, start, inside
        self._machine = zlib.decompressobj(window_bits)

    def __iter__(self) -> Iterator[bytes]:
        for fed in self._feeds():
            before = self._machine.copy()
            try:
                yield from self._give(fed)
            except zlib.error:
                self._machine = before
                yield from self._up_to_damage(fed)
                return
            if self._machine.eof:
                self.is_whole = True
                return

    def _feeds(self) -> Iterator[bytes]:
        size, position = _FIRST, self._start
        while position < len(self._data):
            fed = self._data[position : position + size]
            if not self._inside.charge(len(fed) // _FAST):
                return
            yield fed
            position, size = position + size, _FEED
        for fed in self._inside.rest(_FEED):
            if not self._inside.charge(len(fed) // _FAST):
                return
            yield fed

    def _give(self, fed: bytes) -> Iterator[bytes]:
        taken = len(fed)
        while True:
            piece = self._machine.decompress(fed, _PIECE)
            fed = self._machine.unconsumed_tail
            if piece:
                yield piece
            if not fed or self._machine.eof:
                break
        self.consumed += taken - len(self._machine.unused_data)

    def _up_to_damage(self, fed: bytes) -> Iterator[bytes]:
        """Yield the content up to damage.

        The library discards its output for a damaged input chunk, so small chunks lose little.
        """
        try:
            for start in range(0, len(fed), _CRUMB):
                yield from self._give(fed[start : start + _CRUMB])
        except zlib.error:
            return


def _collect_found(
    data: bytes, anchor: int, start: int, window_bits: int, inside: SearchContext
) -> Iterable[RawHit]:
    try:  # most candidates are no stream and fail within their first bytes
        zlib.decompressobj(window_bits).decompress(data[start : start + _FIRST])
    except zlib.error:
        return
    stream = InflatedBytes(data, start, window_bits, inside)
    hits = inside.stream(anchor, iter(stream))
    layer = {15: "zlib:", 31: "gzip:", -15: "zip:"}[window_bits]
    for hit in hits:
        yield replace(hit, offset=anchor, form=layer + hit.form, length=start - anchor + stream.consumed)
    if stream.is_whole:
        yield RawHit(anchor, "", None, start - anchor + stream.consumed)


def read_zlib(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Search the content of a zlib stream (RFC 1950). A hit without a form marks the extent of a valid stream.

    A stream that begins with a stored block has plain content anyway. Machine code contains many such streams by
    chance, one inside another, so only those with a valid checksum are searched.
    """
    begins = data[anchor + 2 : anchor + 3]
    if not begins or (not begins[0] & 6 and not _is_sound(data, anchor, inside)):
        return ()
    return _collect_found(data, anchor, anchor, 15, inside)


def _is_sound(data: bytes, anchor: int, inside: SearchContext) -> bool:
    stream = InflatedBytes(data, anchor, 15, inside)
    given = 0
    for piece in stream:
        given += len(piece)
        if given > _LONGEST_CHECKED:
            return True
    return stream.is_whole


def zlib_places(data: bytes, start: int, end: int) -> Iterator[int]:
    """Yield offsets of possible zlib streams: 32 KiB window, level, valid header check, and a plausible first block.

    A first block is compressed, or stored: then its length occurs twice, inverted the second time.
    """
    looked_at = np.frombuffer(data, np.uint8)
    for block in range(start, min(end, len(data) - _SHORTEST), _BLOCK):
        part = looked_at[block : min(block + _BLOCK + _SHORTEST, end + _SHORTEST, len(data))]
        first = np.flatnonzero(part[:-_SHORTEST] == 0x78)
        second = part[first + 1]
        first = first[(second == 0x01) | (second == 0x5E) | (second == 0x9C) | (second == 0xDA)]
        kind = part[first + 2] & 6
        is_stored = ((part[first + 3] ^ part[first + 5]) == 0xFF) & (
            (part[first + 4] ^ part[first + 6]) == 0xFF
        )
        yield from (first[(kind == 2) | (kind == 4) | ((kind == 0) & is_stored)] + block).tolist()


def read_gzip(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Search the content of a gzip member (RFC 1952)."""
    return _collect_found(data, anchor, anchor, 31, inside)


def read_zip(data: bytes, anchor: int, inside: SearchContext) -> Iterable[RawHit]:
    """Search the content of a deflated zip member, found by its local header."""
    if anchor + 30 > len(data):
        return ()
    names, extra = struct.unpack_from("<HH", data, anchor + 26)
    return _collect_found(data, anchor, anchor + 30 + names + extra, -15, inside)


ZLIB = FormFamily(
    (),  # two bytes are too short for YARA's fast search: see `zlib_places`
    read_zlib,
    (
        KeyForm(
            "zlib:...",
            "any form in a zlib stream at any offset (also objects of git); the offset is that of the stream",
        ),
    ),
)
"""zlib streams."""
GZIP = FormFamily(
    ("{ 1f 8b 08 }",),
    read_gzip,
    (KeyForm("gzip:...", "any form in a gzip stream that begins inside other bytes"),),
)
"""gzip streams."""
ZIP = FormFamily(
    ("{ 50 4b 03 04 ?? ?? ?? ?? 08 00 }",),
    read_zip,
    (KeyForm("zip:...", "any form in a deflated member of a zip archive that begins inside other bytes"),),
)
"""Members of zip archives."""
