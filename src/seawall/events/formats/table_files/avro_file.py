"""Read Avro files forwards only, block by block, as JSON lines (specification 1.12, "Object Container Files").

The library for Avro expands blocks and arrays without limit. Here blocks, values and nesting are limited, and reading goes on
behind a damaged block. Of a file that Event Hubs Capture wrote, the bodies of the messages are the text.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import zstandard

from seawall.events.formats.bounded import Expansion
from seawall.events.formats.json_records import is_line_delimited
from seawall.events.formats.limits import Limits
from seawall.events.formats.table_files.avro_values import AvroBytes, BadAvro, compile_schema
from seawall.events.formats.table_files.table_part import (
    MOST_DAMAGED,
    ByteCount,
    TablePart,
    build_header_line,
    build_oversized_line,
    join_lines,
)
from seawall.events.formats.text_lines import CHUNK, ByteStream, Utf8Stream

MAGIC = b"Obj\x01"
_LARGEST_HEADER = 1 << 20
_SYNC = 16
_WINDOW = 1 << 27
_BODY, _ENQUEUED = "Body", "EnqueuedTimeUtc"
_encode_into = msgspec.json.Encoder().encode_into


class _Source:
    """Read exact numbers of bytes, and take bytes back."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._ahead = b""

    def take(self, size: int) -> bytes:
        """Return this many bytes, or fewer at the end."""
        parts, missing = [self._ahead[:size]], size - len(self._ahead)
        self._ahead = self._ahead[size:]
        while missing > 0 and (data := self._stream.read(max(missing, CHUNK))):
            parts.append(data[:missing])
            self._ahead = data[missing:]
            missing -= len(data)
        return b"".join(parts)

    def put_back(self, data: bytes) -> None:
        """Read these bytes again next."""
        self._ahead = data + self._ahead

    def read_long(self) -> int | None:
        """Return a number, None at the end of the file. Raises EOFError within a number, BadAvro."""
        head = self.take(10)
        if not head:
            return None
        number = AvroBytes(head, 0)
        try:
            value = number.read_long()
        except IndexError:
            raise EOFError("the file ends in the middle of a block") from None
        self.put_back(head[number.at :])
        return value


class AvroFile:
    """Read one file. `depth` of the limits bounds how deep records are nested."""

    def __init__(self, stream: ByteStream, limits: Limits, expansion: Expansion) -> None:
        """Take the file from its start. Raises BadAvro or EOFError if its header is damaged."""
        self._source = _Source(stream)
        self._limits, self._expansion = limits, expansion
        self._largest = 2 * limits.record_bytes
        self._block = self._records = 0
        self._is_between = True
        """Whether the next byte is the first of a block."""
        header = self._read_header()
        self._sync = self._source.take(_SYNC)
        if len(self._sync) < _SYNC:
            raise EOFError("the file ends in its header")
        codec = header.get("avro.codec", b"null").decode("utf-8", "replace")
        decompress = _CODECS.get(codec)
        if decompress is None:
            raise BadAvro("it is compressed by a method that is not read")
        self._decompress = decompress
        self._decode, self._names = compile_schema(header.get("avro.schema", b""))
        self._is_capture = _BODY in self._names and _ENQUEUED in self._names

    def parts(self, stored: ByteCount) -> Iterator[TablePart]:
        """Yield the text of the file, and a further text behind each damaged block.

        A file that Event Hubs Capture wrote without a message is no text.
        """
        if self._is_capture and self._is_at_end():
            return
        yield TablePart("", join_lines(self._lines()), stored)
        for _ in range(MOST_DAMAGED):
            if not (self._is_between or self._find_next_block()) or self._is_at_end():
                return
            yield TablePart(f"block {self._block + 1}", join_lines(self._lines()), stored)

    def _read_header(self) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        self._source.take(len(MAGIC))
        while count := self._read_exact_long():
            if count < 0:
                count = -count
                self._read_exact_long()
            if count + len(found) > 1_000:
                raise BadAvro("its header is too large")
            for _ in range(count):
                key = self._read_header_bytes().decode("utf-8", "replace")
                found[key] = self._read_header_bytes()
        return found

    def _read_exact_long(self) -> int:
        number = self._source.read_long()
        if number is None:
            raise EOFError("the file ends in its header")
        return number

    def _read_header_bytes(self) -> bytes:
        size = self._read_exact_long()
        if not 0 <= size <= _LARGEST_HEADER:
            raise BadAvro("its header is too large")
        data = self._source.take(size)
        if len(data) < size:
            raise EOFError("the file ends in its header")
        return data

    def _is_at_end(self) -> bool:
        head = self._source.take(1)
        self._source.put_back(head)
        return not head

    def _find_next_block(self) -> bool:
        """Skip to behind the next sync marker. False if there is none."""
        kept = b""
        while data := self._source.take(CHUNK):
            text = kept + data
            at = text.find(self._sync)
            if at >= 0:
                self._source.put_back(text[at + _SYNC :])
                return True
            kept = text[1 - _SYNC :]
        return False

    def _lines(self) -> Iterator[bytes]:
        while (count := self._source.read_long()) is not None:
            self._block, self._is_between = self._block + 1, False
            size = self._source.read_long()
            if size is None:
                raise EOFError("the file ends in the middle of a block")
            if not 0 <= size <= self._largest or count < 0:
                raise BadAvro(f"block {self._block} is damaged, or larger than {self._largest} bytes")
            packed = self._source.take(size)
            if len(packed) < size:
                if self._decompress is _keep:
                    yield from self._block_lines(packed, count)
                raise EOFError("the file ends in the middle of a block")
            sync = self._source.take(_SYNC)
            if sync != self._sync:
                self._source.put_back(packed + sync)
                raise BadAvro(f"block {self._block} is damaged: no sync marker follows it")
            self._is_between = True
            yield from self._block_lines(packed, count)
        if not self._records:
            yield build_header_line(self._names)

    def _block_lines(self, packed: bytes, count: int) -> Iterator[bytes]:
        data = self._decompress(packed, self._largest)
        self._expansion.spend(len(data))
        block = AvroBytes(data, self._limits.depth)
        if count > len(data) + 1:
            raise BadAvro(f"block {self._block} is damaged: it states more records than bytes")
        fresh = block.left
        for _ in range(count):
            block.left, start = fresh, block.at
            try:
                record = self._decode(block)
            except (IndexError, OverflowError, RecursionError) as error:
                raise BadAvro(f"block {self._block} is damaged: a record goes beyond its end") from error
            self._records += 1
            line = b"" if block.at - start > self._limits.record_bytes else self._write(record)
            if line:
                yield line
            else:
                yield from build_oversized_line(self._limits.record_bytes)

    def _write(self, record: Any) -> bytes:
        """Return a record as text, b"" if it is too large."""
        body = record.get(_BODY) if self._is_capture else None
        if isinstance(body, str) and body.lstrip(" \t\r\n\0\ufeff")[:1] in ("{", "["):
            return _write_body(body.encode())
        line = bytearray()
        _encode_into(record if isinstance(record, dict) else {"value": record}, line)
        if len(line) > self._limits.record_bytes:
            return b""
        line += b"\n"
        return bytes(line)


def _write_body(body: bytes) -> bytes:
    """Return the body of a message as one line, or unchanged if it holds a record on each line."""
    text = Utf8Stream(io.BytesIO(body), body).read(len(body) + 1)
    if b"\n" in text and not is_line_delimited(text):
        text = text.replace(b"\n", b" ")
    return text if text.endswith(b"\n") else text + b"\n"


def _keep(data: bytes, _limit: int) -> bytes:
    return data


def _inflate(machine: Any, data: bytes, limit: int) -> bytes:
    ready: bytes = machine.decompress(data, limit + 1)
    return _check_size(ready, limit)


def _check_size(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise BadAvro(f"a block expands beyond {limit} bytes")
    return data


def _inflate_zstandard(data: bytes, limit: int) -> bytes:
    machine = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    with machine.stream_reader(data) as reader:
        return _check_size(reader.read(limit + 1), limit)


def _inflate_snappy(data: bytes, limit: int) -> bytes:
    """Decompress a block of Snappy, whose last four bytes are the checksum of the result. Raises BadAvro."""
    size, shift, at = 0, 0, 0
    while at < min(len(data), 5):
        size |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            break
    if size > limit:
        raise BadAvro(f"a block expands beyond {limit} bytes")
    try:
        ready: bytes = pa.Codec("snappy").decompress(data[:-4], size, asbytes=True)
    except pa.ArrowException as error:
        raise BadAvro("a block is damaged: Snappy cannot decompress it") from error
    if zlib.crc32(ready) != int.from_bytes(data[-4:], "big"):
        raise BadAvro("a block does not fit its checksum")
    return ready


_CODECS: dict[str, Callable[[bytes, int], bytes]] = {
    "null": _keep,
    "deflate": lambda data, limit: _inflate(zlib.decompressobj(-15), data, limit),
    "bzip2": lambda data, limit: _inflate(bz2.BZ2Decompressor(), data, limit),
    "xz": lambda data, limit: _inflate(lzma.LZMADecompressor(memlimit=_WINDOW + (1 << 24)), data, limit),
    "zstandard": _inflate_zstandard,
    "snappy": _inflate_snappy,
}
"""Decompressor of a block by the name of its codec."""
