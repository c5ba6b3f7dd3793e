"""Read single lines of a file that is otherwise read column by column: lines that are not plainly audit records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, BinaryIO

from seawall.events.formats.json_records import Record, line_records
from seawall.events.formats.limits import Limits
from seawall.events.formats.text_lines import lines
from seawall.events.masked_excerpts import record_problem
from seawall.events.problem import Problem


class LineReader:
    """Return single lines of the file by their number among non-blank lines, forwards only."""

    def __init__(self, raw: BinaryIO, name: str, limits: Limits, numbers: Iterator[int]) -> None:
        self.name = name
        self.limits = limits
        self.next_number = next(numbers)
        self._lines = (line for line in lines(raw, limits.record_bytes) if line is None or line.strip())
        self.at = 0

    def records_of(self, ordinal: int, number: int) -> list[Any]:
        """Return the records of the line with this number, counted from 0. The first record gets `number`."""
        for line in self._lines:
            self.at += 1
            if self.at > ordinal:
                return self.of(line, count(number))
        return [record_problem(self.name, number, "unreadable", "the file changed while it was read")]

    def rest(self, ordinal: int) -> Iterator[Any]:
        """Yield the records of every line from this number on, counted from 0."""
        numbers = count(self.next_number)
        for line in self._lines:
            self.at += 1
            if self.at > ordinal:
                yield from self.of(line, numbers)

    def of(self, line: bytes | None, numbers: Iterator[int]) -> list[Any]:
        """Return the records of one line; the first gets the next number."""
        if line is None:
            reason = f"one record larger than {self.limits.record_bytes} bytes"
            return [record_problem(self.name, next(numbers), "too-large", reason)]
        return list(line_records(line, self.name, numbers, self.limits))


class EmbeddedReader(LineReader):
    """Read a file whose lines are the `AuditData` of one record each.

    `others` are records and problems without a suitable `AuditData`, by the number of the line that stands for them,
    counted from 0.
    """

    def __init__(
        self,
        raw: BinaryIO,
        name: str,
        limits: Limits,
        numbers: Iterator[int],
        others: Mapping[int, Record | Problem],
    ) -> None:
        super().__init__(raw, name, limits, numbers)
        self._others = others

    def of(self, line: bytes | None, numbers: Iterator[int]) -> list[Any]:
        """Return the record of one line."""
        number = next(numbers)
        found = self._others.get(self.at - 1)
        return [(number, {"AuditData": (line or b"").decode()}) if found is None else found]
