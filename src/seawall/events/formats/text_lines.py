"""Convert bytes of any text encoding to UTF-8, and split them into lines of limited length."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol

CHUNK = 1 << 20


class ByteStream(Protocol):
    """Read bytes, as `lines` and the record readers need it."""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        ...


def encoding_of(head: bytes) -> tuple[str, int]:
    """Return the encoding of a text with this beginning, and the length of its byte order mark.

    The encoding is `utf-8`, `utf-16-le` or `utf-16-be`.
    """
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if head.startswith(mark):
            return name, len(mark)
    sample = head[:512]
    pairs = len(sample) // 2
    if pairs >= 2:
        # Logs are mostly ASCII, so UTF-16 without a mark has a NUL in every other byte.
        if sample[1::2].count(0) >= 0.9 * pairs and sample[0::2].count(0) <= 0.1 * pairs:
            return "utf-16-le", 0
        if sample[0::2].count(0) >= 0.9 * pairs and sample[1::2].count(0) <= 0.1 * pairs:
            return "utf-16-be", 0
    return "utf-8", 0


class Utf8Stream:
    """Read a stream of any supported encoding as UTF-8 without byte order mark. UTF-8 passes unchanged and unchecked."""

    def __init__(self, stream: ByteStream, head: bytes) -> None:
        self._stream = stream
        self.encoding, skip = encoding_of(head)
        self.is_changed = skip > 0 or self.encoding != "utf-8"
        self._decoder = (
            None if self.encoding == "utf-8" else codecs.getincrementaldecoder(self.encoding)("replace")
        )
        self._pending = b""
        while skip > 0:
            data = stream.read(skip)
            if not data:
                break
            skip -= len(data)

    def read(self, size: int) -> bytes:
        """Return about `size` bytes, b"" at the end."""
        if self._pending:
            data, self._pending = self._pending[:size], self._pending[size:]
            return data
        if self._decoder is None:
            return self._stream.read(size)
        while True:
            raw = self._stream.read(size)
            text = self._decoder.decode(raw, final=not raw)
            if text or not raw:
                return text.encode("utf-8", "replace")

    def read_away(self) -> None:
        """Read to the end of the stream."""
        while self.read(CHUNK):
            self._pending = b""

    def peek(self, size: int) -> bytes:
        """Return the next bytes without consuming them."""
        parts, missing = [], size
        while missing > 0:
            data = self.read(missing)
            if not data:
                break
            parts.append(data)
            missing -= len(data)
        head = b"".join(parts)
        self._pending = head + self._pending
        return head


def lines(stream: ByteStream, limit: int) -> Iterator[bytes | None]:
    """Yield lines without their line feed; None stands for a line longer than `limit` bytes, which also bounds memory.

    A longer line of blanks alone is an empty line.
    """
    kept: list[bytes] = []
    length, is_blank = 0, True
    while True:
        chunk = stream.read(CHUNK)
        if not chunk:
            break
        parts = chunk.split(b"\n")
        for part in parts[:-1]:
            length += len(part)
            if length > limit:
                yield b"" if is_blank and not part.strip() else None
            elif kept:
                kept.append(part)
                yield b"".join(kept)
            else:
                yield part
            kept, length, is_blank = [], 0, True
        length += len(parts[-1])
        is_blank = is_blank and not parts[-1].strip()
        if length > limit:
            kept = []
        elif parts[-1]:
            kept.append(parts[-1])
    if length > limit:
        yield b"" if is_blank else None
    elif kept:
        yield b"".join(kept)
