"""Read Excel workbooks (.xlsx, ECMA-376) sheet by sheet, as delimited tables.

The libraries for workbooks hold whole sheets, of the size that the sheet states. Here parts are parsed as streams within the
limits of archives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from seawall.events.formats.bounded import BoundedStream
from seawall.events.formats.table_files.cell_values import CellFormats, read_formats
from seawall.events.formats.table_files.shared_strings import SharedStrings, read_shared_strings
from seawall.events.formats.table_files.sheet_rows import Cells, SheetHandler, read_rows, write_table
from seawall.events.formats.table_files.sheet_xml import (
    Attributes,
    BadWorkbook,
    ByteReader,
    ListHandler,
    parse_whole,
)
from seawall.events.formats.table_files.table_part import TablePart, join_lines
from seawall.events.formats.zip_archive import ZipEntry

MAIN = "xl/workbook.xml"
BINARY = "xl/workbook.bin"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_MOST_SHEETS = 1_000

OpenPart = Callable[[str], ByteReader | None]
"""Function that opens a part by its name in the archive; None if it is absent. The stream raises at damage."""


_MOST_PARTS = 5_000
_FIRST_PARTS = (b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/")
"""Beginnings of the name of the first member of an Office document, as programs write it."""


def has_office_parts(head: bytes) -> bool:
    """Return whether a ZIP file with this beginning may be an Office document."""
    return head[30:].startswith(_FIRST_PARTS)


def find_parts(entries: Iterable[ZipEntry | str]) -> dict[str, ZipEntry]:
    """Return the first members of an archive by name, without those compressed by methods that Excel lacks."""
    found: dict[str, ZipEntry] = {}
    for entry in islice(entries, _MOST_PARTS):
        if isinstance(entry, ZipEntry) and entry.method in (0, 8):
            found.setdefault(entry.name.replace("\\", "/"), entry)
    return found


class PartStream:
    """Read a part of the workbook, and raise BadWorkbook where it is damaged or reaches a limit."""

    def __init__(self, stream: BoundedStream) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        data = self._stream.read(size)
        if not data and self._stream.problem is not None:
            raise BadWorkbook(f"its part {self._stream.name}: {self._stream.problem.reason}")
        return data


@dataclass(frozen=True, slots=True)
class Sheet:
    """Name a sheet and its part in the archive."""

    name: str
    part: str


@dataclass(slots=True)
class _Size:
    count: int


class Workbook:
    """Read one workbook."""

    def __init__(self, open_part: OpenPart) -> None:
        """Read what the sheets have in common. Raises BadWorkbook, or what a part raises."""
        self._open = open_part
        self._is_1904 = False
        self.sheets = self._list_sheets()
        strings = self._open_named("sharedStrings")
        styles = self._open_named("styles")
        self._strings = SharedStrings() if strings is None else read_shared_strings(strings)
        self._formats = CellFormats() if styles is None else read_formats(styles)

    def parts(self, find_size: Callable[[str], int]) -> Iterator[TablePart]:
        """Yield a table for each sheet that has cells. `find_size` returns the size of a part in the archive, in bytes."""
        for sheet in self.sheets:
            first = _Peeked(join_lines(write_table(self._read_rows(sheet))))
            if first.has_any:
                yield TablePart(sheet.name, first.chunks(), _Size(find_size(sheet.part)))

    def _read_rows(self, sheet: Sheet) -> Iterator[Cells]:
        stream = self._open(sheet.part)
        if stream is None:
            raise BadWorkbook("the part of this sheet is missing")
        yield from read_rows(stream, SheetHandler(self._strings, self._formats, is_1904=self._is_1904))

    def _list_sheets(self) -> list[Sheet]:
        self._targets: dict[str, tuple[str, str]] = {}
        """Kind and part of each relation, by its id."""
        found: list[tuple[str, str]] = []

        def take_relation(name: str, attributes: Attributes) -> None:
            if name == "Relationship" and len(self._targets) < 10 * _MOST_SHEETS:
                target = attributes.get("Target", "").replace("\\", "/")
                part = (
                    target.removeprefix("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
                )
                kind = attributes.get("Type", "").rpartition("/")[2]
                self._targets[attributes.get("Id", "")] = (kind, part)

        def take_sheet(name: str, attributes: Attributes) -> None:
            if name == "sheet" and len(found) < _MOST_SHEETS:
                relation = next((value for key, value in attributes.items() if key.endswith("}id")), "")
                found.append((attributes.get("name", ""), relation))
            elif name == "workbookPr":
                self._is_1904 = attributes.get("date1904") in ("1", "true")

        self._parse(_RELATIONS, take_relation)
        self._parse(MAIN, take_sheet)
        targets = ((name, self._targets.get(relation, ("", ""))) for name, relation in found)
        return [Sheet(name, part) for name, (kind, part) in targets if kind == "worksheet"]

    def _parse(self, part: str, begin: Callable[[str, Attributes], None]) -> None:
        stream = self._open(part)
        if stream is None:
            raise BadWorkbook(f"it has no part {part}")
        parse_whole(stream, ListHandler(begin))

    def _open_named(self, kind: str) -> ByteReader | None:
        part = next((part for found, part in self._targets.values() if found == kind), None)
        return None if part is None else self._open(part)


class _Peeked:
    """Look whether there is a first chunk. An error before it is raised when chunks are read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._rest = chunks
        self._first: bytes | None = None
        self._error: Exception | None = None
        try:
            self._first = next(chunks, None)
        except Exception as error:  # noqa: BLE001 - raised again when the chunks are read
            self._error = error

    @property
    def has_any(self) -> bool:
        """Return whether there is a chunk or an error."""
        return self._first is not None or self._error is not None

    def chunks(self) -> Iterator[bytes]:
        """Yield all chunks. Raises what they raise."""
        if self._error is not None:
            raise self._error
        if self._first is not None:
            yield self._first
        yield from self._rest
