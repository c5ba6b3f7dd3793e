"""Read the directory of a ZIP file entry by entry, and open members as bounded streams (APPNOTE 6.3.10).

The library's reader decompresses bzip2 and LZMA without limit, and keeps the whole directory in memory. It refuses an
archive for one name that is not UTF-8.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from seawall.events.formats.inflating import ZIP_METHODS, InflatedStream

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 1 << 16
_ENCRYPTED, _UTF_8 = 0x1, 0x800
_UNIX = 3
"""The system, in the version that made a member, whose file mode is kept."""

_MISSING = 0xFFFFFFFF
"""Stands for a number that is in the extra field."""


class BadArchive(ValueError):
    """The archive or a member is damaged, or uses an unsupported feature."""


@dataclass(frozen=True, slots=True)
class ZipDirectory:
    """Hold the begin and end of the directory in the file, and the number of bytes before the archive."""

    start: int
    end: int
    shift: int


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """Describe one member, as the directory states it. `offset` is that of its local header; sizes are in bytes.

    `mode` is the Unix file mode, 0 if another system made the archive.
    """

    name: str
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    offset: int
    mode: int = 0

    @property
    def is_folder(self) -> bool:
        """Return whether the entry is a folder without content."""
        return self.name.endswith("/") and not self.size and not self.packed


def find_directory(raw: BinaryIO) -> ZipDirectory:
    """Return the position of the directory in a seekable file. Raises BadArchive."""
    size = raw.seek(0, 2)
    start = max(size - _LONGEST_COMMENT - _END.size, 0)
    raw.seek(start)
    tail = raw.read(size - start)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if len(tail) - at >= _END.size:
            found = _directory(raw, start + at, _END.unpack_from(tail, at))
            if found is not None:
                return found
        at = tail.rfind(b"PK\x05\x06", 0, at)
    raise BadArchive("no directory of a ZIP file")


def _directory(raw: BinaryIO, end: int, fields: tuple[int, ...]) -> ZipDirectory | None:
    length, offset = fields[5], fields[6]
    if end >= _LOCATOR_64.size:
        raw.seek(end - _LOCATOR_64.size)
        signature, _, stated, _ = _LOCATOR_64.unpack(raw.read(_LOCATOR_64.size))
        if signature == b"PK\x06\x07":
            for place in (end - _LOCATOR_64.size - _END_64.size, stated):
                large = _end_64(raw, place)
                if large is not None:
                    length, offset, end = large[8], large[9], place
                    break
    start = end - length
    if start < 0 or start < offset:
        return None
    if length:
        raw.seek(start)
        if raw.read(4) != b"PK\x01\x02":
            return None
    return ZipDirectory(start, end, start - offset)


def _end_64(raw: BinaryIO, place: int) -> tuple[int, ...] | None:
    if place < 0 or place > raw.seek(0, 2):
        return None
    raw.seek(place)
    data = raw.read(_END_64.size)
    if len(data) < _END_64.size or not data.startswith(b"PK\x06\x06"):
        return None
    return _END_64.unpack(data)


def entries(raw: BinaryIO, directory: ZipDirectory) -> Iterator[ZipEntry]:
    """Yield the members in the order of the directory. Raises BadArchive if it is damaged."""
    at = directory.start
    while at + _ENTRY.size <= directory.end:
        raw.seek(at)
        head = raw.read(_ENTRY.size)
        if len(head) < _ENTRY.size or not head.startswith(b"PK\x01\x02"):
            raise BadArchive("the directory of the ZIP file is damaged")
        fields = _ENTRY.unpack(head)
        flags, method, checksum, packed, size = fields[3], fields[4], fields[7], fields[8], fields[9]
        name_size, extra_size, comment_size, offset = fields[10], fields[11], fields[12], fields[16]
        text = raw.read(name_size)
        size, packed, offset = _sizes_64(raw.read(extra_size), size, packed, offset)
        name = text.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
        mode = fields[15] >> 16 if fields[1] >> 8 == _UNIX else 0
        yield ZipEntry(name, flags, method, checksum, packed, size, offset + directory.shift, mode)
        at += _ENTRY.size + name_size + extra_size + comment_size


def _sizes_64(extra: bytes, *stated: int) -> tuple[int, ...]:
    """Return size, compressed size and offset; take missing ones from the ZIP64 extra field (APPNOTE 4.5.3)."""
    if _MISSING not in stated:
        return stated
    at, large = 0, b""
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == 1:
            large = extra[at + 4 : at + 4 + length]
            break
        at += 4 + length
    found = []
    for value in stated:
        if value == _MISSING:
            if len(large) < 8:
                raise BadArchive("a size of the ZIP file is missing")
            value, large = int.from_bytes(large[:8], "little"), large[8:]
        found.append(value)
    return tuple(found)


def open_entry(raw: BinaryIO, entry: ZipEntry) -> InflatedStream:
    """Return the content of a member as a stream, which raises at damage. Raises BadArchive."""
    if entry.flags & _ENCRYPTED:
        raise BadArchive("the member is encrypted")
    method = ZIP_METHODS.get(entry.method)
    if method is None:
        raise BadArchive(f"the member is compressed by method {entry.method}, which is not read")
    raw.seek(entry.offset)
    head = raw.read(_LOCAL.size)
    if len(head) < _LOCAL.size or not head.startswith(b"PK\x03\x04"):
        raise BadArchive("the member is not where the directory says")
    *_, name_size, extra_size = _LOCAL.unpack(head)
    start = entry.offset + _LOCAL.size + name_size + extra_size
    return _Checked(method(FileSection(raw, start, entry.packed)), entry.checksum)


class FileSection:
    """Read a section of an open file, wherever it is."""

    def __init__(self, raw: BinaryIO, start: int, size: int) -> None:
        self._raw, self._at, self._end = raw, start, start + size

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises EOFError if the file ends within the section."""
        size = min(size, self._end - self._at)
        if size <= 0:
            return b""
        self._raw.seek(self._at)
        data = self._raw.read(size)
        if not data:
            raise EOFError("the file ends in the middle of the member")
        self._at += len(data)
        return data


class _Checked:
    """Verify the checksum when a member has been read to its end."""

    def __init__(self, stream: InflatedStream, checksum: int) -> None:
        self._stream, self._stated, self._found = stream, checksum, 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes. Raises BadArchive at the end if the checksum does not match."""
        data = self._stream.read(size)
        self._found = zlib.crc32(data, self._found)
        if not data and self._found != self._stated:
            raise BadArchive("the member does not fit its checksum")
        return data
