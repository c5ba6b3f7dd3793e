"""Define the parts of a table file: texts that are read like any log, one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

MOST_DAMAGED = 100
"""Damaged parts of a file after which the rest is not read."""
CHUNK = 1 << 18


class ByteCount(Protocol):
    """Count the bytes of a file that a part was made from, as far as it has been read."""

    @property
    def count(self) -> int:
        """Return the number of bytes."""
        ...


@dataclass(frozen=True, slots=True)
class TablePart:
    """Hold a text made from a part of a table file.

    `label` names the part, or is empty for the whole file. `chunks` raises where the part is damaged.
    """

    label: str
    chunks: Iterator[bytes]
    stored: ByteCount


class ChunkStream:
    """Read chunks of bytes as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._ready = b""
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises what the chunks raise."""
        while self._at >= len(self._ready):
            self._ready, self._at = b"", 0
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._ready = chunk
        given = self._ready[self._at : self._at + size]
        self._at += len(given)
        return given


def join_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Join lines to chunks. If `lines` raises, the lines before are given first."""
    ready: list[bytes] = []
    size = 0
    try:
        for line in lines:
            ready.append(line)
            size += len(line)
            if size >= CHUNK:
                yield b"".join(ready)
                ready, size = [], 0
    except Exception:
        if ready:
            yield b"".join(ready)
        raise
    if ready:
        yield b"".join(ready)


def build_header_line(names: Iterable[str]) -> bytes:
    """Return the header of a table without rows, so that it is judged as an empty delimited table is."""
    return ",".join('"' + name.replace('"', '""') + '"' for name in names).encode() + b"\n"


def build_oversized_line(limit: int) -> Iterator[bytes]:
    """Yield pieces of a line that is longer than `limit` bytes, in place of a record that is too large.

    It is longer by some pieces, because a record that ends within the piece that exceeds the limit is still read.
    """
    piece = b" " * CHUNK
    yield b'{"too large":1'
    for _ in range((limit + 8 * CHUNK) // CHUNK):
        yield piece
    yield b"}\n"
