"""Opens gzip, zip and Zstandard by their magic bytes, streaming, within limits.

Nothing is inflated to memory or disk: a member is a stream that stops at damage or at a limit and says so.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import zstandard

from seawall.schema.problems import Problem, ProblemCode
from seawall.sources.excerpts import file_problem
from seawall.sources.limits import Limits

_GZIP, _ZSTD, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"PK\x03\x04", b"PK\x05\x06")
_DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError, zipfile.BadZipFile, lzma.LZMAError,
           NotImplementedError, RuntimeError, ValueError)  # fmt: skip
_ZSTD_WINDOW = 1 << 27
_GZIP_FEED = 1 << 16
_ZSTD_FEED = 1 << 10
"""Small, because four bytes of Zstandard can stand for 128 KiB and the library returns all of them at
once."""


class BoundedStream:
    """A byte stream that never raises: damage and limits end it and are kept in `problem`.

    `read(n)` returns up to n bytes, empty at the end. `name` is what problems and events are filed under.
    """

    def __init__(
        self, stream: BinaryIO, name: str, limits: Limits, compressed: Counter | None = None
    ) -> None:
        self.name = name
        self.problem: Problem | None = None
        self._stream = stream
        self._limits = limits
        self._compressed = compressed
        self._given = 0
        self._pushed = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        if self._pushed:
            data, self._pushed = self._pushed[:size], self._pushed[size:]
            return data
        if self.problem is not None:
            return b""
        try:
            data = self._stream.read(size)
        except _DAMAGE as error:
            self._stop("unreadable", str(error) or type(error).__name__)
            return b""
        self._given += len(data)
        is_allowed = self._compressed is None or self._check(self._compressed.count)
        return data if is_allowed else b""

    def peek(self, size: int) -> bytes:
        """The first bytes of what is still to be read."""
        parts = []
        missing = size
        while missing > 0:
            data = self.read(missing)
            if not data:
                break
            parts.append(data)
            missing -= len(data)
        head = b"".join(parts)
        self._pushed = head + self._pushed
        return head

    @property
    def taken(self) -> int:
        """Bytes taken from the stream below."""
        return self._given

    def _check(self, compressed: int) -> bool:
        if self._given > self._limits.member_bytes:
            self._stop("bomb", f"expands beyond {self._limits.member_bytes} bytes")
        elif (
            self._given > self._limits.ratio_grace_bytes
            and self._given > max(compressed, 1) * self._limits.archive_ratio
        ):
            self._stop("bomb", f"expands more than {self._limits.archive_ratio} times")
        return self.problem is None

    def _stop(self, code: ProblemCode, reason: str) -> None:
        self.problem = file_problem(self.name, code, reason)


class Counter(io.RawIOBase):
    """Counts the bytes read from a stream below a decompressor."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, counted."""
        data = self._stream.read(size)
        self.count += len(data)
        return data

    def readinto(self, buffer: object) -> int:
        """Fill the buffer, counted."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


class _ZstandardStream:
    """Inflates Zstandard frames and, unlike the library's own reader, notices when the last one is cut
    off."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame: Any = None
        self._rest = b""
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, empty at the end. Raises EOFError when the stream ends within a frame."""
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


class _GzipStream:
    """Inflates gzip members one after the other and, unlike the library's own reader, hands over all that
    came before damage or a cut."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflater: Any = None
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, empty at the end. Raises EOFError when the stream ends within a member."""
        while True:
            data = self._rest or self._stream.read(_GZIP_FEED)
            self._rest = b""
            if self._inflater is None:
                data = data.lstrip(b"\0")  # padding between and after members
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


@dataclass(frozen=True, slots=True)
class Opened:
    """One stream of plain bytes; `is_plain_file` when it is the file on disk itself."""

    stream: BoundedStream
    is_plain_file: bool


def is_container(head: bytes) -> bool:
    """Whether bytes that start like this are compressed or an archive."""
    return head.startswith((_GZIP, _ZSTD, *_ZIP))


def open_members(
    raw: BinaryIO | BoundedStream, name: str, limits: Limits, depth: int = 0
) -> Iterator[Opened | Problem]:
    """The plain streams inside an open, seekable or forward-only stream. Each is to be read before the
    next is asked for.

    `depth` is how many containers lie around this one.
    """
    outer = raw if isinstance(raw, BoundedStream) else BoundedStream(raw, name, limits)
    head = outer.peek(4)
    if not is_container(head):
        yield Opened(outer, is_plain_file=depth == 0)
        return
    if depth >= limits.archive_depth:
        yield file_problem(name, "bomb", f"archives nested deeper than {limits.archive_depth}")
        return
    if head.startswith(_ZIP):
        yield from _open_zip(None if isinstance(raw, BoundedStream) else raw, outer, name, limits, depth)
        return
    counter = Counter(cast(BinaryIO, outer))
    inner: BinaryIO
    if head.startswith(_GZIP):
        inner = cast(BinaryIO, _GzipStream(cast(BinaryIO, counter)))
    else:
        inner = cast(BinaryIO, _ZstandardStream(cast(BinaryIO, counter)))
    bounded = BoundedStream(inner, name, limits, counter)
    yield from open_members(bounded, name, limits, depth + 1)
    if outer.problem is not None and bounded.problem is None:
        yield outer.problem


def _open_zip(
    raw: BinaryIO | None, outer: BoundedStream, name: str, limits: Limits, depth: int
) -> Iterator[Opened | Problem]:
    try:
        if raw is None:
            # A zip's directory lies at its end, so an inner zip must be held whole; that is bounded.
            data = outer.peek(limits.record_bytes * 4 + 1)
            if len(data) > limits.record_bytes * 4:
                yield file_problem(name, "bomb", "an archive inside an archive is too large to open")
                return
            raw = io.BytesIO(data)
        else:
            raw.seek(0)
        archive = zipfile.ZipFile(raw)
        members = archive.infolist()
    except _DAMAGE as error:
        yield file_problem(name, "unreadable", str(error) or type(error).__name__)
        return
    for member in members:
        if member.is_dir():
            continue
        inner_name = f"{name}!{member.filename}"
        try:
            stream = archive.open(member)
        except (*_DAMAGE, KeyError) as error:
            yield file_problem(inner_name, "unreadable", str(error) or type(error).__name__)
            continue
        counter = _Declared(member.compress_size)
        bounded = BoundedStream(cast(BinaryIO, stream), inner_name, limits, cast(Counter, counter))
        yield from open_members(bounded, inner_name, limits, depth + 1)
        stream.close()


@dataclass(frozen=True, slots=True)
class _Declared:
    """Stands for a counter where the archive states the compressed size; the zip reader stops at that
    size."""

    count: int
