"""Read blocks whose texts have several formats, and texts whose lines have several, each by column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.batches import RecordBuffer
from seawall.events.failures import note_failure
from seawall.events.formats.column_reader import ColumnReader, Found, add_records, number_records
from seawall.events.formats.json_records import split_json
from seawall.events.formats.json_splitter import JsonSplitter, ObjectFinder
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import LineBlock, ScannedBlock
from seawall.events.formats.line_formats import find_other_format, make_column_reader

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_FEWEST_LINES = 128
"""Lines that no reader took from which on it pays to look for their format."""
_SAMPLES, _MOST_FORMATS = 16, 3
"""Lines that are looked at for it, and how often."""


@dataclass(frozen=True, slots=True)
class ScannedPart:
    """Hold the lines of a block that are in texts of one format, and their places in the block, int64 (lines,)."""

    reader: ColumnReader
    places: Places
    scanned: ScannedBlock


class ColumnReaders:
    """Reads blocks of lines by column, each text in its format."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._readers: dict[str, ColumnReader | None] = {}
        self._pages: Any = None

    def find(self, form: str | None) -> ColumnReader | None:
        """Return the reader of a format; None where there is none, or numba is not installed."""
        if form is None:
            return None
        if form not in self._readers:
            self._readers[form] = make_column_reader(self._limits, form)
            if self._readers[form] is not None:
                self._load_pages()
        return self._readers[form]

    def _load_pages(self) -> None:
        if self._pages is None:
            try:
                self._pages = import_module("seawall.events.formats.pages")
            except ImportError:
                return
            self._pages.prepare()

    def split(self, limit: int) -> JsonSplitter:
        """Return a splitter of JSON text into records of at most so many bytes, with compiled code where it is installed."""
        self._load_pages()
        return split_json(limit, self.find_run)

    def begin(self, form: str | None) -> None:
        """Give a format another chance, of which most records could not be read before."""
        reader = self.find(form)
        if reader is not None and not reader.is_worthwhile:
            reader.begin()

    @property
    def find_run(self) -> ObjectFinder | None:
        """Return a function that finds objects one after the other in a text; None where there is no reader."""
        return None if self._pages is None else self._pages.find_run

    def cut(self, block: LineBlock) -> LineBlock:
        """Return a block with the records of arrays and pages as lines."""
        is_ours = block.mark_forms(self._list_worthwhile())
        if not is_ours.any():
            return block
        try:
            cut: LineBlock = self._pages.cut_lines(block, is_ours, self._limits)
        except Exception as error:  # noqa: BLE001 - the general way reads them as they are
            note_failure(error)
            return block
        return cut

    def _list_worthwhile(self) -> list[str]:
        return [name for name, one in list(self._readers.items()) if one is not None and one.is_worthwhile]

    def scan(self, block: LineBlock, is_long: Flags) -> list[ScannedPart] | None:
        """Find the fields of the records of a block; None where no text is worthwhile."""
        levels = 0 if block.pages is None else int(self._pages.AROUND)
        parts: list[ScannedPart] = []
        is_read, is_doubtful = np.zeros((2, len(block)), np.bool_)
        for name in self._list_worthwhile():
            reader, is_mine = self._readers[name], block.mark_forms((name,))
            if reader is None or not is_mine.any():
                continue
            places = np.flatnonzero(is_mine)
            lines = block.pick(places)
            json = reader.scan(lines, is_long[places], levels)
            if json is not None:
                parts.append(ScannedPart(reader, places, ScannedBlock(lines, is_long[places], json)))
                is_read[places] = json.is_read
                is_doubtful[places] = ~json.is_read | json.has_large
        if block.pages is not None:
            self._pages.check_pages(block, is_read, is_doubtful, self._limits)
            for part in parts:
                part.scanned.json.is_read &= is_read[part.places]
        return parts or None

    def read(self, rows: RecordBuffer, scanned: ScannedBlock, find: Callable[[int], Iterable[Found]]) -> bool:
        """Take the records of a block into the rows: by column as many as can be, the others as `find` gives them for a line.

        False, and nothing taken, where these would be more than a batch: one line may hold many records.
        """
        block, parts = scanned.lines, scanned.json
        records, is_blank = np.zeros(len(block), np.int64), np.zeros(len(block), np.bool_)
        is_open = np.zeros(len(block), np.bool_)
        read: list[tuple[ColumnReader, Any, Places]] = []
        for part in parts:
            raw, lines, nothing = part.reader.read_columns(part.scanned)
            read.append((part.reader, raw, part.places[lines]))
            records[part.places[lines]] = 1
            is_blank[part.places] = nothing
            is_open[part.places] = True
        is_open &= (records == 0) & ~is_blank & ~scanned.is_long & _is_record(block)
        read += self._read_others(block, np.flatnonzero(is_open), {part.reader.name for part in parts})
        for _, _, lines in read[len(parts) :]:
            records[lines] = 1
        is_taken = records != 0
        numbers, others = number_records(block, records, ~is_blank, find, self._limits.batch_records)
        if others is None:
            return False
        for part in parts:
            taken = np.count_nonzero(is_taken[part.places])
            part.reader.count(taken, np.count_nonzero(~is_blank[part.places]) - taken)
        add_records(rows, block, others, read, numbers)
        return True

    def _read_others(
        self, block: LineBlock, left: Places, known: set[str]
    ) -> list[tuple[ColumnReader, Any, Places]]:
        """Return raw columns of lines of other formats than that of their text, with the readers and the lines."""
        found: list[tuple[ColumnReader, Any, Places]] = []
        levels = 0 if block.pages is None else int(self._pages.AROUND)
        for _ in range(_MOST_FORMATS):
            if len(left) < _FEWEST_LINES:
                break
            samples = left[:: max(len(left) // _SAMPLES, 1)][:_SAMPLES].tolist()
            form = find_other_format([block.line(place) for place in samples], self._limits.depth, known)
            reader = self.find(form)
            if form is None or reader is None:
                break
            known.add(form)
            lines, is_long = block.pick(left), np.zeros(len(left), np.bool_)
            json = reader.scan(lines, is_long, levels)
            if json is None:
                break
            raw, places, _ = reader.read_columns(ScannedBlock(lines, is_long, json))
            found.append((reader, raw, left[places]))
            left = np.delete(left, places)
        return found


def _is_record(block: LineBlock) -> Flags:
    """Return which lines hold one record: neither documents, nor parts of pages that are not clean."""
    is_alone = ~np.array([text.is_document for text in block.texts], np.bool_)[block.text_of]
    if block.pages is None:
        return is_alone
    is_clean = np.append(block.pages.is_clean, False)[block.pages.page_of]
    return np.where(block.pages.page_of >= 0, is_clean, is_alone)
