"""Read blocks of lines column by column, with compiled code, and number their records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from seawall.events.batches import RecordBuffer
from seawall.events.failures import note_failure
from seawall.events.formats.json_records import Record
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

    @property
    def name(self) -> str:
        """Return the name of the format."""
        return str(self._compiled.NAME)

    def scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_], levels: int = 0) -> Any:
        """Find the fields of the records of a block, without the interpreter's lock for nearly all of the time.

        None if that fails. Records may be nested as deep as the limit is, less `levels`.
        """
        with self._lock:
            return self._scan(block, is_long, levels)

    def _scan(self, block: LineBlock, is_long: npt.NDArray[np.bool_], levels: int) -> Any:
        if self._tree.is_full:
            self._tree = self._compiled.build_field_tree()
        if len(block.data) > self._compiled.LARGEST_BLOCK:
            return None
        depth = self._limits.depth - levels
        try:
            lines = self._compiled.JsonBlock(block.data, block.starts, block.ends, self._tree, depth)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None
        lines.is_read &= ~is_long
        lines.is_blank[block.starts_inside] = False
        return lines

    def count(self, read: int, left: int) -> None:
        """Note how many records were read by column, and how many could not be."""
        self._read += read
        self._left += left

    def read(self, rows: RecordBuffer, scanned: ScannedBlock, find: Callable[[int], Iterable[Found]]) -> bool:
        """Take the records of a block into the rows: by column as many as can be, the others as `find` gives them for a line.

        False, and nothing taken, where these would be more than a batch: one line may hold many records.
        """
        block = scanned.lines
        raw, read, is_blank = self.read_columns(scanned)
        records = np.zeros(len(block), np.int64)
        records[read] = 1
        numbers, others = number_records(block, records, ~is_blank, find, self._limits.batch_records)
        if others is None:
            return False
        self.count(len(read), len(others))
        add_records(rows, block, others, [(self, raw, read)], numbers)
        return True

    def read_columns(self, scanned: ScannedBlock) -> tuple[Any, Places, npt.NDArray[np.bool_]]:
        """Return raw columns of the records of a block, the lines that they are on, and which lines hold nothing."""
        try:
            raw, read = self._compiled.read_raw_columns(scanned.json)
        except Exception as error:  # noqa: BLE001 - the general way reads them, with a net for each
            note_failure(error)
            return None, np.zeros(0, np.int64), np.zeros(len(scanned.lines), np.bool_)
        return raw, read, np.asarray(scanned.json.is_blank, np.bool_)


def add_records(
    rows: RecordBuffer,
    block: LineBlock,
    others: Sequence[tuple[str, list[Found]]],
    read: Sequence[tuple[ColumnReader, Any, Places]],
    numbers: Places,
) -> None:
    """Put records of a block into the rows: `others` by the names of their texts, and raw columns with the lines they are on.

    `numbers`, int64 (lines,), are those of the lines' records in their texts.
    """
    rows.begin(*(text.name for text, _, _ in block.list_texts()))
    for name, found in others:
        rows.begin(name)
        for record in found:
            rows.add(record)
    names = [text.name for text in block.texts]
    for reader, raw, lines in read:
        if len(lines):
            size = int((block.ends[lines] - block.starts[lines]).sum())
            rows.add_table(reader.name, raw, names, block.text_of[lines], numbers[lines], size)


def number_records(
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
