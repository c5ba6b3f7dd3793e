"""Read a growing text in pieces: return the complete records of each piece, and where the next record begins.

The pieces give the same records, with the same numbers, as the whole text, wherever it is divided.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Literal

from seawall.events.batches import EventBatch, RecordBuffer, drain, flush, gather
from seawall.events.event_table import empty_events
from seawall.events.failures import file_failure, note_failure
from seawall.events.formats.containers import is_container
from seawall.events.formats.csv_records import SHORT_REACH, is_preamble, row_records, table_header
from seawall.events.formats.json_records import is_line_delimited, line_records
from seawall.events.formats.json_values import NotJson, TooDeep, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.many_lines import batches_of_lines
from seawall.events.formats.record_numbers import RecordNumbers
from seawall.events.formats.text_lines import encoding_of, lines
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem

Taken = tuple[Any, list[Problem], int]
Shape = Literal["lines", "table", "whole"]
"""JSON lines and delimited tables can be read while they grow; any other text only as a whole."""


@dataclass(frozen=True, slots=True)
class ReadPosition:
    """Hold how far a text has been read.

    `offset` is in bytes; `number` is that of the next record. For a table, `header` holds the column names once known;
    `is_started` says that the header has been passed; `reach` limits the search for the end of a quote. `is_dropping` means
    that the offset lies within a line beyond the limit.
    """

    shape: Shape
    offset: int = 0
    number: int = 1
    header: tuple[str, ...] = ()
    delimiter: str = ""
    is_started: bool = False
    reach: int = 0
    is_dropping: bool = False


def first_place(head: bytes, limits: Limits, *, is_settled: bool) -> ReadPosition | None:
    """Return where to begin in a text with this beginning, or None while its form is still unclear.

    An unfinished text is read while it grows only if its first line shows its form. `is_settled` says that the text stopped
    growing for long enough to be judged as it is.
    """
    try:
        return _first_place(head, limits, is_settled=is_settled)
    except Exception as error:  # noqa: BLE001 - reading it as a whole catches failures again
        note_failure(error)
        return ReadPosition("whole")


def _first_place(head: bytes, limits: Limits, *, is_settled: bool) -> ReadPosition | None:
    if is_container(head):
        return ReadPosition("whole")
    encoding, skip = encoding_of(head)
    if encoding != "utf-8":
        return ReadPosition("whole") if len(head) >= 4 or is_settled else None
    text = head[skip:]
    complete = text if is_settled else text[: text.rfind(b"\n") + 1]
    rows = [row for row in complete.split(b"\n") if row.strip()]
    if rows and is_line_delimited(rows[0], limits.depth):
        return ReadPosition("lines", skip)
    start = text.lstrip(b" \t\r\n\0")[:1]
    if rows and start not in (b"{", b"[") and not (is_preamble(rows[0]) and len(rows) < 2):
        header = table_header(complete)
        if header is not None:
            return ReadPosition("table", skip, header=tuple(header[0]), delimiter=header[1])
    if not is_settled:
        return None
    return ReadPosition("lines", skip) if is_line_delimited(text, limits.depth) else ReadPosition("whole")


def is_complete(line: bytes, limits: Limits) -> bool:
    """Return whether a last line without line feed is a complete JSON document."""
    try:
        return isinstance(parse(line, limits.depth), dict | list)
    except (NotJson, TooDeep):
        return False


def read_piece(
    data: bytes, place: ReadPosition, name: str, limits: Limits, *, is_end: bool = False
) -> tuple[list[EventBatch], ReadPosition]:
    """Read the complete records in the bytes after `place.offset`; return batches, and the position after them.

    If nothing is complete, the position is unchanged and more bytes are needed. `is_end` says that no bytes will follow, so
    that the rest is read as it is. Memory is a small multiple of the bytes.
    """
    read = _read_lines if place.shape == "lines" else _read_table
    try:
        found, after = read(data, place, name, limits, is_end=is_end)
    except Exception as error:  # noqa: BLE001 - skip the piece, because it would fail again each time
        found = [(empty_events(), [file_failure(name, error)], 0)]
        after = replace(place, offset=place.offset + len(data))
    batches = [EventBatch(events, tuple(problems), records, 0) for events, problems, records in found]
    if batches:
        batches[-1] = replace(batches[-1], bytes_read=after.offset - place.offset)
    return batches, after


def _read_lines(
    data: bytes, place: ReadPosition, name: str, limits: Limits, *, is_end: bool
) -> tuple[list[Taken], ReadPosition]:
    end = len(data) if is_end else data.rfind(b"\n") + 1
    is_dropping = not is_end and (len(data) - end > limits.record_bytes or (place.is_dropping and not end))
    consumed = len(data) if is_dropping else end
    after = replace(place, offset=place.offset + consumed, is_dropping=is_dropping)
    if not end and not (is_end and place.is_dropping):
        return [], after
    numbers = RecordNumbers(place.number)
    whole = data if end == len(data) else data[:end]
    try:
        found = list(batches_of_lines(whole, name, limits, numbers, is_dropping=place.is_dropping))
    except Exception as error:  # noqa: BLE001 - read line by line instead, where failures cost one record
        note_failure(error)
        numbers = RecordNumbers(place.number)
        found = list(_one_by_one(whole, name, limits, numbers, is_dropping=place.is_dropping))
    return found, replace(after, number=next(numbers))


def _one_by_one(
    data: bytes, name: str, limits: Limits, numbers: Iterator[int], *, is_dropping: bool
) -> Iterator[Taken]:
    """Yield batches of complete lines, as `batches_of_lines` does, but read each line alone."""
    rows = RecordBuffer(name, limits)
    for line in lines(io.BytesIO(data), limits.record_bytes):
        if line is None or is_dropping:
            reason = f"one record larger than {limits.record_bytes} bytes"
            rows.add(record_problem(name, next(numbers), "too-large", reason))
            is_dropping = False
        elif line.strip():
            yield from gather(rows, line_records(line, name, numbers, limits))
    yield from flush(rows)


def _read_table(
    data: bytes, place: ReadPosition, name: str, limits: Limits, *, is_end: bool
) -> tuple[list[Taken], ReadPosition]:
    physical, is_dropping = _physical(data, place, limits.record_bytes, is_end=is_end)
    rows, used, reach = _rows(physical, place.reach or limits.record_bytes, is_end=is_end or is_dropping)
    end = physical[used - 1][1] if used else 0
    is_dropping &= used == len(physical)
    consumed = len(data) if is_dropping else end
    after = replace(place, offset=place.offset + consumed, reach=reach, is_dropping=is_dropping)
    if not rows:
        return [], after
    numbers = count(place.number)
    table = (place.header, place.delimiter)
    records = row_records(rows, name, limits, table, numbers, is_started=place.is_started)
    found = list(drain(RecordBuffer(name, limits), records))
    is_started = place.is_started or any(row is not None and not is_preamble(row) for row in rows)
    return found, replace(after, number=next(numbers), is_started=is_started)


def _physical(
    data: bytes, place: ReadPosition, limit: int, *, is_end: bool
) -> tuple[list[tuple[bytes | None, int]], bool]:
    """Return the complete lines with the offset after each, and whether the rest belongs to a line beyond the limit.

    None stands for a line beyond the limit.
    """
    parts = data.split(b"\n")
    rest = parts.pop()
    found: list[tuple[bytes | None, int]] = []
    end, is_dropping = 0, place.is_dropping
    for part in parts:
        end += len(part) + 1
        found.append((None if is_dropping or len(part) > limit else part, end))
        is_dropping = False
    is_dropping |= len(rest) > limit
    if is_end and (rest or is_dropping):
        found.append((None if is_dropping else rest, len(data)))
        is_dropping = False
    return found, is_dropping


def _rows(
    physical: list[tuple[bytes | None, int]], reach: int, *, is_end: bool
) -> tuple[list[bytes | None], int, int]:
    """Join lines while a quote is open, as `csv_records` does; return rows, the number of lines used, and the new reach.

    Stops before a row whose quote may be closed by later bytes.
    """
    rows: list[bytes | None] = []
    at = 0
    while at < len(physical):
        line = physical[at][0]
        if line is None or line.count(b'"') % 2 == 0:
            if line is None or line.strip():
                rows.append(line and line.rstrip(b"\r"))
            at += 1
            continue
        last, size, is_open = at, len(line), True
        while is_open and size <= reach and last + 1 < len(physical):
            more = physical[last + 1][0]
            if more is None:
                break
            last += 1
            size += len(more) + 1
            is_open = more.count(b'"') % 2 == 0
        if not is_open:
            joined = [text or b"" for text, _ in physical[at : last + 1]]
            rows.append(b"\n".join(joined).rstrip(b"\r"))
            at = last + 1
            continue
        if size <= reach and last + 1 == len(physical) and not is_end:
            break
        rows.append(line.rstrip(b"\r"))
        reach = min(reach, SHORT_REACH)
        at += 1
    return rows, at, reach
