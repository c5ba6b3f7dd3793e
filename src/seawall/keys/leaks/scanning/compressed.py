"""Decompress streams in constant memory: gzip, bzip2, xz, Zstandard and raw deflate."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import zstandard

from seawall.keys.leaks.scanning.byte_source import PIECE, ByteSource, StreamTruncated

_XZ_MEMORY = 512 << 20
_ZSTD_WINDOW = 1 << 27


class _Machine(Protocol):
    """The common interface of bz2's and lzma's decompressors."""

    @property
    def eof(self) -> bool:
        """Return whether the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """Return whether more input is needed for more output."""

    @property
    def unused_data(self) -> bytes:
        """Return the input after the end of the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Return up to `max_length` bytes."""


def inflate_deflated(supply: ByteSource, window_bits: int) -> Iterator[bytes]:
    """Yield one zlib, gzip or raw deflate stream; the source then stands just after it."""
    machine = zlib.decompressobj(window_bits)
    while not machine.eof:
        fed = supply.take(PIECE)
        if not fed:
            raise StreamTruncated("compressed data is cut off")
        while fed and not machine.eof:
            try:
                piece = machine.decompress(fed, PIECE)
            except zlib.error:
                raise StreamTruncated("compressed data is damaged") from None
            fed = machine.unconsumed_tail
            if piece:
                yield piece
    supply.back(machine.unused_data)


def gzip(supply: ByteSource) -> Iterator[bytes]:
    """Yield all members of a gzip stream."""
    while supply.peek(3) == b"\x1f\x8b\x08":
        yield from inflate_deflated(supply, 31)


def bzip2(supply: ByteSource) -> Iterator[bytes]:
    """Yield all streams of a bzip2 file."""
    while supply.peek(3) == b"BZh":
        yield from _driven(bz2.BZ2Decompressor(), supply)


def xz(supply: ByteSource) -> Iterator[bytes]:
    """Yield all streams of an xz file."""
    while supply.peek(6) == b"\xfd7zXZ\x00":
        yield from _driven(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), supply)
        while supply.peek(4) == b"\x00\x00\x00\x00":
            supply.skip(4)


def _driven(machine: _Machine, supply: ByteSource) -> Iterator[bytes]:
    fed = b""
    while not machine.eof:
        if machine.needs_input:
            fed = supply.take(PIECE)
            if not fed:
                raise StreamTruncated("compressed data is cut off")
        try:
            piece = machine.decompress(fed, PIECE)
        except lzma.LZMAError as error:
            reason = (
                "needs too much memory" if "memory" in str(error).lower() else "compressed data is damaged"
            )
            raise StreamTruncated(reason) from None
        except (OSError, EOFError, ValueError):
            raise StreamTruncated("compressed data is damaged") from None
        fed = b""
        if piece:
            yield piece
    supply.back(machine.unused_data)


class _File:
    """A file-like object over a byte source, as the library needs it."""

    def __init__(self, supply: ByteSource) -> None:
        self._supply = supply

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes."""
        return self._supply.take(size)


def zstd(supply: ByteSource) -> Iterator[bytes]:
    """Yield all frames of a Zstandard stream."""
    source: Any = _File(supply)
    decompressor = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
    reader = decompressor.stream_reader(source, read_size=PIECE, read_across_frames=True)
    while True:
        try:
            piece = reader.read(PIECE)
        except zstandard.ZstdError as error:
            reason = "needs too much memory" if "memory" in str(error) else "compressed data is damaged"
            raise StreamTruncated(reason) from None
        if not piece:
            return
        yield piece


Opener = Callable[[ByteSource], Iterator[bytes]]

COMPRESSIONS: dict[bytes, tuple[str, Opener]] = {
    b"\x1f\x8b\x08": (".gz .tgz", gzip),
    b"BZh": (".bz2 .tbz2", bzip2),
    b"\xfd7zXZ\x00": (".xz .txz", xz),
    b"\x28\xb5\x2f\xfd": (".zst .tzst", zstd),
}
"""By first bytes: the suffixes removed from the content's name, and the opener."""
