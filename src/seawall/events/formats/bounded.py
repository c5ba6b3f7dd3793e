"""Read streams that end at damage or a limit instead of raising, and limit the total expansion of one file."""

from __future__ import annotations

import io
import lzma
import zlib
from typing import BinaryIO

import zstandard

from seawall.events.formats.limits import Limits
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem, ProblemCode

DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError, lzma.LZMAError, NotImplementedError, RuntimeError,
          ValueError)  # fmt: skip
"""Exceptions that decompressors and archive readers raise for damaged input."""


class Expansion:
    """Limit the bytes that all containers of one file or body may expand to together.

    Each decompressor and archive member counts, including nested ones. So many small members, overlapping members and
    archives inside archives have the same limit as a single one.
    """

    def __init__(self, stored: int, limits: Limits) -> None:
        """Take `stored`, the size of the file or body in bytes."""
        self.allowed = min(
            limits.expanded_bytes, max(limits.ratio_grace_bytes, stored * limits.archive_ratio)
        )
        self._spent = 0

    def spend(self, size: int) -> None:
        """Count bytes that a container produced."""
        self._spent += size

    @property
    def is_spent(self) -> bool:
        """Return whether the limit is exceeded."""
        return self._spent > self.allowed


class BoundedStream:
    """Read bytes without raising for damage: damage and limits end the stream and are kept in `problem`.

    `name` identifies the stream in problems and events. Bytes count towards `expansion`, if it is given; `compressed`
    counts the bytes below a decompressor.
    """

    def __init__(
        self,
        stream: BinaryIO,
        name: str,
        limits: Limits,
        compressed: Counter | None = None,
        expansion: Expansion | None = None,
    ) -> None:
        self.name = name
        self.problem: Problem | None = None
        self._stream = stream
        self._limits = limits
        self._compressed = compressed
        self._expansion = expansion
        self._given = 0
        self._pushed = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        if self._pushed:
            data, self._pushed = self._pushed[:size], self._pushed[size:]
            return data
        if self.problem is not None:
            return b""
        try:
            data = self._stream.read(size)
        except DAMAGE as error:
            self._stop("unreadable", str(error) or type(error).__name__)
            return b""
        self._given += len(data)
        return data if self._is_allowed(len(data)) else b""

    def peek(self, size: int) -> bytes:
        """Return the next bytes without consuming them."""
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
    def bytes_taken(self) -> int:
        """Return the number of bytes read from the underlying stream."""
        return self._given

    def _is_allowed(self, size: int) -> bool:
        limits, given = self._limits, self._given
        if self._expansion is not None:
            self._expansion.spend(size)
            if self._expansion.is_spent:
                self._stop("bomb", f"the file expands beyond {self._expansion.allowed} bytes in all")
        if self._compressed is not None and self.problem is None:
            if given > limits.member_bytes:
                self._stop("bomb", f"expands beyond {limits.member_bytes} bytes")
            elif (
                given > limits.ratio_grace_bytes
                and given > max(self._compressed.count, 1) * limits.archive_ratio
            ):
                self._stop("bomb", f"expands more than {limits.archive_ratio} times")
        return self.problem is None

    def _stop(self, code: ProblemCode, reason: str) -> None:
        self.problem = file_problem(self.name, code, reason)


class Counter(io.RawIOBase):
    """Count the bytes read from the stream below a decompressor."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, and count them."""
        data = self._stream.read(size)
        self.count += len(data)
        return data


class MemberNames:
    """Label the members of an archive as `archive!member`, each label once.

    A member's name is a label and never a path. An empty name becomes the member's number, a long one is truncated, and a
    repeated one gets the member's number appended.
    """

    LONGEST = 500
    """Longest name of a member, in characters."""

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._seen: set[int] = set()

    def name(self, text: str, number: int) -> str:
        """Return the label of a member. `number` is its place in the archive, counted from 1."""
        text = text.replace("\0", "\ufffd")
        if not text.strip():
            text = f"#{number}"
        elif len(text) > self.LONGEST:
            text = f"{text[: self.LONGEST]}…"
        key = hash(text)
        if key in self._seen:
            text = f"{text}#{number}"
        self._seen.add(key)
        return f"{self._archive}!{text}"
