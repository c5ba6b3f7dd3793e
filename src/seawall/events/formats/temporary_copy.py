"""Read large audit logs that are no plain file (compressed, UTF-16) in blocks through a temporary file.

DuckDB reads files only. A block of lines is written to a temporary file, read column by column and deleted. So the disk
holds one block at a time, whatever the size of the stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from tempfile import NamedTemporaryFile
from typing import IO, Any, BinaryIO, cast

from seawall.events.batches import RecordBuffer, drain
from seawall.events.formats.json_records import HEAD, line_records
from seawall.events.formats.limits import Limits
from seawall.events.formats.text_lines import CHUNK, Utf8Stream, lines
from seawall.events.masked_excerpts import record_problem
from seawall.events.microsoft.m365_bulk_duckdb import audit_batches, is_audit_head, survey
from seawall.events.problem import Problem

_BLOCK = 48 << 20


def is_worth_spooling(head: bytes, limits: Limits) -> bool:
    """Return whether a stream with this beginning has audit records on lines, and enough of them."""
    return len(head) >= min(HEAD, limits.fast_bytes) and is_audit_head(head, limits)


def spool_batches(text: Utf8Stream, name: str, limits: Limits) -> Iterator[tuple[Any, list[Problem], int]]:
    """Yield the batches of a stream of lines, as `audit_batches` does for a file with the same text."""
    rest, is_end, number = b"", False, 1
    while not is_end:
        with NamedTemporaryFile(prefix="seawall-") as spool:
            rest, is_end = _fill(spool, text, rest, limits)
            size = spool.tell()
            for taken in _block(spool, name, limits, size, number):
                number += taken[2]
                yield taken


def _fill(spool: IO[bytes], text: Utf8Stream, rest: bytes, limits: Limits) -> tuple[bytes, bool]:
    """Write complete lines up to about one block; return the rest of the last chunk, and whether the stream has ended."""
    spool.write(rest)
    written = len(rest)
    while chunk := text.read(CHUNK):
        cut = chunk.rfind(b"\n") + 1
        # Cut an endless line once it exceeds every limit, so that it cannot fill the disk.
        if written >= _BLOCK and (cut or written >= _BLOCK + 2 * limits.record_bytes):
            spool.write(chunk[:cut])
            spool.flush()
            return chunk[cut:], False
        spool.write(chunk)
        written += len(chunk)
    spool.flush()
    return b"", True


def _block(
    spool: IO[bytes], name: str, limits: Limits, size: int, number: int
) -> Iterator[tuple[Any, list[Problem], int]]:
    if size == 0:
        return
    spool.seek(0)
    surveyed = survey(cast(BinaryIO, spool), spool.read(HEAD), size, limits)
    if surveyed is not None:
        yield from audit_batches(cast(BinaryIO, spool), name, limits, surveyed, count(number))
        return
    spool.seek(0)
    yield from drain(RecordBuffer(name, limits), _one_by_one(spool, name, limits, number))


def _one_by_one(spool: IO[bytes], name: str, limits: Limits, number: int) -> Iterator[Any]:
    numbers = count(number)
    for line in lines(spool, limits.record_bytes):
        if line is None:
            yield record_problem(name, next(numbers), "too-large", f"larger than {limits.record_bytes} bytes")
        elif line.strip():
            yield from line_records(line, name, numbers, limits)
