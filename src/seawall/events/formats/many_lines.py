"""Read many lines in memory at once: common audit logs column by column, other records one by one."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from seawall.events.batches import RecordBuffer
from seawall.events.failures import note_failure
from seawall.events.formats.json_records import Record, line_records, read_quickly
from seawall.events.formats.json_values import parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.row_reader import QuickRow, quick
from seawall.events.masked_excerpts import record_problem
from seawall.events.microsoft.m365_bulk_lines import AuditLines
from seawall.events.problem import Problem

Taken = tuple[Any, list[Problem], int]

_BLOCK = 1 << 20
"""Bytes of lines that fit a processor's cache together with the columns made from them."""
_FIRST = 48 << 10
"""Bytes of lines from which the layout of the others is learnt."""
_WORTH = 8 * _FIRST
"""Least bytes for which this learning pays."""

_OPENS = ord("{")
_CAPITAL = ord("[") ^ ord("{")
"""The bit in which the two opening brackets differ."""


def batches_of_lines(
    data: bytes, name: str, limits: Limits, numbers: Iterator[int], *, is_dropping: bool = False
) -> Iterator[Taken]:
    """Yield batches of the records of complete lines, as `line_records` would read them.

    `is_dropping` says that the first line is the end of one beyond the limit.
    """
    reader = ManyLines(name, limits, numbers, len(data))
    yield from reader.batches(data, is_dropping=is_dropping)
    yield from reader.rest()


class ManyLines:
    """Read texts of complete lines into common batches. `size` is their total in bytes; `numbers` numbers the records."""

    def __init__(self, name: str, limits: Limits, numbers: Iterator[int], size: int) -> None:
        self._name, self._limits, self._numbers = name, limits, numbers
        self._rows = RecordBuffer(name, limits)
        self._source = AuditLines()
        self._learns_at = _FIRST if size >= _WORTH else sys.maxsize
        self._read = self._held = self._typed = self._good = 0
        self._records: list[Any] = []
        self._places: list[int] = []
        self._lines: list[bytes] = []

    def batches(self, data: bytes, *, is_dropping: bool = False) -> Iterator[Taken]:
        """Add the records of a text; yield the batches that are full."""
        most = self._limits.record_bytes
        for block in _blocks(data, self._read < self._learns_at < sys.maxsize):
            lines: list[bytes | None] = block.split(b"\n")  # type: ignore[assignment]
            if lines[-1] == b"" and len(lines) > 1:
                lines.pop()
            is_simple = _simple(block, lines, self._limits.depth) if self._source.decode else None
            if is_dropping:
                lines[0], is_dropping = None, False
            if len(block) > most:
                lines = [line if line is None or len(line) <= most else None for line in lines]
            yield from self._block(lines, is_simple)
            self._read += len(block)
            if self._held >= _BLOCK // 2 or (self._read >= self._learns_at and not self._source.decode):
                self._take()
                if self._learns_at < sys.maxsize:
                    self._source.renew()
            if self._rows.is_full:
                yield self._rows.take()

    def rest(self) -> Iterator[Taken]:
        """Yield the batch of the remaining records, if any."""
        self._take()
        if not self._rows.is_empty:
            yield self._rows.take()

    def _block(self, lines: list[bytes | None], is_simple: list[bool] | None) -> Iterator[Taken]:
        decode, numbers = self._source.decode, self._numbers
        for line, simple in zip(lines, is_simple or repeat(False)):  # noqa: B905 - without end
            if simple and line and decode is not None:
                try:
                    record = decode(line)
                except (msgspec.DecodeError, RecursionError):
                    pass
                else:
                    self._records.append(record)
                    self._places.append(next(numbers))
                    self._lines.append(line)
                    self._held += len(line)
                    continue
            for found in self._find(line):
                self._rows.add(found)
                if self._rows.is_full:
                    self._take()
                    yield self._rows.take()

    def _find(self, line: bytes | None) -> Iterator[Record | QuickRow | Problem]:
        if line is None:
            reason = f"one record larger than {self._limits.record_bytes} bytes"
            yield record_problem(self._name, next(self._numbers), "too-large", reason)
        elif line and not line.isspace():
            row = read_quickly(quick, line, self._numbers, self._limits)
            if row is not None:
                yield row
                return
            for found in line_records(line, self._name, self._numbers, self._limits):
                if not isinstance(found, Problem):
                    self._source.learn(found[1])
                yield found

    def _take(self) -> None:
        """Convert typed records into columns; read those that do not fit one by one."""
        if not self._records:
            return
        raw, is_good = self._columns()
        numbers = np.array(self._places, np.int64)
        self._typed += len(is_good)
        self._good += int(np.count_nonzero(is_good))
        if 2 * self._good < self._typed:
            # Most would be read twice, so the general way alone is cheaper.
            self._source.decode, self._learns_at = None, sys.maxsize
        if not is_good.all():
            for place in np.flatnonzero(~is_good).tolist():
                self._rows.add((self._places[place], parse(self._lines[place], self._limits.depth)))
            numbers = numbers[is_good]
            raw = raw.filter(pa.array(is_good)) if len(numbers) else raw
        if len(numbers):
            self._rows.add_table(self._source.NAME, raw, numbers, self._held)
        self._records, self._places, self._lines, self._held = [], [], [], 0

    def _columns(self) -> tuple[Any, Any]:
        """Return raw columns of typed records, and which records fit them; none after a failure."""
        try:
            return self._source.columns(self._records)
        except Exception as error:  # noqa: BLE001 - the general way reads them, and catches failures for each
            note_failure(error)
            self._good, self._typed = 0, self._typed + 1
            return pa.table({}), np.zeros(len(self._records), np.bool_)


def _blocks(data: bytes, is_first: bool) -> Iterator[bytes]:
    """Yield blocks of complete lines."""
    start = 0
    while start < len(data) or start == 0:
        reach = start + (_FIRST if is_first else _BLOCK)
        end = data.rfind(b"\n", start, reach) + 1
        if end <= start:
            end = data.find(b"\n", reach) + 1 or len(data)
        yield data[start:end]
        start, is_first = max(end, 1), False


def _simple(block: bytes, lines: Sequence[bytes | None], depth: int) -> list[bool]:
    """Return for each line whether it is UTF-8 and opens too few brackets to be nested too deep."""
    letters = np.frombuffer(block, np.uint8)
    opened = np.flatnonzero((letters | _CAPITAL) == _OPENS)
    ends = np.cumsum([len(line or b"") + 1 for line in lines])
    counts = np.diff(np.searchsorted(opened, ends), prepend=0)
    simple: list[bool] = (counts <= depth).tolist()
    if block.isascii():
        return simple
    return [is_simple and _is_text(line or b"") for line, is_simple in zip(lines, simple, strict=True)]


def _is_text(line: bytes) -> bool:
    if line.isascii():
        return True
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
