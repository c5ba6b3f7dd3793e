"""Enriched events as rules look at them: names as codes into the batch's values, texts where somebody asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.schema.batches import MISSING, Bools, Codes
from seawall.schema.ordering import Rows

Coded = tuple[npt.NDArray[np.int32], list[str | None]]

SPREAD = 16
"""Codes are counted in a table where it has at most so many places for each of them; else they are sorted."""


class Records:
    """n events of one table. Columns are worked out when they are asked for, once."""

    def __init__(self, events: pa.Table) -> None:
        self._events = events
        self._coded: dict[str, Coded] = {}
        self._texts: dict[str, tuple[Codes, pa.Array]] = {}
        self._where: dict[tuple[str, tuple[str, ...]], Bools] = {}

    def __len__(self) -> int:
        return int(self._events.num_rows)

    def __contains__(self, name: str) -> bool:
        return name in self._events.column_names

    def coded(self, name: str) -> Coded:
        """Return the codes int32 (n,) of a column, -1 for null, and the values that they mean (None: empty)."""
        found = self._coded.get(name)
        if found is None:
            found = self._coded[name] = _coded(self._events[name])
        return found

    def texts(self, name: str) -> tuple[Codes, pa.Array]:
        """Return the codes int32 (n,) of a text column and the distinct texts; the code beyond them is null's."""
        found = self._texts.get(name)
        if found is None:
            column = pc.dictionary_encode(_whole(self._events[name]))
            null = len(column.dictionary)
            codes = np.asarray(column.indices.fill_null(null).to_numpy(zero_copy_only=False), np.int32)
            found = self._texts[name] = codes, column.dictionary
        return found

    def is_empty(self, name: str, rows: Rows) -> Bools:
        """Return which rows of a text column hold no text."""
        codes, texts = self.texts(name)
        is_empty = np.append(pc.binary_length(texts).to_numpy(zero_copy_only=False) == 0, True)
        return np.asarray(is_empty[codes[rows]])

    def where(self, name: str, wanted: tuple[str, ...]) -> Bools:
        """Return which events hold one of the wanted values in a name column."""
        found = self._where.get((name, wanted))
        if found is None:
            codes, values = self.coded(name)
            table = np.array([*(value in wanted for value in values), False])
            found = self._where[name, wanted] = np.asarray(table[codes])
        return found


def renumbered(codes: Rows, size: int) -> tuple[Rows, Rows]:
    """Return the distinct codes (of 0 to size - 1) in order, and the place of each among them."""
    if size > SPREAD * len(codes) + 1_024:
        distinct, place = np.unique(codes, return_inverse=True)
        return distinct, place.reshape(-1)
    is_there = np.zeros(size, bool)
    is_there[codes] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[codes]


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    return column


def _coded(column: pa.ChunkedArray | pa.Array) -> Coded:
    column = _whole(column)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(column)
    codes: Codes = np.asarray(column.indices.fill_null(MISSING).to_numpy(zero_copy_only=False), np.int32)
    return codes, [_text(value) for value in column.dictionary.to_pylist()]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return str(value).lower()
