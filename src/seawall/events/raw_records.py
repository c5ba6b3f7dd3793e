"""Find the texts of records in the files that they came from, by file and number.

Events name the file and the number of their record, so that reading keeps no copy. Files are read again here by the general
way, which numbers records as the compiled one does, and only as far as the last wanted record.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from seawall.events.failures import note_failure
from seawall.events.formats.bounded import BoundedStream
from seawall.events.formats.column_reader import Found
from seawall.events.formats.containers import open_members
from seawall.events.formats.csv_records import drop_header, is_preamble, separate_rows
from seawall.events.formats.files import name_of, walk
from seawall.events.formats.json_records import cut_first_records, is_line_delimited, json_records
from seawall.events.formats.json_values import NotJson, TooDeep, encode, parse
from seawall.events.formats.limits import Limits
from seawall.events.formats.text_lines import CHUNK, Utf8Stream
from seawall.events.problem import Problem
from seawall.events.read_files import find_header, looks_like_json, open_text
from seawall_base.regular_files import open_file

MEMBER = "!"
"""What stands between the name of an archive and that of its member."""
_LONGEST_REST = 64 << 20
_NEVER = 1 << 62
_MOST_PIECES = 1_000_000
_BLANK_LINE = re.compile(rb"\n[ \t\r\x0b\x0c]*\n")


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The text of a record as it came, with the file and the number that its event has.

    A row of a table is a JSON object of its cells by column. A record of a page or an envelope is its own text where it has
    one, else JSON of the same values. Bytes that are no UTF-8 are replaced.
    """

    source_file: str
    source_line: int
    text: str


def find_raw_records(
    paths: Sequence[Path],
    wanted: Mapping[str, Collection[int]],
    totals: Mapping[str, int] | None = None,
    ids: Mapping[tuple[str, int], str] | None = None,
    limits: Limits = Limits(),  # noqa: B008
) -> Iterator[RawRecord]:
    """Yield the wanted records of the files under the paths, those that are still there. Never raises for content.

    `wanted` are numbers of records by the name of their file. `totals` are the numbers of the last record of files that
    were read to their end: where a file has as many lines, each is a record, and none is parsed. The same is done where each
    wanted line holds its id of `ids`, by file and number.
    """
    finder = _Finder(wanted, totals or {}, limits, ids)
    yield from finder.find(paths, finder.wanted)
    if finder.doubtful:
        finder.totals, finder.ids = {}, None
        yield from finder.find(paths, {name: finder.wanted[name] for name in finder.doubtful})


@dataclass(slots=True)
class _Finder:
    wanted: Mapping[str, Collection[int]]
    totals: Mapping[str, int]
    limits: Limits
    ids: Mapping[tuple[str, int], str] | None = None
    doubtful: list[str] = field(default_factory=list)

    def find(self, paths: Sequence[Path], wanted: Mapping[str, Collection[int]]) -> Iterator[RawRecord]:
        """Yield the wanted records of files."""
        archives = {name.partition(MEMBER)[0] for name in wanted}
        for path in walk(paths):
            if isinstance(path, Problem):
                continue
            name = name_of(path)
            if name in wanted or name.partition(MEMBER)[0] in archives:
                try:
                    yield from self._find_in_file(path, name, wanted)
                except Exception as error:  # noqa: BLE001 - a file that fails costs its own records alone
                    note_failure(error)

    def _find_in_file(
        self, path: Path, name: str, wanted: Mapping[str, Collection[int]]
    ) -> Iterator[RawRecord]:
        left = {one for one in wanted if one == name or one.startswith(name + MEMBER)}
        if not left:
            return
        with open_file(path) as raw:
            for member in open_members(raw, name, self.limits):
                if isinstance(member, Problem):
                    continue
                stream = member.stream
                if stream.name in left:
                    left.discard(stream.name)
                    yield from self._find_in_text(stream, frozenset(wanted[stream.name]))
                if not left:
                    return
                while stream.read(CHUNK):  # members are read one after the other
                    pass

    def _find_in_text(self, stream: BoundedStream, numbers: frozenset[int]) -> Iterator[RawRecord]:
        text, head = open_text(stream)
        header, name = find_header(head, self.limits), stream.name
        if header is None and not looks_like_json(head, self.limits):
            return
        total = self.totals.get(name)
        is_counted = total is not None or (self.ids is not None and header is None)
        if is_counted and (header is not None or is_line_delimited(head, self.limits.depth)):
            found = self._find_lines(text, numbers, total, is_table=header is not None)
            if found is None or not self._are_wanted(name, found, is_table=header is not None):
                self.doubtful.append(name)
                return
            for number, line in found:
                yield RawRecord(name, number, _decode(line) if header is None else _write_row(line, *header))
        elif header is not None:
            yield from self._find_rows(text, name, header, numbers)
        else:
            yield from self._find_json(text, name, numbers)

    def _find_rows(
        self, text: Utf8Stream, name: str, header: tuple[list[str], str], numbers: frozenset[int]
    ) -> Iterator[RawRecord]:
        last = max(numbers)
        for number, row in enumerate(drop_header(separate_rows(text, self.limits)), 1):
            if number in numbers and row is not None:
                yield RawRecord(name, number, _write_row(row, *header))
            if number >= last:
                return

    def _find_lines(
        self, text: Utf8Stream, numbers: frozenset[int], total: int | None, *, is_table: bool
    ) -> list[tuple[int, bytes]] | None:
        """Return lines by number, if every line with anything on it is one record: then there are `total`. Else None.

        Without a total, the lines up to the last wanted one are returned as they are.
        Of a stretch without a wanted line only the line feeds are counted.
        """
        found, ordered = list[tuple[int, bytes]](), np.array(sorted(numbers))
        number, is_begun = 0, not is_table
        for piece in _cut_at_lines(text):
            if len(piece) > self.limits.record_bytes:
                return None
            place = int(np.searchsorted(ordered, number, "right"))
            if total is None and place == len(ordered):
                return found
            following = int(ordered[place]) if place < len(ordered) else _NEVER
            count = piece.count(b"\n") + (piece[-1:] != b"\n")
            may_skip = is_begun and number + count < following and not piece[:1].isspace()
            if may_skip and not _BLANK_LINE.search(piece):
                number += count
                continue
            for line in piece.split(b"\n"):
                if not line.strip():
                    continue
                if not is_begun:
                    is_begun = not is_preamble(line)
                    continue
                number += 1
                if number in numbers:
                    found.append((number, line.rstrip(b"\r")))
        return found if total is None or number == total else None

    def _are_wanted(self, name: str, found: Sequence[tuple[int, bytes]], *, is_table: bool) -> bool:
        if name not in self.totals and not self._are_lines_of_ids(name, found):
            return False
        return is_table or _are_records(line for _, line in found)

    def _are_lines_of_ids(self, name: str, found: Sequence[tuple[int, bytes]]) -> bool:
        ids = self.ids or {}
        return len(found) == len(self.wanted[name]) and all(
            ids.get((name, number), "").encode() in line for number, line in found
        )

    def _find_json(self, text: Utf8Stream, name: str, numbers: frozenset[int]) -> Iterator[RawRecord]:
        last, memory = max(numbers), _TextMemory(self.limits.depth)
        for found in json_records(text, name, self.limits, memory.take):
            number = _number_of(found)
            if number in numbers and isinstance(found, tuple):
                yield RawRecord(name, number, memory.find_text(found[1]))
            if number >= last:
                return
            memory.place += 1


@dataclass(slots=True)
class _TextMemory:
    """Remembers the text in which the general reader finds records, and the place of the next one among them."""

    depth: int
    text: bytes | None = None
    place: int = 0
    pieces: list[bytes] | None = None

    def take(self, text: bytes, _numbers: Iterator[int], _depth: int) -> None:
        """Remember a text, and decline to read it."""
        self.text, self.place, self.pieces = text, 0, None

    def find_text(self, record: dict[str, Any]) -> str:
        """Return the remembered text, or the piece of it in this place, if it is that of the record; else JSON of the record."""
        if self.text is None:
            return encode(record)
        if self._is_text_of(self.text, record):
            return _decode(self.text)
        if self.pieces is None:
            self.pieces = cut_first_records(self.text, _MOST_PIECES)
        piece = self.pieces[self.place] if self.place < len(self.pieces) else b""
        return _decode(piece) if self._is_text_of(piece, record) else encode(record)

    def _is_text_of(self, text: bytes, record: dict[str, Any]) -> bool:
        try:
            return bool(parse(text, self.depth) == record)
        except (NotJson, TooDeep):
            return False


def _are_records(lines: Iterable[bytes]) -> bool:
    """Return whether each line is a record by itself: an array or a page of one record is as many lines as records too."""
    return all(line.lstrip()[:1] == b"{" and cut_first_records(line, 2) == [line.strip()] for line in lines)


def _cut_at_lines(text: Utf8Stream) -> Iterator[bytes]:
    """Yield a text in pieces of whole lines. A line that does not end makes a piece too long for a record."""
    rest = b""
    while chunk := text.read(CHUNK):
        end = chunk.rfind(b"\n") + 1
        if end or len(rest) > _LONGEST_REST:
            yield rest + chunk[:end]
            rest = chunk[end:]
        else:
            rest += chunk
    if rest:
        yield rest


def _number_of(found: Found) -> int:
    return found[0] if isinstance(found, tuple) else found.line


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip()


def _write_row(row: bytes, names: Sequence[str], delimiter: str) -> str:
    """Return the cells of a row by column as JSON; of a row that does not fit its header, the text as one cell."""
    text = row.decode("utf-8", "replace").replace("\0", "")
    parts = text.splitlines(keepends=True) if "\n" in text or "\r" in text else [text]
    csv.field_size_limit(max(csv.field_size_limit(), len(row) + 1))
    try:
        parsed = list(csv.reader(parts, delimiter=delimiter))
    except csv.Error:
        parsed = []
    cells = dict(zip(names, parsed[0], strict=False)) if len(parsed) == 1 else {"": text}
    return msgspec.json.encode(cells).decode()
