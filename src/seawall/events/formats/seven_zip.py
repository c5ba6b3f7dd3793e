"""Read the directory of a 7z archive, and its folders as bounded streams (7zFormat.txt of 7-Zip).

Folders are compressed streams of members one after the other. Chains of methods for programs (BCJ), PPMd and encryption are
refused. The library for 7z expands folders to memory or disk.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from seawall.events.formats.bounded import BoundedStream
from seawall.events.formats.inflating import InflatedStream
from seawall.events.formats.seven_zip_methods import AES, METHODS, NAMES, Method
from seawall.events.formats.zip_archive import BadArchive, FileSection

MAGIC = b"7z\xbc\xaf\x27\x1c"
_START = struct.Struct("<6s2BLQQL")
_LARGEST_HEADER = 16 << 20
_MOST_HEADERS = 4
_END, _HEADER, _PROPERTIES, _ADDITIONAL, _MAIN, _FILES = range(6)
_PACK, _FOLDERS, _SUBSTREAMS, _SIZE, _CRC, _FOLDER, _UNPACK_SIZES, _COUNTS = range(6, 14)
_EMPTY_STREAM, _EMPTY_FILE, _ANTI, _NAMES, _ENCODED = 14, 15, 16, 17, 23


@dataclass(frozen=True, slots=True)
class SevenZipMember:
    """Describe a member. `checksum` is None if the archive states none."""

    name: str
    size: int
    checksum: int | None


@dataclass(slots=True)
class SevenZipFolder:
    """Describe a compressed stream: its place in the file, its method, and the members in it."""

    start: int
    packed: int
    size: int
    """Bytes of the decompressed stream; while the directory is read, the number of the output that holds it."""
    open: Method
    """Function that decompresses the stream, or the reason why it is not read."""
    members: list[SevenZipMember] = field(default_factory=list)


@dataclass(slots=True)
class _Stream:
    """Describe folders while the directory is read: sizes and checksums of the streams in each."""

    folder: SevenZipFolder
    checksum: int | None = None
    sizes: list[int] = field(default_factory=list)
    checksums: list[int | None] = field(default_factory=list)


class _Reader:
    """Read numbers and bits from a directory. Raises BadArchive at its end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int) -> bytes:
        value = self._data[self._at : self._at + size]
        if len(value) < size:
            raise BadArchive("the directory of the 7z archive is damaged")
        self._at += size
        return value

    def read_byte(self) -> int:
        return self.read(1)[0]

    def read_number(self) -> int:
        """Return a number: the leading ones of the first byte are the count of the bytes that follow."""
        first = self.read_byte()
        value, mask = 0, 0x80
        for place in range(8):
            if not first & mask:
                return value + ((first & (mask - 1)) << (8 * place))
            value |= self.read_byte() << (8 * place)
            mask >>= 1
        return value

    def read_count(self) -> int:
        """Return the number of things of which each takes at least a byte of the directory. Raises BadArchive."""
        count = self.read_number()
        if count > len(self._data):
            raise BadArchive("the directory of the 7z archive states more than it can hold")
        return count

    def read_bits(self, count: int) -> list[bool]:
        data = self.read((count + 7) // 8)
        return [bool(data[place >> 3] & (0x80 >> (place & 7))) for place in range(count)]

    def read_checksums(self, count: int) -> list[int | None]:
        known = [True] * count if self.read_byte() else self.read_bits(count)
        return [int.from_bytes(self.read(4), "little") if is_known else None for is_known in known]

    def expect(self, kind: int) -> None:
        if self.read_byte() != kind:
            raise BadArchive("the directory of the 7z archive is damaged")


def read_folders(raw: BinaryIO) -> tuple[list[SevenZipFolder], list[str]]:
    """Return the folders of an open archive, and the names of its empty members. Raises BadArchive or what lzma raises."""
    size = raw.seek(0, 2)
    raw.seek(0)
    head = raw.read(_START.size)
    if len(head) < _START.size:
        raise BadArchive("the file ends in its header")
    _, _, _, checksum, offset, length, header_checksum = _START.unpack(head)
    if zlib.crc32(head[12:]) != checksum:
        raise BadArchive("the header of the 7z archive is damaged")
    if not length:
        return [], []
    if offset + length > size - _START.size:
        raise BadArchive("its end is missing: copy it again, or join its parts")
    if length > _LARGEST_HEADER:
        raise BadArchive("the directory of the 7z archive is too large")
    raw.seek(_START.size + offset)
    header = raw.read(length)
    for _ in range(_MOST_HEADERS):
        if zlib.crc32(header) != header_checksum:
            raise BadArchive("the directory of the 7z archive does not fit its checksum")
        reader = _Reader(header)
        kind = reader.read_byte()
        if kind == _HEADER:
            return _read_header(reader, size)
        if kind != _ENCODED:
            break
        streams = _read_streams(reader, size)
        if not streams or streams[0].folder.size > _LARGEST_HEADER:
            break
        stream = streams[0]
        header = _expand(raw, stream.folder)
        header_checksum = zlib.crc32(header) if stream.checksum is None else stream.checksum
    raise BadArchive("the directory of the 7z archive is damaged")


def open_folder(folder: SevenZipFolder, packed: InflatedStream) -> InflatedStream:
    """Return the decompressed stream of a folder's bytes. Raises BadArchive if its method is not read."""
    if isinstance(folder.open, str):
        raise BadArchive(folder.open)
    return folder.open(packed)


def _expand(raw: BinaryIO, folder: SevenZipFolder) -> bytes:
    stream = open_folder(folder, FileSection(raw, folder.start, folder.packed))
    parts, left = [], folder.size
    while left > 0 and (data := stream.read(min(left, 1 << 20))):
        parts.append(data)
        left -= len(data)
    if left:
        raise BadArchive("the directory of the 7z archive is cut off")
    return b"".join(parts)


def _read_header(reader: _Reader, size: int) -> tuple[list[SevenZipFolder], list[str]]:
    streams: list[_Stream] = []
    kind = reader.read_byte()
    if kind == _PROPERTIES:
        while reader.read_byte():
            reader.read(reader.read_number())
        kind = reader.read_byte()
    if kind == _ADDITIONAL:
        _read_streams(reader, size)
        kind = reader.read_byte()
    if kind == _MAIN:
        streams = _read_streams(reader, size)
        kind = reader.read_byte()
    empty = _read_files(reader, streams) if kind == _FILES else []
    return [stream.folder for stream in streams], empty


def _read_streams(reader: _Reader, size: int) -> list[_Stream]:
    """Return the folders of an archive of `size` bytes."""
    packed: list[tuple[int, int]] = []
    streams: list[_Stream] = []
    kind = reader.read_byte()
    if kind == _PACK:
        packed = _read_packed(reader, size)
        kind = reader.read_byte()
    if kind == _FOLDERS:
        streams = _read_coders(reader, packed)
        kind = reader.read_byte()
    for stream in streams:
        stream.sizes, stream.checksums = [stream.folder.size], [stream.checksum]
    if kind == _SUBSTREAMS:
        _read_substreams(reader, streams)
        kind = reader.read_byte()
    if kind != _END:
        raise BadArchive("the directory of the 7z archive is damaged")
    return streams


def _read_packed(reader: _Reader, size: int) -> list[tuple[int, int]]:
    """Return place and size of each compressed stream in the file."""
    at = _START.size + reader.read_number()
    count = reader.read_count()
    found = []
    while kind := reader.read_byte():
        if kind == _SIZE:
            for _ in range(count):
                length = reader.read_number()
                if at + length > size:
                    raise BadArchive("the directory of the 7z archive names places outside of the file")
                found.append((at, length))
                at += length
        elif kind == _CRC:
            reader.read_checksums(count)
        else:
            raise BadArchive("the directory of the 7z archive is damaged")
    return found


def _read_coders(reader: _Reader, packed: list[tuple[int, int]]) -> list[_Stream]:
    reader.expect(_FOLDER)
    count = reader.read_count()
    if reader.read_byte():
        raise BadArchive("the 7z archive keeps its methods in another place, which is not read")
    places = iter(packed)
    found: list[_Stream] = []
    outputs: list[int] = []
    for _ in range(count):
        method, inputs, main, number = _read_folder(reader)
        mine = list(islice(places, inputs))
        if len(mine) < inputs or not mine:
            raise BadArchive("the directory of the 7z archive is damaged")
        found.append(_Stream(SevenZipFolder(*mine[0], main, method)))
        outputs.append(number)
    reader.expect(_UNPACK_SIZES)
    for stream, number in zip(found, outputs, strict=True):
        sizes = [reader.read_number() for _ in range(number)]
        stream.folder.size = sizes[stream.folder.size]
    kind = reader.read_byte()
    if kind == _CRC:
        for stream, checksum in zip(found, reader.read_checksums(count), strict=True):
            stream.checksum = checksum
        kind = reader.read_byte()
    if kind != _END:
        raise BadArchive("the directory of the 7z archive is damaged")
    return found


def _read_folder(reader: _Reader) -> tuple[Method, int, int, int]:
    """Return the method of a folder, and the numbers of its compressed streams, of its last output and of all outputs."""
    coders = []
    inputs = outputs = 0
    for _ in range(count := reader.read_number()):
        if count > 8:
            raise BadArchive("a chain of more than eight methods in the 7z archive")
        flags = reader.read_byte()
        method = reader.read(flags & 15)
        mine = (reader.read_number(), reader.read_number()) if flags & 0x10 else (1, 1)
        if max(mine) > 8:
            raise BadArchive("a method of more than eight streams in the 7z archive")
        properties = reader.read(reader.read_number()) if flags & 0x20 else b""
        inputs, outputs = inputs + mine[0], outputs + mine[1]
        coders.append((method, properties, mine == (1, 1)))
    if not outputs:
        raise BadArchive("a folder without a method in the 7z archive")
    bound = [(reader.read_number(), reader.read_number()) for _ in range(outputs - 1)]
    packed = inputs - len(bound)
    if packed > 1:
        for _ in range(packed):
            reader.read_number()
    outer = [place for place in range(outputs) if place not in [output for _, output in bound]]
    if packed < 1 or not outer:
        raise BadArchive("a chain of methods without an end in the 7z archive")
    (method, properties, is_simple), *others = coders
    if AES in [name for name, *_ in coders]:
        return "it is encrypted: unpack it first", packed, outer[0], outputs
    if others or not is_simple or method not in METHODS:
        used = "+".join(NAMES.get(name, name.hex()) for name, *_ in coders)
        reason = f"it is compressed by a method that is not read ({used}): unpack it first"
        return reason, packed, outer[0], outputs
    return METHODS[method](properties), packed, outer[0], outputs


def _read_substreams(reader: _Reader, streams: list[_Stream]) -> None:
    counts = [1] * len(streams)
    kind = reader.read_byte()
    if kind == _COUNTS:
        counts = [reader.read_count() for _ in streams]
        kind = reader.read_byte()
    has_sizes = kind == _SIZE
    for stream, count in zip(streams, counts, strict=True):
        sizes = [reader.read_number() for _ in range(count - 1)] if has_sizes else []
        if count and (len(sizes) < count - 1 or sum(sizes) > stream.folder.size):
            raise BadArchive("the sizes of members do not fit their folder in the 7z archive")
        stream.sizes = [*sizes, stream.folder.size - sum(sizes)] if count else []
    if has_sizes:
        kind = reader.read_byte()
    is_known = [len(stream.sizes) == 1 and stream.checksum is not None for stream in streams]
    found: list[int | None] = []
    if kind == _CRC:
        missing = sum(len(stream.sizes) for stream, known in zip(streams, is_known, strict=True) if not known)
        found = reader.read_checksums(missing)
        kind = reader.read_byte()
    rest = iter(found)
    for stream, known in zip(streams, is_known, strict=True):
        stream.checksums = [stream.checksum if known else next(rest, None) for _ in stream.sizes]
    if kind != _END:
        raise BadArchive("the directory of the 7z archive is damaged")


def _read_files(reader: _Reader, streams: list[_Stream]) -> list[str]:
    """Give the folders their members, and return the names of members without content."""
    count = reader.read_count()
    names = [""] * count
    is_empty = [False] * count
    is_file: list[bool] = []
    while kind := reader.read_byte():
        inner = _Reader(reader.read(reader.read_number()))
        if kind == _EMPTY_STREAM:
            is_empty = inner.read_bits(count)
        elif kind == _EMPTY_FILE:
            is_file = inner.read_bits(sum(is_empty))
        elif kind == _NAMES and not inner.read_byte():
            names = _read_names(inner, count)
    places = (
        (stream.folder, size, checksum)
        for stream in streams
        for size, checksum in zip(stream.sizes, stream.checksums, strict=True)
    )
    empty = []
    files = iter(is_file)
    for name, has_nothing in zip(names, is_empty, strict=True):
        if has_nothing:
            if next(files, False):
                empty.append(name)
            continue
        place = next(places, None)
        if place is None:
            raise BadArchive("the 7z archive names more members than it holds")
        folder, size, checksum = place
        folder.members.append(SevenZipMember(name, size, checksum))
    return empty


def _read_names(reader: _Reader, count: int) -> list[str]:
    found = []
    for _ in range(count):
        name = bytearray()
        while (pair := reader.read(2)) != b"\0\0":
            name += pair
        found.append(name.decode("utf-16-le", "replace"))
    return found


def open_members_of_folder(
    folder: SevenZipFolder, stream: BoundedStream
) -> Iterator[tuple[SevenZipMember, InflatedStream]]:
    """Yield the members of a decompressed folder with their contents. Read each one before requesting the next."""
    for member in folder.members:
        section = _MemberSection(stream, member)
        yield member, section
        section.skip()


class _MemberSection:
    """Read the content of a member, and verify its checksum at its end."""

    def __init__(self, stream: BoundedStream, member: SevenZipMember) -> None:
        self._stream, self._left, self._stated, self._found = stream, member.size, member.checksum, 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end or a limit. Raises BadArchive or EOFError if the member is damaged."""
        if not self._left:
            if self._stated is not None and self._found != self._stated:
                raise BadArchive("the member does not fit its checksum")
            return b""
        data = self._stream.read(min(size, self._left))
        if not data:
            problem = self._stream.problem
            if problem is None:
                raise EOFError("the compressed stream ends in the middle of the member")
            if problem.code == "unreadable":
                raise BadArchive(problem.reason)
        self._left -= len(data)
        self._found = zlib.crc32(data, self._found)
        return data

    def skip(self) -> None:
        """Skip the rest of the member."""
        while self._left and (data := self._stream.read(min(self._left, 1 << 20))):
            self._left -= len(data)
