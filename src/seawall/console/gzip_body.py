"""Expand gzip-compressed bodies within a size limit. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from seawall.console.api_error import ApiError, bad_request

_STEP: Final = 1 << 20
_SLICE: Final = 1 << 14
"""The decompressor copies what follows a member when the member ends, so it gets small pieces."""

_MOST_MEMBERS: Final = 10_000
"""Empty members cost time and yield nothing; no honest sender makes this many."""


def expand_gzip(pieces: Sequence[bytes], most: int, hold: Callable[[int], None] = lambda _: None) -> bytes:
    """Return the content of one or several gzip members.

    Raises `ApiError`: 413 beyond `most` bytes, 400 for damage. Memory use is the content plus a megabyte, whatever
    the pieces would expand to. `hold` is called with the size of each further part before it is kept, and may raise
    to refuse it.
    """
    content = bytearray()
    reader = _Members(pieces)
    for piece in reader.content():
        hold(len(piece))
        content += piece
        if len(content) > most:
            raise ApiError(
                413,
                "too-large",
                f"the body expands to more than {most:,} bytes",
                fix="send fewer records in one request",
            )
    return bytes(content)


class _Members:
    """Concatenated gzip members (RFC 1952, section 2.2); trailing zeros are padding."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._member: zlib._Decompress | None = None
        self._count = 0

    def content(self) -> Iterator[bytes]:
        """Yield the members' content, at most a megabyte at a time."""
        for piece in self._pieces:
            view = memoryview(piece)
            for at in range(0, len(view), _SLICE):
                yield from self._of(bytes(view[at : at + _SLICE]))
        if self._member is not None or not self._count:
            raise _make_error("the gzip body ends too early")

    def _of(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member is None:
                if self._count and not data.strip(b"\0"):
                    return
                self._begin()
            member = self._member
            try:
                part = member.decompress(data, _STEP) if member is not None else b""
            except zlib.error:
                raise _make_error("the body is not gzip, or is damaged") from None
            if part:
                yield part
            if member is not None and member.eof:
                data, self._member = member.unused_data, None
            elif member is not None:
                data = member.unconsumed_tail

    def _begin(self) -> None:
        self._count += 1
        if self._count > _MOST_MEMBERS:
            raise _make_error("the gzip body has too many members")
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)


def _make_error(words: str) -> ApiError:
    return bad_request(words, fix="send the complete body again with Content-Encoding: gzip")
