"""Archives that no program would make: ZIP files with any names and methods, and tar files with any headers."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import zstandard


def _lzma(data: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]
    return (
        b"\x09\x04"
        + struct.pack("<HBI", 5, 93, 1 << 20)
        + lzma.compress(data, lzma.FORMAT_RAW, filters=filters)
    )


def _deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    return machine.compress(data) + machine.flush()


PACK: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "stored": (0, lambda data: data),
    "deflate": (8, _deflate),
    "bzip2": (12, lambda data: bz2.compress(data, 9)),
    "lzma": (14, _lzma),
    "zstd": (93, lambda data: zstandard.compress(data, 19)),
}
"""Methods of ZIP members, and what compresses by them."""


@dataclass(frozen=True)
class Member:
    """A member of a ZIP file as it is written. `packed` is stated as it is, whatever the method."""

    name: bytes
    packed: bytes
    method: int = 0
    checksum: int = 0
    flags: int = 0
    size: int = 0


def member(name: bytes, data: bytes, method: str = "deflate", *, flags: int = 0) -> Member:
    number, pack = PACK[method]
    return Member(name, pack(data), number, zlib.crc32(data), flags, len(data))


def zip_of(*members: Member, before: bytes = b"", comment: bytes = b"") -> bytes:
    """A ZIP file with exactly these members, however senseless."""
    content, directory = bytearray(before), bytearray()
    for one in members:
        offset = len(content) - len(before)
        sizes = (one.checksum, len(one.packed), one.size)
        content += struct.pack(
            "<4s5H3L2H", b"PK\x03\x04", 20, one.flags, one.method, 0, 0, *sizes, len(one.name), 0
        )
        content += one.name + one.packed
        directory += struct.pack(
            "<4s6H3L5H2L",
            b"PK\x01\x02",
            20,
            20,
            one.flags,
            one.method,
            0,
            0,
            *sizes,
            len(one.name),
            0,
            0,
            0,
            0,
            0,
            offset,
        )
        directory += one.name
    place, count = len(content) - len(before), min(len(members), 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), place, len(comment))
    return bytes(content + directory + end + comment)


def tar_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar archive with these headers."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for header, data in members:
            header.size = len(data) if header.isreg() else 0
            archive.addfile(header, io.BytesIO(data))
    return buffer.getvalue()


def tar_file(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.type, header.linkname = kind, link
    return header
