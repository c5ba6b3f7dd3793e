"""Decompress with a limit on the bytes returned at once, and report truncated input."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol, cast

import zstandard

_ZSTD_WINDOW = 1 << 27
_LZMA_WINDOW = 1 << 27
_XZ_MEMORY = _LZMA_WINDOW + (1 << 24)
"""Most memory of an xz decompressor. The largest setting of the program `xz` needs 65 MiB."""
_FEED = 1 << 14
_ZSTD_FEED = 1 << 10
"""Small, because four bytes of Zstandard may expand to 128 KiB, which the library returns at once."""


class InflatedStream(Protocol):
    """Read decompressed bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        ...


class ZstandardStream:
    """Decompress Zstandard frames. Unlike the library's reader, it detects a truncated last frame."""

    def __init__(self, stream: InflatedStream) -> None:
        self._stream = stream
        self._inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame: Any = None
        self._rest = b""
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the stream ends within a frame."""
        while not self._ready:
            data = self._rest or self._stream.read(_ZSTD_FEED)
            self._rest = b""
            if not data:
                if self._frame is not None:
                    raise EOFError("the stream ends in the middle of a Zstandard frame")
                return b""
            if self._frame is None:
                self._frame = self._inflater.decompressobj()
            self._ready = self._frame.decompress(data)
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        given, self._ready = self._ready[:size], self._ready[size:]
        return given


class GzipStream:
    """Decompress gzip members. Unlike the library's reader, it returns all bytes before damage or truncation."""

    def __init__(self, stream: InflatedStream) -> None:
        self._stream = stream
        self._inflater: Any = None
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the stream ends within a member."""
        while True:
            data = self._rest or self._stream.read(_FEED)
            self._rest = b""
            if self._inflater is None:
                while data and not (data := data.lstrip(b"\0")):  # padding between and after members
                    data = self._stream.read(_FEED)
                if data:
                    self._inflater = zlib.decompressobj(wbits=31)
            if not data:
                if self._inflater is not None:
                    raise EOFError("the stream ends in the middle of a gzip member")
                return b""
            inflater: Any = self._inflater
            ready: bytes = inflater.decompress(data, size)
            self._rest = inflater.unconsumed_tail
            if inflater.eof:
                self._rest, self._inflater = inflater.unused_data, None
            if ready:
                return ready


class DeflateStream:
    """Decompress one raw deflate stream, such as a member of a ZIP file."""

    def __init__(self, stream: InflatedStream) -> None:
        self._stream = stream
        self._inflater = zlib.decompressobj(wbits=-15)
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the stream is truncated."""
        while not self._inflater.eof:
            data = self._rest or self._stream.read(_FEED)
            if not data:
                raise EOFError("the stream ends in the middle of a deflate stream")
            ready = self._inflater.decompress(data, size)
            self._rest = self._inflater.unconsumed_tail
            if ready:
                return ready
        return b""


class _Machine(Protocol):
    """Describe the common interface of the decompressors of `bz2` and `lzma`."""

    @property
    def eof(self) -> bool:
        """Return whether the stream has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Return whether all input has been used."""
        ...

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return at most `max_length` bytes."""
        ...


class BackToBackStreams:
    """Decompress streams one after the other, as parallel compressors write them, with zero bytes between and after them."""

    def __init__(self, stream: InflatedStream, start: Callable[[], _Machine], name: str) -> None:
        """Take a function that returns a new decompressor, and the name of the method for errors."""
        self._stream, self._start, self._name = stream, start, name
        self._machine: Any = None
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if a stream is truncated."""
        while True:
            if self._machine is None and not self._begin():
                return b""
            data = b""
            if self._machine.needs_input:
                data, self._rest = self._rest or self._stream.read(_FEED), b""
                if not data:
                    raise EOFError(f"the file ends in the middle of a stream of {self._name}")
            ready: bytes = self._machine.decompress(data, size)
            if self._machine.eof:
                self._rest, self._machine = self._machine.unused_data, None
            if ready:
                return ready

    def _begin(self) -> bool:
        """Skip padding and begin the next stream. False at the end of the file."""
        self._rest = self._rest.lstrip(b"\0")
        while not self._rest:
            data = self._stream.read(_FEED)
            if not data:
                return False
            self._rest = data.lstrip(b"\0")
        self._machine = self._start()
        return True


class _MachineStream:
    """Decompress one stream with a decompressor of `bz2` or `lzma`."""

    def __init__(self, stream: InflatedStream, machine: _Machine) -> None:
        self._stream, self._machine = stream, machine

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the stream is truncated."""
        while not self._machine.eof:
            data = self._stream.read(_FEED) if self._machine.needs_input else b""
            if not data and self._machine.needs_input:
                raise EOFError("the compressed stream is cut off")
            ready = self._machine.decompress(data, size)
            if ready:
                return ready
        return b""


def _bzip2(stream: InflatedStream) -> InflatedStream:
    return _MachineStream(stream, bz2.BZ2Decompressor())


class _LzmaStream:
    """Decompress an LZMA member of a ZIP file (APPNOTE 5.8.8): version, size of the properties, properties, raw stream.

    The properties determine the decompressor's memory, so windows over 128 MiB are refused.
    """

    def __init__(self, stream: InflatedStream) -> None:
        self._stream = stream
        self._inner: _MachineStream | None = None

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if truncated, ValueError for invalid properties."""
        if self._inner is None:
            self._inner = _MachineStream(self._stream, cast(_Machine, self._machine()))
        return self._inner.read(size)

    def _machine(self) -> lzma.LZMADecompressor:
        head = self._stream.read(9)
        if len(head) < 9:
            raise EOFError("the LZMA stream is cut off")
        length, first, window = struct.unpack("<2xHBI", head)
        if length != 5 or first >= 9 * 5 * 5:
            raise ValueError("properties of LZMA that make no sense")
        if window > _LZMA_WINDOW:
            raise ValueError(f"an LZMA window of more than {_LZMA_WINDOW} bytes")
        powers, context = divmod(first, 9)
        position, literal = divmod(powers, 5)
        filters = [
            {
                "id": lzma.FILTER_LZMA1,
                "dict_size": max(window, 1 << 12),
                "lc": context,
                "lp": literal,
                "pb": position,
            }
        ]
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)


def open_bzip2(stream: InflatedStream) -> InflatedStream:
    """Decompress a bzip2 file."""
    return BackToBackStreams(stream, bz2.BZ2Decompressor, "bzip2")


def open_xz(stream: InflatedStream) -> InflatedStream:
    """Decompress an xz file. Its header determines the decompressor's memory, which is limited."""
    return BackToBackStreams(stream, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY), "xz")


def open_lzma(stream: InflatedStream) -> InflatedStream:
    """Decompress a file of the format that preceded xz (`.lzma`): one stream, with limited memory."""
    return _MachineStream(stream, lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_XZ_MEMORY))


def open_raw_lzma(stream: InflatedStream, settings: dict[str, int]) -> InflatedStream:
    """Decompress LZMA or LZMA2 without a header. `settings` holds the filter, as the library takes it."""
    return _MachineStream(stream, cast(_Machine, lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])))


def is_lzma(head: bytes) -> bool:
    """Return whether a file with this beginning is of the format that preceded xz.

    It has no magic number. Its programs write the usual properties, a window of 2^n or 2^n + 2^(n-1) bytes, and a size that
    is unknown or below 256 GiB. The first byte of the compressed data is 0.
    """
    if len(head) < 14 or head[0] != 0x5D or head[13] != 0:
        return False
    window, size = struct.unpack_from("<IQ", head, 1)
    steps = window & -window
    return window >= 1 << 12 and window in (steps, 3 * steps) and (size < 1 << 38 or size == (1 << 64) - 1)


ZIP_METHODS: dict[int, Callable[[InflatedStream], InflatedStream]] = {
    0: lambda stream: stream,
    8: DeflateStream,
    12: _bzip2,
    14: _LzmaStream,
    20: ZstandardStream,
    93: ZstandardStream,
}
"""Decompressor of a ZIP member by compression method (APPNOTE 4.4.5)."""


def as_binary(stream: InflatedStream) -> BinaryIO:
    """Cast the stream for callers that only call `read`."""
    return cast(BinaryIO, stream)
