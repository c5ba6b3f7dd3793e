"""A byte stream with look-ahead, and limits on the expansion of archives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PIECE = 1 << 18


class StreamTruncated(Exception):
    """A stream ends early. `reason` says why, without any of its content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class ReadBudget:
    """Expansion limits of one file, over all its nested archives.

    At most `ratio` times the bytes read of the file, but at least `floor` bytes, and at most `members` members.
    """

    ratio: int = 1_100
    floor: int = 1 << 30
    members: int = 1_000_000
    was_read: int = 0
    was_given: int = 0

    def read(self, size: int) -> None:
        """Count bytes read from the file itself."""
        self.was_read += size

    def give(self, size: int) -> None:
        """Count bytes expanded from an archive; raises `StreamTruncated`."""
        self.was_given += size
        self._check()

    def member(self) -> None:
        """Count a member; raises `StreamTruncated`."""
        self._check()
        self.members -= 1
        if self.members < 0:
            raise StreamTruncated("too many members")

    def _check(self) -> None:
        if self.was_given > max(self.floor, self.ratio * self.was_read):
            raise StreamTruncated(f"expands to more than {self.ratio:,} times its size")


class ByteSource:
    """A byte stream over an iterator of chunks; `position` counts the bytes taken."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.position = 0
        self._pieces = pieces
        self._held = bytearray()
        self._is_over = False

    def peek(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end, without consuming them."""
        while len(self._held) < size and not self._is_over:
            piece = next(self._pieces, None)
            if piece is None:
                self._is_over = True
            else:
                self._held += piece
        return bytes(self._held[:size])

    def take(self, size: int) -> bytes:
        """Consume and return the next `size` bytes, fewer at the end."""
        data = self.peek(size)
        del self._held[: len(data)]
        self.position += len(data)
        return data

    def back(self, data: bytes) -> None:
        """Push back the bytes taken last."""
        self._held[:0] = data
        self.position -= len(data)

    def pieces(self, size: int | None = None) -> Iterator[bytes]:
        """Yield the next `size` bytes, or all, in chunks."""
        left = size
        while left is None or left > 0:
            data = self.take(PIECE if left is None else min(PIECE, left))
            if not data:
                return
            if left is not None:
                left -= len(data)
            yield data

    def skip(self, size: int) -> int:
        """Skip `size` bytes; return how many there were."""
        return sum(len(piece) for piece in self.pieces(size))
