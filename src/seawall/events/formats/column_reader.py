"""Read blocks of lines column by column, with compiled code, and number their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.batches import RecordBuffer
from seawall.events.failures import note_failure
from seawall.events.formats.json_records import Record
from seawall.events.formats.json_splitter import ObjectFinder
from seawall.events.formats.limits import Limits
from seawall.events.formats.line_blocks import LineBlock, ScannedBlock
from seawall.events.formats.row_reader import QuickRow
from seawall.events.problem import Problem

Found = Record | QuickRow | Problem
Places = npt.NDArray[np.int64]


class ColumnReader:
    """Reads blocks of lines by column."""

    def __init__(self, compiled: Any, limits: Limits) -> None:
        self._compiled, self._limits = compiled, limits
        self._tree = compiled.build_field_tree()
        self._pages = import_module("seawall.events.formats.pages")
        self._lock = Lock()
        """Reading adds fields to the tree."""
        self._read = self._left = 0

    def begin(self) -> None:
        """Count anew how many lines can be read by column."""
        self._read = self._left = 0

    @property
    def is_worthwhile(self) -> bool:
        """Whether most lines could be read by column: the others are read twice."""
        return self._read >= self._left

    def cut(self, block: LineBlock) -> LineBlock:
        """Return a block with the records of arrays and pages as lines."""
        try:
            return self._pages.cut_lines(block, self._limits)  # type: ignore[no-any-return]
        except Exception as error:  # noqa: BLE001 - the general way reads them as they are
            note_failure(error)
            return block

    @property
    def find_run(self) -> ObjectFinder:
        """Return a function that finds objects one after the other in a text."""
        return self._pages.find_run  # type: ignore[no-any-return]

    def scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_]) -> Any:
        """Find the fields of the records of a block, without the interpreter's lock for nearly all of the time."""
        with self._lock:
            return self._scan(block, is_long)

    def _scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_]) -> Any:
        if self._tree.is_full:
            self._tree = self._compiled.build_field_tree()
        if len(block.data) > self._compiled.LARGEST_BLOCK:
            return None
        is_foreign = block.mark_foreign()
        try:
            lines = self._compiled.JsonBlock(
                block.data,
                block.starts,
                np.where(is_foreign, block.starts, block.ends),
                self._tree,
                self._limits.depth - (0 if block.pages is None else self._pages.AROUND),
            )
            self._pages.check_pages(block, lines, self._limits)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None
        lines.is_read &= ~is_long
        lines.is_blank[block.starts_inside] = False
        lines.is_blank[is_foreign] = False
        return lines

    def read(self, rows: RecordBuffer, scanned: ScannedBlock, find: Callable[[int], Iterable[Found]]) -> bool:
        """Take the records of a block into the rows: by column as many as can be, the others as `find` gives them for a line.

        False, and nothing taken, where these would be more than a batch: one line may hold many records.
        """
        block = scanned.lines
        raw, read, is_blank = self._columns(scanned)
        records = np.zeros(len(block), np.int64)
        records[read] = 1
        numbers, others = _number_records(block, records, ~is_blank, find, self._limits.batch_records)
        if others is None:
            return False
        self._read += len(read)
        self._left += len(others) - int(np.count_nonzero(block.mark_foreign()))
        rows.begin(*(text.name for text, _, _ in block.list_texts()))
        for name, found in others:
            rows.begin(name)
            for record in found:
                rows.add(record)
        if len(read):
            size = int((block.ends[read] - block.starts[read]).sum())
            names = [text.name for text in block.texts]
            rows.add_table(self._compiled.NAME, raw, names, block.text_of[read], numbers[read], size)
        return True

    def _columns(self, scanned: ScannedBlock) -> tuple[Any, Places, npt.NDArray[np.bool_]]:
        """Return raw columns of the records of a block, the lines that they are on, and which lines hold nothing."""
        try:
            raw, read = self._compiled.read_raw_columns(scanned.json)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None, np.zeros(0, np.int64), np.zeros(len(scanned.lines), np.bool_)
        return raw, read, np.asarray(scanned.json.is_blank, np.bool_)


def _number_records(
    block: LineBlock,
    records: Places,
    is_something: npt.NDArray[np.bool_],
    find: Callable[[int], Iterable[Found]],
    most: int,
) -> tuple[Places, list[tuple[str, list[Found]]] | None]:
    """Return the number of each line's record in its text, int64 (lines,), and what `find` gives for the lines without one.

    `records` is 1 where a line's record was read. Texts are numbered on, unless more than `most` records were found: then None.
    """
    before = np.cumsum(records) - records
    is_left = (records == 0) & is_something
    others: list[tuple[str, list[Found]]] = []
    firsts: list[int] = []
    count = 0
    runs = block.list_texts()
    for text, start, end in runs:
        first = text.numbers.following
        firsts.append(first)
        following = first - int(before[start])
        for place in (start + np.flatnonzero(is_left[start:end])).tolist():
            mine = text.numbers.following = following + int(before[place])
            others.append((text.name, list(find(place))))
            records[place] = text.numbers.following - mine
            following += int(records[place])
            count += int(records[place])
            if count > most:
                for (begun, _, _), number in zip(
                    reversed(runs[: len(firsts)]), reversed(firsts), strict=True
                ):
                    begun.numbers.following = number
                return before, None
        text.numbers.following = first + int(records[start:end].sum())
    before = np.cumsum(records) - records
    sizes = [end - start for _, start, end in runs]
    shifts = [first - int(before[start]) for first, (_, start, _) in zip(firsts, runs, strict=True)]
    return before + np.repeat(np.array(shifts, np.int64), sizes), others
