"""Open gzip, bzip2, xz, LZMA, Zstandard, ZIP and tar by content, as streams within limits.

Nothing is expanded to memory or disk. A member is a stream that ends at damage or a limit, and reports it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from seawall.events.formats.bounded import DAMAGE, BoundedStream, Counter, Expansion, MemberNames
from seawall.events.formats.foreign_formats import (
    BINARY_WORKBOOK,
    OPEN_DOCUMENT,
    explain_foreign_format,
    is_open_document,
)
from seawall.events.formats.inflating import (
    GzipStream,
    InflatedStream,
    ZstandardStream,
    as_binary,
    is_lzma,
    open_bzip2,
    open_lzma,
    open_xz,
)
from seawall.events.formats.limits import Limits
from seawall.events.formats.seven_zip import MAGIC as SEVEN_ZIP
from seawall.events.formats.seven_zip import SevenZipFolder, open_folder, open_members_of_folder, read_folders
from seawall.events.formats.table_files.avro_file import MAGIC as AVRO
from seawall.events.formats.table_files.avro_file import AvroFile
from seawall.events.formats.table_files.parquet_file import ParquetTable
from seawall.events.formats.table_files.parquet_layout import MAGIC as PARQUET
from seawall.events.formats.table_files.table_part import ChunkStream, TablePart
from seawall.events.formats.table_files.workbook import (
    BINARY,
    MAIN,
    PartStream,
    Workbook,
    find_parts,
    has_office_parts,
)
from seawall.events.formats.tar_archive import BLOCK, BadTar, is_tar, tar_members
from seawall.events.formats.zip_archive import FileSection, ZipEntry, entries, find_directory, open_entry
from seawall.events.masked_excerpts import file_problem
from seawall.events.problem import Problem

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_BZIP2_BLOCK = (bytes.fromhex("314159265359"), bytes.fromhex("177245385090"))
"""What follows `BZh` and the block size: a block, or the end of an empty stream."""


@dataclass(frozen=True, slots=True)
class PlainStream:
    """Hold one stream of uncompressed bytes."""

    stream: BoundedStream


@dataclass(frozen=True, slots=True)
class _Around:
    """Hold the context of a stream: limits and expansion of the file, and the number of containers around it."""

    limits: Limits
    expansion: Expansion
    depth: int = 0
    is_inflated: bool = False
    """Whether the stream comes from a decompressor: a tar archive in it counts as the same container."""

    def deeper(self, *, is_inflated: bool = False) -> _Around:
        return _Around(self.limits, self.expansion, self.depth + 1, is_inflated)


def is_container(head: bytes) -> bool:
    """Return whether bytes with this beginning are compressed or an archive."""
    return (
        head.startswith((*_ZIP, AVRO, PARQUET, SEVEN_ZIP))
        or _find_decompressor(head) is not None
        or is_tar(head)
    )


def _find_decompressor(head: bytes) -> Callable[[InflatedStream], InflatedStream] | None:
    """Return the function that decompresses a file with this beginning, None if it is not compressed."""
    if head.startswith(b"\x1f\x8b"):
        return GzipStream
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return ZstandardStream
    if head.startswith(b"\xfd7zXZ\0"):
        return open_xz
    if head.startswith(b"BZh") and head[3:4] in b"123456789" and head[4:10] in _BZIP2_BLOCK:
        return open_bzip2
    return open_lzma if is_lzma(head) else None


def open_members(raw: BinaryIO, name: str, limits: Limits) -> Iterator[PlainStream | Problem]:
    """Yield the uncompressed streams inside an open, seekable file. Read each one before requesting the next."""
    stored = raw.seek(0, 2)
    raw.seek(0)
    around = _Around(limits, Expansion(stored, limits))
    yield from _open(raw, BoundedStream(raw, name, limits), around)


def _open(raw: BinaryIO | None, outer: BoundedStream, around: _Around) -> Iterator[PlainStream | Problem]:
    name, limits = outer.name, around.limits
    head = outer.peek(BLOCK)
    if not is_container(head):
        reason = explain_foreign_format(head)
        yield PlainStream(outer) if reason is None else file_problem(name, "not-a-log", reason)
        return
    if around.depth >= limits.archive_depth and not (around.is_inflated and is_tar(head)):
        yield file_problem(name, "bomb", f"archives nested deeper than {limits.archive_depth}")
        return
    if head.startswith(_ZIP):
        yield from _open_zip(raw, outer, around)
    elif (decompress := _find_decompressor(head)) is not None:
        counter = Counter(as_binary(outer))
        bounded = BoundedStream(
            as_binary(decompress(as_binary(counter))), name, limits, counter, around.expansion
        )
        yield from _open(None, bounded, around.deeper(is_inflated=True))
        if outer.problem is not None and bounded.problem is None:
            yield outer.problem
    elif head.startswith(SEVEN_ZIP):
        yield from _open_seven_zip(raw, outer, around)
    elif head.startswith(AVRO):
        yield from _open_avro(outer, around)
    elif head.startswith(PARQUET):
        yield from _open_parquet(raw, outer, around)
    else:
        yield from _open_tar(outer, around)


def _open_zip(raw: BinaryIO | None, outer: BoundedStream, around: _Around) -> Iterator[PlainStream | Problem]:
    name, limits, names = outer.name, around.limits, MemberNames(outer.name)
    raw = _make_seekable(raw, outer, limits)
    if raw is None:
        yield _too_large(name)
        return
    if has_office_parts(outer.peek(BLOCK)):
        found = find_parts(_list(raw))
        if MAIN in found or BINARY in found:
            yield from _open_workbook(raw, found, name, around)
            return
    if is_open_document(outer.peek(BLOCK)):
        yield file_problem(name, "not-a-log", OPEN_DOCUMENT)
        return
    left = raw.seek(0, 2)
    for number, entry in enumerate(_list(raw), 1):
        if isinstance(entry, str):
            yield file_problem(name, "unreadable", entry)
            return
        left -= entry.packed
        stop = _must_stop(name, number, around)
        if stop is None and left < 0:
            stop = file_problem(
                name, "bomb", f"its members overlap: those from number {number} on were not read"
            )
        if stop is not None:
            yield stop
            return
        if entry.is_folder:
            continue
        label = names.name(entry.name, number)
        try:
            stream = open_entry(raw, entry)
        except DAMAGE as error:
            yield file_problem(label, "unreadable", str(error) or type(error).__name__)
            continue
        counter = cast(Counter, _Declared(entry.packed))
        bounded = BoundedStream(as_binary(stream), label, limits, counter, around.expansion)
        yield from _open(None, bounded, around.deeper())


def _open_seven_zip(
    raw: BinaryIO | None, outer: BoundedStream, around: _Around
) -> Iterator[PlainStream | Problem]:
    name, limits, names = outer.name, around.limits, MemberNames(outer.name)
    raw = _make_seekable(raw, outer, limits)
    if raw is None:
        yield _too_large(name)
        return
    try:
        folders, empty = read_folders(raw)
    except DAMAGE as error:
        yield outer.problem or file_problem(name, "unreadable", str(error) or type(error).__name__)
        return
    number = 0
    for folder in folders:
        counter = Counter(as_binary(FileSection(raw, folder.start, folder.packed)))
        first = number
        number += len(folder.members)
        try:
            content = as_binary(open_folder(folder, as_binary(counter)))
        except DAMAGE as error:
            yield _refuse_members(folder, 0, str(error), names, first)
            continue
        stream = BoundedStream(content, name, limits, counter, around.expansion)
        for place, (member, section) in enumerate(open_members_of_folder(folder, stream)):
            if (stop := _must_stop(name, first + place + 1, around)) is not None:
                yield stop
                return
            if stream.problem is not None:
                if stream.problem.code == "unreadable":
                    yield _refuse_members(folder, place, "it lies behind damage", names, first)
                break
            label = names.name(member.name, first + place + 1)
            yield from _open(None, BoundedStream(as_binary(section), label, limits), around.deeper())
        if stream.problem is not None and stream.problem.code != "unreadable":
            yield stream.problem
    for label in empty:
        number += 1
        yield file_problem(names.name(label, number), "not-a-log", "empty")


def _refuse_members(
    folder: SevenZipFolder, place: int, reason: str, names: MemberNames, before: int
) -> Problem:
    """Return the problem of the members of a folder from `place` on. `before` is the number of members before the folder."""
    rest = folder.members[place:]
    label = names.name(rest[0].name if rest else "", before + place + 1)
    more = f" (this and other members: {len(rest):,})" if len(rest) > 1 else ""
    return file_problem(label, "unreadable", reason + more)


def _open_workbook(
    raw: BinaryIO, found: dict[str, ZipEntry], name: str, around: _Around
) -> Iterator[PlainStream | Problem]:
    if MAIN not in found:
        yield file_problem(name, "not-a-log", BINARY_WORKBOOK)
        return

    def open_part(part: str) -> PartStream | None:
        entry = found.get(part)
        if entry is None:
            return None
        counter = cast(Counter, _Declared(entry.packed))
        stream = as_binary(open_entry(raw, entry))
        return PartStream(BoundedStream(stream, part, around.limits, counter, around.expansion))

    try:
        book = Workbook(open_part)
    except DAMAGE as error:
        yield file_problem(name, "unreadable", f"an Excel workbook: {error}")
        return
    count = 0
    for member in _open_parts(
        book.parts(lambda part: found[part].packed if part in found else 0), name, around
    ):
        count += 1
        yield member
    if not count:
        yield file_problem(name, "not-a-log", "an Excel workbook without cells")


def _make_seekable(raw: BinaryIO | None, outer: BoundedStream, limits: Limits) -> BinaryIO | None:
    """Return a file whose directory is at its end. One inside an archive is held in memory; None beyond a limit."""
    if raw is not None:
        return raw
    data = outer.peek(limits.record_bytes * 4 + 1)
    return io.BytesIO(data) if len(data) <= limits.record_bytes * 4 else None


def _too_large(name: str) -> Problem:
    return file_problem(name, "bomb", "a file inside an archive is too large to open there: unpack it first")


def _list(raw: BinaryIO) -> Iterator[ZipEntry | str]:
    """Yield the entries of a ZIP file, and last the reason if the rest is damaged."""
    try:
        yield from entries(raw, find_directory(raw))
    except DAMAGE as error:
        yield str(error) or type(error).__name__


def _open_tar(outer: BoundedStream, around: _Around) -> Iterator[PlainStream | Problem]:
    name, names = outer.name, MemberNames(outer.name)
    inside = around if around.is_inflated else around.deeper()
    inside = _Around(around.limits, around.expansion, inside.depth)
    try:
        for number, member in enumerate(tar_members(outer), 1):
            if (stop := _must_stop(name, number, around)) is not None:
                yield stop
                return
            label = names.name(member.name, number)
            if member.stream is None:
                yield file_problem(label, "not-a-log", f"{member.refusal}, which is not followed")
                continue
            yield from _open(None, BoundedStream(as_binary(member.stream), label, around.limits), inside)
    except BadTar as error:
        if outer.problem is None:
            yield file_problem(name, "unreadable", str(error))
    if outer.problem is not None:
        yield outer.problem


def _open_avro(outer: BoundedStream, around: _Around) -> Iterator[PlainStream | Problem]:
    counter = Counter(as_binary(outer))
    try:
        file = AvroFile(counter, around.limits, around.expansion)
    except DAMAGE as error:
        yield outer.problem or file_problem(outer.name, "unreadable", f"an Avro file: {error}")
        return
    yield from _open_parts(file.parts(counter), outer.name, around)
    if outer.problem is not None:
        yield outer.problem


def _open_parquet(
    raw: BinaryIO | None, outer: BoundedStream, around: _Around
) -> Iterator[PlainStream | Problem]:
    raw = _make_seekable(raw, outer, around.limits)
    if raw is None:
        yield _too_large(outer.name)
        return
    try:
        table = ParquetTable(raw, around.limits)
    except DAMAGE as error:
        yield outer.problem or file_problem(outer.name, "unreadable", f"a Parquet file: {error}")
        return
    yield from _open_parts(table.parts(), outer.name, around)


def _open_parts(parts: Iterator[TablePart], name: str, around: _Around) -> Iterator[PlainStream | Problem]:
    """Yield the texts that a table file was made into. Reading one may move the file on to the next."""
    names = MemberNames(name)
    for number, part in enumerate(parts, 1):
        if (stop := _must_stop(name, number, around)) is not None:
            yield stop
            return
        label = name if not part.label else names.name(part.label, number)
        stream = as_binary(ChunkStream(part.chunks))
        yield PlainStream(
            BoundedStream(stream, label, around.limits, cast(Counter, part.stored), around.expansion)
        )


def _must_stop(name: str, number: int, around: _Around) -> Problem | None:
    """Return the problem if this member and the later ones are not read, else None."""
    if around.expansion.is_spent:
        reason = f"its members expand beyond {around.expansion.allowed} bytes in all: those from number {number} on were not read"
        return file_problem(name, "bomb", reason)
    if number > around.limits.archive_members:
        return file_problem(
            name, "bomb", f"more than {around.limits.archive_members} members: the others were not read"
        )
    return None


@dataclass(frozen=True, slots=True)
class _Declared:
    """Replace a counter by the compressed size that the archive states; no more bytes than that are read."""

    count: int
