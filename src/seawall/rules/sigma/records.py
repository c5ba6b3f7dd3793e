"""Enriched events as rules look at them: names as codes into the batch's values, texts where somebody asks for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.schema.batches import MISSING, Codes
from seawall.schema.ordering import Rows

Coded = tuple[npt.NDArray[np.int32], list[str | None]]


class Records:
    """n events of one table. Columns are worked out when they are asked for, once."""

    def __init__(self, events: pa.Table) -> None:
        self._events = events
        self._coded: dict[str, Coded] = {}
        self._texts: dict[str, pa.Array] = {}

    def __len__(self) -> int:
        return int(self._events.num_rows)

    def coded(self, name: str) -> Coded:
        """Return the codes int32 (n,) of a name or number column, -1 for null, and the values that they mean."""
        found = self._coded.get(name)
        if found is None:
            found = self._coded[name] = _coded(self._events[name])
        return found

    def text(self, name: str) -> pa.Array:
        """Return a text column."""
        found = self._texts.get(name)
        if found is None:
            found = self._texts[name] = _whole(self._events[name])
        return found

    def distinct(self, name: str, rows: Rows) -> Coded:
        """Return for rows of a text column the codes int32 (rows,), -1 for null, and the distinct texts."""
        column = self.text(name)
        if column.null_count == len(column):
            return np.full(len(rows), MISSING, np.int32), []
        return _coded(column.take(pa.array(rows)))

    def where(self, name: str, wanted: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Return which events hold one of the wanted values in a name column."""
        codes, values = self.coded(name)
        table = np.array([*(value in wanted for value in values), False])
        return np.asarray(table[codes])


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
