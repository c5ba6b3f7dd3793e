"""Bodies that came compressed with gzip: expanded within a limit, or refused. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from seawall.console.api_error import ApiError, bad_request

_STEP: Final = 1 << 20
_SLICE: Final = 1 << 14
"""What lies behind a member is copied when it ends: so it is given little at a time."""

_MOST_MEMBERS: Final = 10_000
"""Members without content cost time and give nothing: no sender makes that many."""


def expand_gzip(pieces: Sequence[bytes], most: int, hold: Callable[[int], None] = lambda _: None) -> bytes:
    """The content of one or several gzip members. Raises `ApiError`: 413 beyond `most` bytes, 400 for damage.

    Memory is the content and a megabyte, whatever the pieces would expand to. `hold` is told of each further part before
    it is kept, and may refuse it by raising.
    """
    content = bytearray()
    reader = _Members(pieces)
    for piece in reader.content():
        hold(len(piece))
        content += piece
        if len(content) > most:
            raise ApiError(
                413, "too-large", f"the body expands to more than {most:,} bytes", fix="send less at once"
            )
    return bytes(content)


class _Members:
    """Gzip members one behind the other (RFC 1952, section 2.2); zeros behind the last are padding."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = pieces
        self._member: zlib._Decompress | None = None
        self._count = 0

    def content(self) -> Iterator[bytes]:
        """What the members hold, at most a megabyte at a time."""
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
    return bad_request(words, fix="send it again, whole, with Content-Encoding: gzip")
