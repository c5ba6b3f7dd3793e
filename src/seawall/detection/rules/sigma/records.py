"""Give rules access to the columns of enriched events: names as codes, texts on demand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.rules.sigma.texts import ColumnTexts, TextValues
from seawall.events.coded_batch import MISSING, Bools, Codes
from seawall.events.grouping import Rows

Coded = tuple[npt.NDArray[np.int32], list[str | None]]

SPREAD = 16
"""Codes are counted in a table if it has at most this many entries for each code; otherwise they are hashed."""


class RuleRecords:
    """Hold n events of one table. Columns are computed on demand and cached."""

    def __init__(self, events: pa.Table, values: defaultdict[str, TextValues] | None = None) -> None:
        """Take `values` from earlier batches, by column, so that equal texts are parsed once."""
        self._events = events
        self._values = defaultdict(TextValues) if values is None else values
        self._texts: dict[str, ColumnTexts] = {}
        self._coded: dict[str, Coded] = {}
        self._last_codes: dict[str, tuple[Rows, Codes]] = {}
        self._where: dict[tuple[str, tuple[str, ...]], Bools] = {}

    def __len__(self) -> int:
        return int(self._events.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._events.column_names

    def code_column(self, name: str) -> Coded:
        """Return the codes of a column, int32 (n,), -1 for null, and the values of the codes (None for an empty one)."""
        found = self._coded.get(name)
        if found is None:
            found = self._coded[name] = _code(self._events[name])
        return found

    def codes(self, name: str, rows: Rows) -> Codes:
        """Return the codes of rows in a column, int32 (rows,), -1 for null."""
        last = self._last_codes.get(name)
        if last is None or last[0] is not rows:  # questions follow each other about the same rows
            last = self._last_codes[name] = rows, self.code_column(name)[0].take(rows)
        return last[1]

    def texts(self, name: str) -> ColumnTexts:
        """Return the numbered texts of a text column."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = ColumnTexts(_as_one_array(self._events[name]), self._values[name])
        return found

    def where(self, name: str, wanted: tuple[str, ...]) -> Bools:
        """Return which events have one of the wanted values in a name column, bool (n,)."""
        found = self._where.get((name, wanted))
        if found is None:
            codes, values = self.code_column(name)
            table = np.array([*(value in wanted for value in values), False])
            found = self._where[name, wanted] = np.asarray(table[codes])
        return found


class SelectorRecords(RuleRecords):
    """Hold n selectors: the few columns by which rules select, and which paths their texts may have values at."""

    def __init__(self, columns: pa.Table, holds: Mapping[str, Callable[[str], Bools]]) -> None:
        """Take by text column the function that returns which selectors may have a value at a path."""
        super().__init__(columns)
        self._holds = holds

    def may_hold(self, column: str, path: str) -> Bools:
        """Return which selectors may have a value at a path of a text column, bool (n,)."""
        return self._holds[column](path) if column in self._holds else np.ones(len(self), bool)


def renumber_codes(codes: Rows, size: int) -> tuple[Rows, Rows]:
    """Return the distinct codes (from 0 to size - 1), and the index of each code among them."""
    if size > SPREAD * len(codes) + 1_024:
        encoded = pa.array(codes).dictionary_encode()
        return encoded.dictionary.to_numpy(), encoded.indices.to_numpy().astype(np.int64)
    is_there = np.zeros(size, bool)
    is_there[codes] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[codes]


def _as_one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def _code(column: pa.ChunkedArray | pa.Array) -> Coded:
    column = _as_one_array(column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    codes: Codes = np.asarray(column.indices.fill_null(MISSING).to_numpy(zero_copy_only=False), np.int32)
    return codes, _values_of(column.dictionary)


def _values_of(found: pa.Array) -> list[str | None]:
    values: list[Any] = found.to_numpy(zero_copy_only=False).tolist()
    if pa.types.is_string(found.type):
        return [value or None for value in values]
    return [None if value is None else str(value).lower() for value in values]
