"""Read tar archives (POSIX ustar and pax, GNU long names) forwards only, as members of bounded size.

The library's reader accepts headers of any size and expands sparse files. Here headers are limited, links and devices are
never followed, and sparse files are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from seawall.events.formats.bounded import BoundedStream

BLOCK = 512
_LARGEST_HEADER = 1 << 20
"""Most bytes of a long name or a pax header."""

_STEP = 1 << 20
_FILES = (b"0", b"\0", b"7")
_OTHERS = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a character device", b"4": "a block device", b"6": "a named pipe",
}  # fmt: skip
_FOLDER, _LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL, _SPARSE = b"5", b"L", b"K", b"x", b"g", b"S"


class BadTar(ValueError):
    """The archive is damaged from here on."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """Describe one member. `stream` is None for a member without readable content; `refusal` then names its kind."""

    name: str
    stream: TarSection | None
    refusal: str = ""


class TarSection:
    """Read the content of one member, before the next member is requested."""

    def __init__(self, stream: BoundedStream, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the archive ends within the member."""
        size = min(size, self._left)
        if size <= 0:
            return b""
        data = self._stream.read(size)
        if not data and self._stream.problem is None:
            raise EOFError("the archive ends in the middle of the member")
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """Skip the rest of the member."""
        while self._left > 0 and (data := self._stream.read(min(_STEP, self._left))):
            self._left -= len(data)


def is_tar(head: bytes) -> bool:
    """Return whether a text with this beginning is a tar archive: its first header matches its checksum."""
    block = head[:BLOCK]
    return len(block) == BLOCK and block[0] != 0 and _fits(block)


def tar_members(stream: BoundedStream) -> Iterator[TarMember]:
    """Yield the members in order. Raises BadTar if the archive is damaged."""
    name, size = "", None
    while block := _exactly(stream, BLOCK):
        if not block.strip(b"\0"):
            continue  # the end of an archive, which another may follow
        if len(block) < BLOCK or not _fits(block):
            raise BadTar("a header of the tar archive is damaged")
        kind = block[156:157]
        length = _number(block[124:136])
        if kind in (_LONG_NAME, _LONG_LINK, _PAX, _PAX_GLOBAL):
            if length > _LARGEST_HEADER:
                raise BadTar("a header of the tar archive is too large")
            content = _exactly(stream, length)
            _exactly(stream, -length % BLOCK)
            if kind == _LONG_NAME:
                name = _text(content)
            elif kind == _PAX:
                pax = _pax(content)
                name, size = pax.get("path", name), _pax_size(pax, size)
            continue
        length = length if size is None else size
        section = TarSection(stream, length)
        yield from _member(kind, name or _ustar_name(block), section)
        section.skip()
        _exactly(stream, -length % BLOCK)
        name, size = "", None


def _member(kind: bytes, name: str, section: TarSection) -> Iterator[TarMember]:
    if kind == _SPARSE:
        yield TarMember(name, None, "a sparse file")
    elif kind in _OTHERS:
        yield TarMember(name, None, _OTHERS[kind])
    elif kind in _FILES and not name.endswith("/"):
        yield TarMember(name, section)
    elif kind not in (_FOLDER, *_FILES):
        yield TarMember(name, None, "a member of an unknown kind")


def _exactly(stream: BoundedStream, size: int) -> bytes:
    """Return this many bytes, or fewer at the end of the stream."""
    parts = []
    while size > 0 and (data := stream.read(size)):
        parts.append(data)
        size -= len(data)
    return b"".join(parts)


def _fits(block: bytes) -> bool:
    """Return whether a header matches its checksum: the sum of its bytes, with blanks in place of the checksum."""
    try:
        stated = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _number(field: bytes) -> int:
    """Return a size in octal digits or GNU's base 256. Raises BadTar."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    try:
        size = int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        raise BadTar("a size of the tar archive is damaged") from None
    if size < 0:
        raise BadTar("a size of the tar archive is negative")
    return size


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _ustar_name(block: bytes) -> str:
    prefix = _text(block[345:500]) if block[257:262] == b"ustar" and block[262:263] == b"\0" else ""
    return f"{prefix}/{_text(block[:100])}" if prefix else _text(block[:100])


def _pax(content: bytes) -> dict[str, str]:
    """Return the records of a pax header (`length key=value`). Raises BadTar, also for a sparse file."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content) and content[at] != 0:
        digits, blank, _ = content[at : at + 20].partition(b" ")
        if not blank or not digits.isdigit() or int(digits) <= len(digits) + 1:
            raise BadTar("a pax header of the tar archive is damaged")
        key, _, value = content[at + len(digits) + 1 : at + int(digits) - 1].partition(b"=")
        if key.startswith(b"GNU.sparse."):
            raise BadTar("a sparse file in the tar archive, which is not read")
        found[_text(key)] = _text(value)
        at += int(digits)
    return found


def _pax_size(pax: dict[str, str], size: int | None) -> int | None:
    stated = pax.get("size")
    if stated is None:
        return size
    if not (stated.isascii() and stated.isdigit() and len(stated) <= 18):
        raise BadTar("a size of the tar archive is damaged")
    return int(stated)
