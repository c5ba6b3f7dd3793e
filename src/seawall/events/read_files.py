"""Read files into batches of events: find files, detect formats, parse, count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from seawall.events.batches import EventBatch, RecordBuffer, Taken, flush, gather
from seawall.events.event_table import empty_events
from seawall.events.failures import file_failure
from seawall.events.formats.bounded import BoundedStream
from seawall.events.formats.column_reader import ColumnReader
from seawall.events.formats.containers import open_members
from seawall.events.formats.csv_records import csv_records, separate_rows, table_header
from seawall.events.formats.empty_tables import is_foreign_header
from seawall.events.formats.enclosed_records import find_enclosed_format, read_enclosed_batches
from seawall.events.formats.files import name_of, total_bytes, walk
from seawall.events.formats.json_records import HEAD, SplitterMaker, is_line_delimited, json_records
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_formats import find_document_format, find_line_format, find_table_format
from seawall.events.formats.line_prefixes import WithoutPrefixes, has_line_prefixes
from seawall.events.formats.lost_values import find_lost_values, has_lost_values
from seawall.events.formats.many_lines import ManyLines
from seawall.events.formats.mixed_formats import ColumnReaders
from seawall.events.formats.row_reader import quick
from seawall.events.formats.table_batches import read_rows
from seawall.events.formats.text_lines import Utf8Stream
from seawall.events.masked_excerpts import file_problem
from seawall.events.microsoft import m365_columns as m365_audit
from seawall.events.microsoft.m365_embedded import (
    has_embedded_column,
    has_embedded_records,
    read_embedded_batches,
    read_table_batches,
)
from seawall.events.problem import Problem
from seawall_base.regular_files import open_file


def read(paths: Sequence[Path], limits: Limits = Limits()) -> Iterator[EventBatch]:  # noqa: B008
    """Yield every record under the paths, in batches. Never raises for content; problems report what was not read.

    Files and folders are read recursively, in a stable order. The format is detected from the content.
    """
    reading = _Reading(limits, total_bytes(paths))
    for found in walk(paths):
        if isinstance(found, Problem):
            yield from reading.refuse(found)
        else:
            yield from reading.file(found)
    yield from reading.rest()


def read_opened(raw: BinaryIO, path: Path, limits: Limits, name: str | None = None) -> Iterator[EventBatch]:
    """Yield every record of an open file from its start. `name` identifies the file in events; default is the path."""
    reading = _Reading(limits, path_size(path))
    yield from reading.read_open_file(raw, path, name_of(path) if name is None else name)
    yield from reading.rest()


def path_size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it no longer exists."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


class _Reading:
    """Read files one after the other. Small files share a batch, because most of a batch's cost is fixed.

    `rows` holds the records that are in no batch yet. A failure costs the rest of its file or archive member.
    """

    def __init__(self, limits: Limits, size: int) -> None:
        self.rows = RecordBuffer("", limits)
        self._limits = limits
        self._is_large = size >= limits.fast_bytes
        self._columns = ColumnReaders(limits)
        self._lines = ManyLines(self.rows, limits, self._columns)
        self._done = self._reported = 0

    def refuse(self, problem: Problem) -> Iterator[EventBatch]:
        """Note a problem behind the records before it."""
        yield from self._batches(self._finish_lines())
        self.rows.add(problem)

    def file(self, path: Path) -> Iterator[EventBatch]:
        """Yield batches with the records of one file. A file that cannot be opened becomes a problem."""
        name = name_of(path)
        try:
            raw = open_file(path)
        except OSError as error:
            yield from self.refuse(file_problem(name, "unreadable", error.strerror or str(error)))
            return
        with raw:
            yield from self.read_open_file(raw, path, name)

    def read_open_file(self, raw: BinaryIO, path: Path, name: str) -> Iterator[EventBatch]:
        """Yield batches with the records of an open file."""
        try:
            for taken in self._members(raw, name):
                yield self._batch(taken, min(raw.tell(), path_size(path)))
        except Exception as error:  # noqa: BLE001 - the net
            yield from self.refuse(file_failure(name, error))
        self._done += path_size(path)

    def rest(self) -> Iterator[EventBatch]:
        """Yield the last batch when all files are read."""
        yield from self._batches(chain(self._finish_lines(), flush(self.rows)))
        if self._done > self._reported:
            yield self._batch((empty_events(), [], 0), 0)

    def _batches(self, found: Iterator[Taken]) -> Iterator[EventBatch]:
        for taken in found:
            yield self._batch(taken, 0)

    def _batch(self, taken: Taken, position: int) -> EventBatch:
        events, problems, records = taken
        at = max(self._done + position, self._reported)
        passed, self._reported = at - self._reported, at
        return EventBatch(events, tuple(problems), records, passed)

    def _members(self, raw: BinaryIO, name: str) -> Iterator[Taken]:
        for member in open_members(raw, name, self._limits):
            if isinstance(member, Problem):
                yield from self._finish_lines()
                self.rows.add(member)
                continue
            stream = member.stream
            try:
                yield from self._text(stream)
            except Exception as error:  # noqa: BLE001 - the net
                yield from self._finish_lines()
                self.rows.add(file_failure(stream.name, error))
            if stream.problem is not None:
                # A batch sorts problems by line. This one has none, and ended the stream: it follows the records before it.
                yield from self._finish_lines()
                yield from flush(self.rows)
                self.rows.add(stream.problem)
            if self.rows.is_full:
                yield self.rows.take()

    def _text(self, stream: BoundedStream) -> Iterator[Taken]:
        limits, rows = self._limits, self.rows
        text, head = open_text(stream)
        lost = (
            find_lost_values(stream.name, head, find_header(head, limits)) if has_lost_values(head) else None
        )
        if lost is not None:
            yield from self._finish_lines()
            rows.add(lost)
        is_document, form = _survey(head, limits) if self._is_large else (False, None)
        lines = self._lines
        if self._columns.find(form) is not None:
            yield from (lines.read_document if is_document else lines.read)(text, stream.name, form)
            return
        if lines.is_waiting and _may_wait(head, limits):
            yield from lines.read_document(text, stream.name, None)
            return
        yield from self._finish_lines()
        header = find_header(head, limits)
        if header is not None and has_embedded_column(header[0], head, limits):
            columns = self._find_columns(m365_audit.NAME)
            if columns is not None:
                yield from flush(rows)
                table = separate_rows(text, limits)
                yield from read_table_batches(table, header, stream.name, limits, columns)
                return
        columns = self._find_columns(find_table_format(head, header, limits) if self._is_large else None)
        if header is not None and columns is not None:
            yield from flush(rows)
            yield from read_rows(separate_rows(text, limits), header, stream.name, limits, columns)
            return
        split = self._columns.split if self._is_large else None
        found, has_embedded = _records(text, head, stream.name, limits, header, split)
        columns = self._find_columns(m365_audit.NAME) if found is not None and has_embedded else None
        enclosed = None
        if found is not None and columns is None and header is None and self._is_large:
            enclosed = self._find_columns(find_enclosed_format(head, limits))
        if found is not None and columns is not None:
            yield from flush(rows)
            yield from read_embedded_batches(found, stream.name, limits, columns)
        elif found is not None and enclosed is not None:
            yield from flush(rows)
            yield from read_enclosed_batches(found, stream.name, limits, enclosed)
        elif found is not None:
            rows.begin(stream.name)
            yield from gather(rows, found)
        elif stream.problem is None:
            reason = "empty" if not head.strip(b" \t\r\n\0") else "neither JSON nor a table of a log"
            rows.add(file_problem(stream.name, "not-a-log", reason))

    def _finish_lines(self) -> Iterator[Taken]:
        """Bring lines that wait to be read together into the rows."""
        yield from self._lines.finish()

    def _find_columns(self, form: str | None) -> ColumnReader | None:
        """Return the reader of a format by column, if the input is large and compiled code is installed."""
        return self._columns.find(form) if self._is_large else None


def open_text(stream: BoundedStream) -> tuple[Utf8Stream, bytes]:
    """Return a stream as UTF-8 without prefixes of lines, and its beginning."""
    text = Utf8Stream(stream, stream.peek(1024))
    head = text.peek(HEAD)
    if not has_line_prefixes(head):
        return text, head
    text = Utf8Stream(WithoutPrefixes(text), b"")
    return text, text.peek(HEAD)


def _may_wait(head: bytes, limits: Limits) -> bool:
    """Return whether a text of no known format is small and can wait among others: to take these in small blocks is dear."""
    return len(head) < HEAD and looks_like_json(head, limits) and not has_embedded_records(head, limits)


def _survey(head: bytes, limits: Limits) -> tuple[bool, str | None]:
    """Return whether a text with this beginning is one JSON document, and the format that compiled code reads in it.

    A single line may be one: the records of an array or page are the same on a line and in a document.
    """
    is_document = b"\n" not in head.strip() or not is_line_delimited(head, limits.depth)
    if not is_document:
        return False, find_line_format(head, limits.depth)
    return True, find_document_format(head, limits.depth) if looks_like_json(head, limits) else None


def find_header(head: bytes, limits: Limits) -> tuple[list[str], str] | None:
    """Return column names and delimiter of a text with this beginning, if it is a table of a log."""
    header = None if looks_like_json(head, limits) else table_header(head)
    return None if header is None or is_foreign_header(head) else header


def _records(
    text: Utf8Stream,
    head: bytes,
    name: str,
    limits: Limits,
    header: tuple[list[str], str] | None,
    split: SplitterMaker | None,
) -> tuple[Iterator[Any] | None, bool]:
    """Return the records of a text with this beginning (None for no log), and whether these embed audit records."""
    if looks_like_json(head, limits):
        has_embedded = has_embedded_records(head, limits)
        way = None if has_embedded else quick
        return json_records(text, name, limits, way, split=split), has_embedded
    return None if header is None else csv_records(text, name, limits, header), False


def looks_like_json(head: bytes, limits: Limits) -> bool:
    """Return whether a text with this beginning is JSON, possibly damaged."""
    start = head.lstrip(b" \t\r\n\0")[:2]
    if start[:1] == b"{":
        return head.lstrip(b" \t\r\n\0{")[:1] in (b'"', b"}", b"") or is_line_delimited(head, limits.depth)
    if start[:1] == b"[":
        return head.lstrip(b" \t\r\n\0[")[:1] in (b"{", b"]", b"", b'"') or is_line_delimited(
            head, limits.depth
        )
    return is_line_delimited(head, limits.depth)
