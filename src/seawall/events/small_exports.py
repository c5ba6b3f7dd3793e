"""Read objects of small exports that are no logs (users, methods, policies) from JSON, JSON lines or CSV.

Such a document is read as a whole, within limits. Anything unreadable becomes a problem, never an exception.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seawall.events.failures import file_failure
from seawall.events.formats.containers import PlainStream, open_members
from seawall.events.formats.files import name_of, walk
from seawall.events.formats.json_values import NotJson, TooDeep, brackets, encode, parse
from seawall.events.formats.limits import Limits
from seawall.events.masked_excerpts import file_problem, record_problem
from seawall.events.problem import Problem
from seawall_base.regular_files import open_file

LARGEST = 256 << 20
"""Largest document in bytes, enough for half a million accounts with their methods."""
MOST_VALUES = 16_000_000
"""Most values of one JSON document: each takes more memory than its text."""
_DEPTH = 32
_LISTS = ("value", "users", "items", "resources")
_MOST_COLUMNS = 500


@dataclass(frozen=True, slots=True)
class ExportedObject:
    """Hold one object of a document, and its number in the file."""

    value: dict[str, Any]
    file: str
    place: int

    @property
    def where(self) -> str:
        """Return file and number as text: `path`, or `path:7` for the seventh object."""
        return f"{self.file}:{self.place}" if self.place else self.file


@dataclass(frozen=True, slots=True)
class ExportedDocument:
    """Hold one JSON document, JSON line or table row as it was written. `place` is the line or row, 0 for a whole document."""

    value: Any
    file: str
    place: int = 0
    is_row: bool = False


def objects(paths: Sequence[Path], limits: Limits = Limits()) -> Iterator[ExportedObject | Problem]:  # noqa: B008
    """Yield every object of every document under the paths, in a stable order, and problems."""
    for document in documents(paths, limits):
        if isinstance(document, Problem):
            yield document
        elif not document.place:
            yield from _list(document)
        else:
            yield from _line(document)


def documents(paths: Sequence[Path], limits: Limits = Limits()) -> Iterator[ExportedDocument | Problem]:  # noqa: B008
    """Yield every document, line or row under the paths with its pages around it, in a stable order, and problems."""
    for path in walk(paths):
        if isinstance(path, Problem):
            yield path
            continue
        name = name_of(path)
        try:
            raw = open_file(path)
        except OSError as error:
            yield file_problem(name, "unreadable", error.strerror or str(error))
            continue
        with raw:
            for member in open_members(raw, name, limits):
                yield from (member,) if isinstance(member, Problem) else _caught(member)


def _caught(member: PlainStream) -> Iterator[ExportedDocument | Problem]:
    try:
        yield from _document(member)
    except Exception as error:  # noqa: BLE001 - the net
        yield file_failure(member.stream.name, error)


def _document(member: PlainStream) -> Iterator[ExportedDocument | Problem]:
    stream, pieces, size = member.stream, [], 0
    while piece := stream.read(1 << 20):
        size += len(piece)
        if size > LARGEST:
            yield file_problem(stream.name, "too-large", f"larger than {LARGEST:,} bytes")
            return
        pieces.append(piece)
    if stream.problem is not None:
        yield stream.problem
    yield from _values(_text(b"".join(pieces)), stream.name)


def _text(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if len(data) > 3 and data[0] and data[2] and not data[1] and not data[3]:
        return data.decode("utf-16-le", "replace")  # without a byte order mark
    return data.decode("utf-8-sig", "replace")


def _values(text: str, name: str) -> Iterator[ExportedDocument | Problem]:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        if text.count(",") + brackets(text) > MOST_VALUES:
            yield file_problem(name, "too-large", f"more than {MOST_VALUES:,} values")
            return
        try:
            yield ExportedDocument(parse(text, _DEPTH), name)
        except TooDeep:
            yield file_problem(name, "too-deep", f"nested deeper than {_DEPTH} levels")
        except NotJson as error:
            yield from _lines(text, name, str(error))
    elif start:
        yield from _rows(text, name)
    else:
        yield file_problem(name, "not-a-log", "empty")


def _list(document: ExportedDocument) -> Iterator[ExportedObject | Problem]:
    for place, item in enumerate(_items(document.value), 1):
        if isinstance(item, dict):
            yield ExportedObject(item, document.file, place)
        else:
            yield record_problem(document.file, place, "not-json", "no JSON object", text=str(item)[:200])


def _line(document: ExportedDocument) -> Iterator[ExportedObject | Problem]:
    if document.is_row:
        filled = {name: cell for name, cell in document.value.items() if cell}
        yield ExportedObject(filled, document.file, document.place)
        return
    found = _items(document.value) if isinstance(document.value, dict) else iter((document.value,))
    for item in found:
        if isinstance(item, dict):
            yield ExportedObject(item, document.file, document.place)
        else:
            yield record_problem(
                document.file, document.place, "not-json", "no JSON object", text=encode(document.value)
            )


def _items(value: Any) -> Iterator[Any]:
    """Yield the objects of a page (`{"value": […]}`), of a list of pages, or the object itself."""
    if isinstance(value, list):
        for item in value:
            yield from _items(item) if isinstance(item, dict) else (item,)
        return
    for key in _LISTS:
        inner = value.get(key)
        # It is a page if it has no field of an account or a policy.
        if isinstance(inner, list) and not ({"id", "profile", "userName"} & value.keys()):
            yield from inner
            return
    yield value


def _lines(text: str, name: str, reason: str) -> Iterator[ExportedDocument | Problem]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        yield file_problem(name, "not-json", reason)
        return
    for place, line in enumerate(lines, 1):
        try:
            yield ExportedDocument(parse(line, _DEPTH), name, place)
        except TooDeep:
            yield record_problem(name, place, "too-deep", f"nested deeper than {_DEPTH} levels")
        except NotJson as error:
            yield record_problem(name, place, "not-json", str(error), text=line)


def _rows(text: str, name: str) -> Iterator[ExportedDocument | Problem]:
    text = text.lstrip()
    if text[:5] == "#TYPE":  # the first line that Export-Csv of Windows PowerShell writes
        text = text.partition("\n")[2].lstrip()
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    header: list[str] | None = None
    place = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield record_problem(name, place + 1, "wrong-columns", str(error))
            return
        if row is None:
            return
        if header is None:
            header = [cell.strip() for cell in row]
            if not 2 <= len(header) <= _MOST_COLUMNS or delimiter not in first:
                yield file_problem(name, "not-a-log", "neither JSON nor a table")
                return
            continue
        place += 1
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            yield record_problem(
                name, place, "wrong-columns", f"{len(row)} fields under {len(header)} columns"
            )
            continue
        cells = {key: cell.strip() for key, cell in zip(header, row, strict=True)}
        yield ExportedDocument(cells, name, place, is_row=True)
