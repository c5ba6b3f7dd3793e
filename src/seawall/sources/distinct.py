"""Applies a Python function to each DISTINCT tuple of column values instead of to each row.

Log columns repeat: a hundred thousand rows hold a few hundred user agents. Everything that needs judgement is
therefore a plain function of values, run once for each distinct combination, and the rows are numpy arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Row = tuple[str | None, ...]
Function = Callable[..., tuple[Any, ...]]

_REMEMBERED = 200_000


class Column:
    """A dictionary-encoded text column: `codes` (int32, -1 for null) into `values`."""

    __slots__ = ("_values", "codes", "dictionary")

    def __init__(self, codes: npt.NDArray[np.int32], dictionary: Any) -> None:
        self.codes = codes
        self.dictionary = dictionary
        self._values: list[str | None] | None = None

    @classmethod
    def of(cls, array: Any) -> Column:
        """Encode an Arrow string array or chunked array."""
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        if isinstance(array, pa.ChunkedArray):
            array = array.chunk(0) if array.num_chunks else pa.array([], pa.string())
        if array.null_count == len(array):
            return cls(np.full(len(array), -1, np.int32), pa.array([], pa.string()))
        encoded = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32, copy=False)
        return cls(codes, encoded.dictionary)

    @property
    def values(self) -> list[str | None]:
        """The distinct values as Python strings."""
        if self._values is None:
            self._values = self.dictionary.to_pylist()
        return self._values

    def __len__(self) -> int:
        return len(self.codes)

    def array(self) -> Any:
        """The column as an Arrow dictionary array."""
        indices = pa.array(self.codes, mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(indices, self.dictionary)


class Mapper:
    """A function of column values with a memory across batches. The function must be pure."""

    def __init__(self, function: Function, outputs: int) -> None:
        self._function = function
        self._outputs = outputs
        self._memory: dict[Row, tuple[Any, ...]] = {}

    def __call__(self, *columns: Column) -> tuple[Column, ...]:
        """Apply to each distinct tuple of the columns; results are text (or None), one `Column` for each output."""
        inverse, rows = distinct_rows(columns)
        results = [self._result(row) for row in rows]
        return tuple(_column([result[k] for result in results], inverse) for k in range(self._outputs))

    def numbers(self, *columns: Column) -> tuple[npt.NDArray[np.float64], ...]:
        """Like a call, for results that are numbers or booleans; None becomes NaN."""
        inverse, rows = distinct_rows(columns)
        results = [self._result(row) for row in rows]
        return tuple(
            np.array([np.nan if result[k] is None else float(result[k]) for result in results], np.float64)[
                inverse
            ]
            for k in range(self._outputs)
        )

    def _result(self, row: Row) -> tuple[Any, ...]:
        known = self._memory.get(row)
        if known is None:
            known = self._function(*row)
            if len(self._memory) >= _REMEMBERED:
                self._memory.clear()
            self._memory[row] = known
        return known


def distinct_rows(columns: tuple[Column, ...]) -> tuple[npt.NDArray[np.int32], list[Row]]:
    """For each row the number of its distinct tuple, and the tuples."""
    key, sizes = columns[0].codes.astype(np.int64) + 1, [len(columns[0].dictionary) + 1]
    space = sizes[0]
    parts: list[tuple[Column, ...]] = [(columns[0],)]
    representatives: Any = None
    for column in columns[1:]:
        size = len(column.dictionary) + 1
        if space * size > 1 << 62:
            # Too many combinations for one number: count those that exist and go on from there.
            encoded = pa.array(key).dictionary_encode()
            key = encoded.indices.to_numpy().astype(np.int64)
            space = len(encoded.dictionary)
        key = key * size + (column.codes + 1)
        space *= size
        parts.append((column,))
    encoded = pa.array(key).dictionary_encode()
    inverse = encoded.indices.to_numpy()
    # Dictionary codes count up in order of first appearance: the first row of each is where the maximum grows.
    representatives = np.flatnonzero(np.diff(np.maximum.accumulate(inverse), prepend=-1))
    picked = [_pick(column, representatives) for column in columns]
    return inverse, list(zip(*picked, strict=True))


def _pick(column: Column, rows: npt.NDArray[np.intp]) -> list[str | None]:
    codes = column.codes[rows]
    if len(column.dictionary) > 4 * len(rows) + 64:
        return column.array().take(pa.array(rows)).to_pylist()  # type: ignore[no-any-return]
    values = column.values
    return [values[code] if code >= 0 else None for code in codes.tolist()]


def _column(results: list[str | None], inverse: npt.NDArray[np.int32]) -> Column:
    numbers: dict[str, int] = {}
    codes = [-1 if value is None else numbers.setdefault(value, len(numbers)) for value in results]
    return Column(np.array(codes, np.int32)[inverse], pa.array(list(numbers), pa.string()))


def constant(value: str, length: int) -> Any:
    """A dictionary column that holds one value in every row."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(length, np.int32)), pa.array([value], pa.string())
    )
