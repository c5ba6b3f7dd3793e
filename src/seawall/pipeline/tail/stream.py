"""Read a stream that cannot be read twice, such as standard input: lines and tables as they arrive, other formats at its
end.

There is no checkpoint, because data from a pipe cannot be requested again. After a crash the sender must repeat everything
that was not stored; repeated records are recognised as duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO, Protocol, cast

from seawall.events.event_table import empty_events
from seawall.events.formats.growing_text import ReadPosition, first_place, read_piece
from seawall.events.formats.json_records import HEAD
from seawall.events.masked_excerpts import file_problem
from seawall.events.read_files import read_opened
from seawall.events.readers import EventBatch, Limits
from seawall.pipeline.tail.delivery import TailDelivery

CHUNK = 1 << 20


class ReadableStream(Protocol):
    """The part of a binary stream that reading needs."""

    def read1(self, size: int, /) -> bytes:
        """Return at most `size` bytes as soon as some arrive, b"" at the end."""
        ...


def stream_deliveries(stream: ReadableStream, name: str, limits: Limits = Limits()) -> Iterator[TailDelivery]:  # noqa: B008
    """Yield every record of the stream soon after the end of its line. Never raises for its content.

    `name` is the source file of its events and problems.
    """
    head, place, is_end = b"", None, False
    while place is None and not is_end:
        chunk = stream.read1(CHUNK)
        head, is_end = head + chunk, not chunk
        place = first_place(head[:HEAD], limits, is_settled=is_end or len(head) >= HEAD)
    if not head:
        return
    if place is None or place.shape == "whole":
        yield from _read_whole(stream, head, name, limits)
    else:
        yield from _growing(stream, head[place.offset :], place, name, limits)


def _growing(
    stream: ReadableStream, data: bytes, place: ReadPosition, name: str, limits: Limits
) -> Iterator[TailDelivery]:
    is_end = False
    awaited = 0
    while True:
        before = place.offset
        if is_end or len(data) >= awaited or b"\n" in data[-CHUNK:]:
            batches, place = read_piece(data, place, name, limits, is_end=is_end)
            data = data[place.offset - before :]
            awaited = 2 * len(data)
            if batches:
                yield TailDelivery(tuple(batches))
        if is_end:
            return
        chunk = stream.read1(CHUNK)
        data, is_end = data + chunk, not chunk


def _read_whole(stream: ReadableStream, head: bytes, name: str, limits: Limits) -> Iterator[TailDelivery]:
    """Read through a temporary file, which may become as large as the largest member of an archive."""
    with NamedTemporaryFile(prefix="seawall-") as spool:
        if not _spool(stream, head, spool, limits):
            problem = file_problem(name, "bomb", f"a stream of more than {limits.member_bytes} bytes")
            yield TailDelivery((EventBatch(empty_events(), (problem,), 0, 0),))
            return
        spool.seek(0)
        for batch in read_opened(cast(BinaryIO, spool), Path(spool.name), limits, name):
            yield TailDelivery((batch,))


def _spool(stream: ReadableStream, head: bytes, spool: IO[bytes], limits: Limits) -> bool:
    """Write all of a stream to a file; return False if it is too long."""
    written, chunk = 0, head
    while chunk:
        written += spool.write(chunk)
        if written > limits.member_bytes:
            return False
        chunk = stream.read1(CHUNK)
    spool.flush()
    return True
