"""Read archives sequentially: zip, tar, ar. Central directories are ignored, and nothing seeks.

A zip archive is read by the header before each member. So nested archives need no copy, and members missing from the
directory are read too. Bytes outside members go back to the caller as plain bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seawall.keys.leaks.scanning import compressed
from seawall.keys.leaks.scanning.byte_source import ByteSource, StreamTruncated

_LONGEST_NAME = 4_096
_LONGEST_EXTENSION = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveMember:
    """A member: its bytes, or why there are none and how many were skipped."""

    name: str
    pieces: Iterator[bytes]
    reason: str = ""
    size: int | None = None


Opener = Callable[[ByteSource], Iterator[ArchiveMember]]
"""Function that yields members in order. Read each one wholly, or not at all, before requesting the next."""


def zip_members(supply: ByteSource) -> Iterator[ArchiveMember]:
    """Yield the members of a zip archive, until something other than a member's header follows."""
    while supply.peek(4) == b"PK\x03\x04" and len(head := supply.peek(30)) == 30:
        flags, method, size, full_size, names, extras = struct.unpack("<6xHH8xIIHH", head[:30])
        supply.skip(30)
        name = supply.take(names)
        extra = supply.take(extras)
        size = _zip64(extra, size, full_size)
        has_size = not flags & 8 or size > 0
        yield from _zip_member(
            supply, _readable(name, utf8=bool(flags & 0x800)), flags, method, size if has_size else None
        )
        if flags & 8:
            _skip_descriptor(supply)


def _zip_member(
    supply: ByteSource, name: str, flags: int, method: int, size: int | None
) -> Iterator[ArchiveMember]:
    if name.endswith("/") and not size:
        return
    reason = "encrypted" if flags & 1 else "" if method in _METHODS else f"zip method {method} is not read"
    if reason or (method != _DEFLATE and size is None):
        if size is None:
            raise StreamTruncated(reason or "a stored member does not say how long it is")
        yield ArchiveMember(name, iter(()), reason, supply.skip(size))
        return
    if method == _DEFLATE:
        yield ArchiveMember(name, compressed.inflate_deflated(supply, -15))
        return
    inner = supply.pieces(size)
    yield ArchiveMember(name, _METHODS[method](ByteSource(inner)) if method else inner)
    for _ in inner:
        pass


_DEFLATE = 8
_METHODS: dict[int, compressed.Opener] = {
    0: lambda supply: supply.pieces(),
    _DEFLATE: lambda supply: compressed.inflate_deflated(supply, -15),
    12: compressed.bzip2,
    93: compressed.zstd,
    95: compressed.xz,
}


def _zip64(extra: bytes, size: int, full_size: int) -> int:
    """Return the compressed size, from the zip64 extra field if the header has no room for it."""
    position = 0
    while size == 0xFFFFFFFF and position + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, position)
        at = position + 4 + (8 if full_size == 0xFFFFFFFF else 0)
        if kind == 1 and at + 8 <= len(extra):
            return int(struct.unpack_from("<Q", extra, at)[0])
        position += 4 + length
    return size


def _skip_descriptor(supply: ByteSource) -> None:
    """Skip the data descriptor after a member: with or without signature, with 32-bit or 64-bit sizes."""
    ahead = supply.peek(28)
    for length in (16, 24, 12, 20):
        if ahead[length : length + 2] == b"PK":
            supply.skip(length)
            return


def tar_members(supply: ByteSource) -> Iterator[ArchiveMember]:
    """Yield the members of a tar archive (ustar, GNU, pax), until a block of zeros or something other than a header."""
    name = ""
    size_told: int | None = None
    while is_tar(head := supply.peek(512)):
        supply.skip(512)
        kind, size = head[156:157], _tar_number(head[124:136])
        padding = -size % 512
        if kind in b"LKxg" and size <= _LONGEST_EXTENSION:
            body = supply.take(size)
            supply.skip(padding)
            if kind == b"L":
                name = _readable(body.rstrip(b"\x00"), utf8=True)
            elif kind == b"x":
                name, size_told = _pax(body, name)
            continue
        size = size if size_told is None else size_told
        padding = -size % 512
        if kind not in b"12346" and size:
            inner = supply.pieces(size)
            yield ArchiveMember(name or _tar_name(head), inner)
            for _ in inner:
                pass
            supply.skip(padding)
        name, size_told = "", None


def is_tar(head: bytes) -> bool:
    """Return whether a block is a tar header, by its checksum."""
    if len(head) < 512 or not head[0]:
        return False
    try:
        told = _tar_number(head[148:156])
    except ValueError:
        return False
    return told == sum(head[:148]) + 8 * 0x20 + sum(head[156:512]) and _is_tar_number(head[124:136])


def _is_tar_number(field: bytes) -> bool:
    try:
        return 0 <= _tar_number(field) < 1 << 62
    except ValueError:
        return False


def _tar_number(field: bytes) -> int:
    if field[0] & 0x80:
        return int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
    return int(field.rstrip(b"\x00 ").strip() or b"0", 8)


def _tar_name(head: bytes) -> str:
    name, prefix = head[:100].split(b"\x00")[0], head[345:500].split(b"\x00")[0]
    is_posix = head[257:263] == b"ustar\x00"
    return _readable(prefix + b"/" + name if prefix and is_posix else name, utf8=True)


def _pax(body: bytes, name: str) -> tuple[str, int | None]:
    """Return the name and size in a pax header."""
    size: int | None = None
    while b" " in body[:24]:
        length, _ = body.split(b" ", 1)
        if not length.isdigit() or not 0 < int(length) <= len(body):
            break
        record = body[len(length) + 1 : int(length)].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        if key == b"path":
            name = _readable(value, utf8=True)
        elif key == b"size" and value.isdigit() and len(value) < 19:
            size = int(value)
        body = body[int(length) :]
    return name, size


def ar_members(supply: ByteSource) -> Iterator[ArchiveMember]:
    """Yield the members of an ar archive (Debian packages, static libraries), with long names of GNU and BSD."""
    supply.skip(8)
    long_names = b""
    while len(head := supply.peek(60)) == 60 and head[58:] == b"`\n" and head[48:58].strip().isdigit():
        supply.skip(60)
        name, size = head[:16].rstrip(b" "), int(head[48:58])
        padding = size % 2
        if name == b"//" and size <= _LONGEST_EXTENSION:
            long_names = supply.take(size)
        else:
            if name.startswith(b"#1/") and name[3:].isdigit() and int(name[3:]) <= min(size, _LONGEST_NAME):
                size -= int(name[3:])
                name = supply.take(int(name[3:])).rstrip(b"\x00")
            elif name[:1] == b"/" and name[1:].isdigit():
                name = long_names[int(name[1:]) :].split(b"\n", 1)[0]
            inner = supply.pieces(size)
            yield ArchiveMember(_readable(name.removesuffix(b"/") or b"/", utf8=True), inner)
            for _ in inner:
                pass
        supply.skip(padding)


def _readable(name: bytes, *, utf8: bool) -> str:
    """Return a printable name with other bytes escaped."""
    return name[:_LONGEST_NAME].decode("utf-8" if utf8 else "cp437", "backslashreplace")


UNSUPPORTED: dict[bytes, str] = {
    b"7z\xbc\xaf\x27\x1c": "7z archives are not opened",
    b"Rar!\x1a\x07": "RAR archives are not opened",
    b"MSCF\x00\x00\x00\x00": "cabinet files are not opened",
    b"\x04\x22\x4d\x18": "LZ4 streams are not opened",
    b"LZIP": "lzip streams are not opened",
    b"hsqs": "SquashFS images are not opened",
    b"\xed\xab\xee\xdb": "RPM packages are not opened",
    b"xar!": "xar archives are not opened",
    b"MSWIM\x00\x00\x00": "WIM images are not opened",
}
"""First bytes of formats that are searched as plain bytes but not opened."""


def recognise(head: bytes) -> Opener | None:
    """Return the opener for data that begins with these 512 bytes, None if it is no archive."""
    if head.startswith(b"PK\x03\x04"):
        return zip_members
    if head.startswith(b"!<arch>\n"):
        return ar_members
    return tar_members if is_tar(head) else None


def compression(head: bytes) -> tuple[str, compressed.Opener] | None:
    """Return suffixes and opener of a compressed stream that begins with these bytes."""
    for magic, found in compressed.COMPRESSIONS.items():
        if head.startswith(magic) and (magic != b"BZh" or head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")):
            return found
    return None


def name_unsupported(head: bytes) -> str | None:
    """Return why data that begins with these bytes is not opened, None if there is nothing to open."""
    return next((reason for magic, reason in UNSUPPORTED.items() if head.startswith(magic)), None)
