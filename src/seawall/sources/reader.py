"""From paths to batches: walk, open, tell the shape, read, count."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, cast

from seawall.schema.problems import Problem
from seawall.sources.assemble import empty_events
from seawall.sources.batches import EventBatch, Rows, drain
from seawall.sources.containers import BoundedStream, Opened, open_members
from seawall.sources.csv_records import csv_records, table_header
from seawall.sources.duck import audit_batches, survey
from seawall.sources.embedded import embedded_batches, has_embedded_column, has_embedded_lines
from seawall.sources.empty_tables import is_foreign_header
from seawall.sources.excerpts import file_problem
from seawall.sources.files import name_of, walk
from seawall.sources.json_records import HEAD, is_line_delimited, json_records
from seawall.sources.limits import Limits
from seawall.sources.lines import Utf8Stream
from seawall.sources.quick_rows import quick
from seawall.sources.spool import is_worth_spooling, spooled_batches

Taken = tuple[Any, list[Problem], int]


def read(paths: Sequence[Path], limits: Limits = Limits()) -> Iterator[EventBatch]:  # noqa: B008
    """Every record under the paths, in batches. Never raises for what is in the files; problems say what
    was not read.

    Files and folders are read recursively and in a stable order; what a file is, is told from its content.
    """
    for found in walk(paths):
        if isinstance(found, Problem):
            yield EventBatch(empty_events(), (found,), 0, 0)
        else:
            yield from read_file(found, limits)


def read_file(path: Path, limits: Limits) -> Iterator[EventBatch]:
    """Every record of one file; a file that cannot be opened is a problem."""
    name = name_of(path)
    try:
        raw = path.open("rb")
    except OSError as error:
        problem = file_problem(name, "unreadable", error.strerror or str(error))
        yield EventBatch(empty_events(), (problem,), 0, 0)
        return
    with raw:
        yield from read_opened(cast(BinaryIO, raw), path, limits)


def read_opened(raw: BinaryIO, path: Path, limits: Limits, name: str | None = None) -> Iterator[EventBatch]:
    """Every record of an open file that lies at the path, from its start. They are filed under the name, which
    is that of the path unless there is another."""
    reported = 0
    for events, problems, records in _read_raw(raw, name_of(path) if name is None else name, limits):
        at = min(raw.tell(), path_size(path))
        yield EventBatch(events, tuple(problems), records, max(at - reported, 0))
        reported = max(at, reported)
    rest = path_size(path) - reported
    if rest > 0:
        yield EventBatch(empty_events(), (), 0, rest)


def path_size(path: Path) -> int:
    """Bytes of a file on disk; 0 when it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _read_raw(raw: BinaryIO, name: str, limits: Limits) -> Iterator[Taken]:
    for member in open_members(raw, name, limits):
        if isinstance(member, Problem):
            yield empty_events(), [member], 0
        else:
            yield from _read_member(member, limits, raw)


def _read_member(member: Opened, limits: Limits, raw: BinaryIO) -> Iterator[Taken]:
    stream = member.stream
    plain = raw if member.is_plain_file else None
    yield from _read_text(stream, limits, plain, os.fstat(raw.fileno()).st_size if plain else 0)
    if stream.problem is not None:
        yield empty_events(), [stream.problem], 0


def _read_text(stream: BoundedStream, limits: Limits, plain: BinaryIO | None, size: int) -> Iterator[Taken]:
    text = Utf8Stream(stream, stream.peek(1024))
    head = text.peek(HEAD)
    rows = Rows(stream.name, limits)
    if plain is not None and size >= limits.fast_bytes and not text.is_changed:
        surveyed = survey(plain, head, size, limits)
        if surveyed is not None:
            yield from audit_batches(plain, stream.name, limits, surveyed, count(1))
            return
        plain.seek(stream.taken)
    elif is_worth_spooling(head, limits) and (plain is None or text.is_changed):
        yield from spooled_batches(text, stream.name, limits)
        return
    if looks_like_json(head, limits):
        if has_embedded_lines(head, limits):
            yield from embedded_batches(json_records(text, stream.name, limits), stream.name, limits)
        else:
            yield from drain(rows, json_records(text, stream.name, limits, quick))
        return
    header = table_header(head)
    if header is not None and not is_foreign_header(head):
        records = csv_records(text, stream.name, limits, header)
        if has_embedded_column(header[0], head, limits):
            yield from embedded_batches(records, stream.name, limits)
        else:
            yield from drain(rows, records)
        return
    if stream.problem is None:
        reason = "empty" if not head.strip(b" \t\r\n\0") else "neither JSON nor a table of a log"
        yield empty_events(), [file_problem(stream.name, "not-a-log", reason)], 0


def looks_like_json(head: bytes, limits: Limits) -> bool:
    """Whether text that starts like this is JSON, perhaps with damage."""
    start = head.lstrip(b" \t\r\n\0")[:2]
    if start[:1] == b"{":
        return head.lstrip(b" \t\r\n\0{")[:1] in (b'"', b"}", b"") or is_line_delimited(head, limits.depth)
    if start[:1] == b"[":
        return head.lstrip(b" \t\r\n\0[")[:1] in (b"{", b"]", b"", b'"') or is_line_delimited(
            head, limits.depth
        )
    return is_line_delimited(head, limits.depth)
