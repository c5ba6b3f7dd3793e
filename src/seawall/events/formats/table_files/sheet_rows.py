"""Read the rows of a sheet of an Excel workbook, and write them as a delimited table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain

from seawall.events.formats.csv_records import table_header
from seawall.events.formats.table_files.cell_values import CellFormats, read_date, read_number
from seawall.events.formats.table_files.shared_strings import SharedStrings
from seawall.events.formats.table_files.sheet_xml import (
    LONGEST_TEXT,
    Attributes,
    BadWorkbook,
    ByteReader,
    TextCollector,
    parse_xml,
    unescape,
)

_MOST_COLUMNS = 16_384
_LARGEST_ROW = 32 << 20
_PREAMBLE = 20
_FEW = 2

Cells = dict[int, str]
"""Texts of the cells of a row that are not empty, by column from 0."""


class SheetHandler:
    """Collect the rows of a sheet."""

    def __init__(self, strings: SharedStrings, formats: CellFormats, *, is_1904: bool) -> None:
        self.rows: list[Cells] = []
        """The rows that were completed, to be taken away."""
        self._strings, self._formats, self._is_1904 = strings, formats, is_1904
        self._cells: Cells = {}
        self._column = -1
        self._size = 0
        self._kind = self._style = ""
        self._value: list[str] = []
        self._is_value = self._is_inline = False
        self._text = TextCollector()

    def begin(self, name: str, attributes: Attributes) -> None:
        """Take the start of an element."""
        if name == "c":
            place = attributes.get("r")
            self._column = self._column + 1 if place is None else find_column(place)
            self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._value = []
        elif name == "v":
            self._is_value = True
        elif name == "is":
            self._is_inline = True
        elif name == "row":
            self._cells, self._column, self._size = {}, -1, 0
        elif self._is_inline:
            self._text.begin(name)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        if name == "v":
            self._is_value = False
        elif name == "c":
            self._end_cell()
        elif name == "is":
            self._is_inline = False
            self._value = [self._text.take()]
        elif name == "row" and self._cells:
            self.rows.append(self._cells)
            self._cells = {}
        elif self._is_inline:
            self._text.end(name)

    def add_text(self, text: str) -> None:
        """Take a piece of text."""
        if self._is_value:
            self._value.append(text)
            self._size += len(text)
            if self._size > _LARGEST_ROW:
                raise BadWorkbook(f"a row of more than {_LARGEST_ROW} characters")
        elif self._is_inline:
            self._text.add_text(text)

    def _end_cell(self) -> None:
        text = self._read("".join(self._value)[:LONGEST_TEXT])
        if text and 0 <= self._column < _MOST_COLUMNS:
            self._cells[self._column] = text
            self._size += len(text)
            if self._size > _LARGEST_ROW:
                raise BadWorkbook(f"a row of more than {_LARGEST_ROW} characters")

    def _read(self, text: str) -> str:
        kind = self._kind
        if not text or kind == "inlineStr":
            return text
        if kind == "s":
            return self._strings.get(int(text) if text.isascii() and text.isdigit() else -1)
        if kind == "b":
            return "True" if text == "1" else "False"
        if kind != "n":
            return unescape(text)
        if self._formats.is_date(self._style):
            return read_date(text, is_1904=self._is_1904)
        return read_number(text)


def find_column(place: str) -> int:
    """Return the number of the column of a cell such as `AB12`, from 0, or -1 if it is none."""
    column = 0
    for letter in place[:4]:
        if not "A" <= letter <= "Z":
            break
        column = column * 26 + ord(letter) - 64
    return column - 1


def read_rows(stream: ByteReader, handler: SheetHandler) -> Iterator[Cells]:
    """Yield the rows of a sheet that have cells. Raises BadWorkbook."""
    for _ in parse_xml(stream, handler):
        rows, handler.rows = handler.rows, []
        yield from rows


def write_table(rows: Iterator[Cells]) -> Iterator[bytes]:
    """Yield the rows as lines of a delimited table, from its header on. A single column with JSON gives lines of it."""
    first: list[Cells] = []
    for row in rows:
        first.append(row)
        if len(row) > _FEW or len(first) == _PREAMBLE:
            break
    if not first:
        return
    start = _find_header(first)
    header = first[start]
    if len(header) == 1 and next(iter(header.values())).lstrip()[:1] in ("{", "["):
        for row in chain(first, rows):
            yield " ".join(row.values()).replace("\n", " ").encode("utf-8", "replace") + b"\n"
        return
    columns = max(header) + 1
    names = _choose_names(header, max(columns, 2))
    yield _write(names)
    for row in chain(first[start + 1 :], rows):
        width = max(len(names), max(row) + 1)
        yield _write([row.get(at, "") for at in range(width)])


def _find_header(rows: list[Cells]) -> int:
    """Return the number of the row with the names of columns: the first, unless all but the last are a title of few cells."""
    last = rows[-1]
    names = _choose_names(last, max(last) + 1)
    return len(rows) - 1 if len(last) > _FEW and table_header(_write(names)) is not None else 0


def _choose_names(header: Cells, columns: int) -> list[str]:
    """Return the names of the columns. Repeated ones stay if the table is known to repeat them."""
    cells = [" ".join(header.get(at, "").split()) or f"Column{at + 1}" for at in range(columns)]
    return cells if table_header(_write(cells)) is not None else number_repeated(cells)


def number_repeated(cells: Sequence[str]) -> list[str]:
    """Return the names with the number of its column behind each that occurs again."""
    names: list[str] = []
    seen: set[str] = set()
    for place, name in enumerate(cells, 1):
        if name in seen:
            name = f"{name}_{place}"
        seen.add(name)
        names.append(name)
    return names


def _write(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8", "replace")
