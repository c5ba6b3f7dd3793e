"""Apply a Python function to each distinct tuple of column values instead of each row.

Log columns repeat: a hundred thousand rows contain a few hundred user agents. So every interpretation of values is a plain
function that runs once for each distinct tuple, and rows are handled with NumPy.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from seawall.events.formats.numbered_results import NumberedResults, Numbering, TextNumbering, find_numbering

Row = tuple[str | None, ...]
Function = Callable[..., tuple[Any, ...]]

_REMEMBERED = 200_000
_MOST_CHARACTERS = 16_000_000
"""Results that a mapper remembers at most, and characters of the values that they are for."""
_TABLE_SHARE = 4
_NOTHING = pa.array([""], pa.string())
"""Dictionary of a column without values: even the index of a null must lie inside the dictionary."""


class Column:
    """Hold a dictionary-encoded text column: `codes`, int32 (n,), -1 for null, into `values`."""

    __slots__ = ("_numbers", "_values", "codes", "dictionary")

    def __init__(self, codes: npt.NDArray[np.int32], dictionary: Any) -> None:
        self.codes = codes
        self.dictionary = dictionary
        self._values: list[str | None] | None = None
        self._numbers: tuple[TextNumbering, npt.NDArray[np.int32]] | None = None

    @classmethod
    def of(cls, array: Any) -> Column:
        """Encode an Arrow string array or chunked array; a column is returned as it is."""
        if isinstance(array, Column):
            return array
        if array.null_count == len(array):
            return cls(np.full(len(array), -1, np.int32), pa.array([], pa.string()))
        if pa.types.is_dictionary(array.type):
            encoded = array.unify_dictionaries() if isinstance(array, pa.ChunkedArray) else array
        else:
            # Encode nulls as values: without a validity bitmap, the codes need no copy.
            encoded = pc.dictionary_encode(array, null_encoding="encode")
        if isinstance(encoded, pa.ChunkedArray):
            # The chunks share one dictionary; only their codes are concatenated.
            dictionary = encoded.chunk(0).dictionary
            codes = np.concatenate([_indices(chunk) for chunk in encoded.chunks])
        else:
            dictionary, codes = encoded.dictionary, _indices(encoded)
        return cls(*_without_missing(codes, dictionary))

    @property
    def values(self) -> list[str | None]:
        """Return the distinct values."""
        if self._values is None:
            self._values = self.dictionary.to_pylist()
        return self._values

    def __len__(self) -> int:
        return len(self.codes)

    def number(self, texts: TextNumbering) -> npt.NDArray[np.int32]:
        """Return the number of each row's text among `texts`, int32 (n,), -1 for null."""
        if not len(self.dictionary):
            return self.codes
        if self._numbers is None or self._numbers[0] is not texts:
            is_used = np.zeros(len(self.dictionary) + 1, np.bool_)
            is_used[self.codes] = True
            numbers = texts.number(self.dictionary, is_used[:-1])
            self._numbers = texts, np.append(numbers, np.int32(-1))[self.codes]
        return self._numbers[1]

    def array(self) -> Any:
        """Return the column as an Arrow dictionary array."""
        is_missing = self.codes < 0
        if not is_missing.any():
            return pa.DictionaryArray.from_arrays(pa.array(self.codes), self.dictionary)
        # Arrow looks up the number of a null as well when it joins dictionaries. One that lies outside makes it read foreign
        # memory, take what it finds there for a number, and crash at the next join.
        indices = pa.array(np.maximum(self.codes, 0), mask=is_missing)
        return pa.DictionaryArray.from_arrays(indices, self.dictionary if len(self.dictionary) else _NOTHING)


def _without_missing(codes: npt.NDArray[np.int32], dictionary: Any) -> tuple[npt.NDArray[np.int32], Any]:
    """Return codes with -1 for null and for blank text, and the dictionary without them."""
    blank, null = pc.index(dictionary, "").as_py(), -1
    if dictionary.null_count:
        null = int(np.flatnonzero(dictionary.is_null().to_numpy(zero_copy_only=False))[0])
    if blank < 0 and null < 0:
        return codes, dictionary
    numbers = np.arange(len(dictionary) + 1, dtype=np.int32)
    numbers[-1] = -1
    if null >= 0:
        numbers[null:-1] -= 1
        numbers[null] = -1
        dictionary = dictionary.drop_null()
    if blank >= 0:
        numbers[blank] = -1
    return numbers[codes], dictionary


def _indices(encoded: Any) -> npt.NDArray[np.int32]:
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    indices = indices.to_numpy(zero_copy_only=False)
    return indices.astype(np.int32, copy=False)  # type: ignore[no-any-return]


def coalesce(first: Column, second: Column) -> Column:
    """Return the first column, with values of the second where the first has none."""
    if not len(second.dictionary):
        return first
    if not len(first.dictionary):
        return second
    places = pc.index_in(second.dictionary, value_set=first.dictionary)
    is_fresh = places.is_null().to_numpy(zero_copy_only=False)
    numbers = places.fill_null(0).to_numpy().astype(np.int32)
    numbers[is_fresh] = len(first.dictionary) + np.arange(np.count_nonzero(is_fresh))
    codes = np.where(first.codes >= 0, first.codes, np.append(numbers, np.int32(-1))[second.codes])
    return Column(codes, pa.concat_arrays([first.dictionary, second.dictionary.filter(pa.array(is_fresh))]))


class Mapper:
    """Apply a pure function to column values, and cache its results across batches."""

    def __init__(self, function: Function, outputs: int) -> None:
        self._function = function
        self._outputs = outputs
        self._memory: dict[Row, tuple[Any, ...]] = {}
        self._characters = 0
        self._numbered: dict[int, NumberedResults] = {}
        self._lock = threading.Lock()

    def __call__(self, *columns: Column) -> tuple[Column, ...]:
        """Apply the function to each distinct tuple; return one text `Column` for each output."""
        numbering = find_numbering(len(columns[0]))
        if numbering is not None:
            return self._apply(numbering, columns)
        inverse, rows = distinct_rows(columns)
        results = self._results(rows)
        return tuple(_column([result[k] for result in results], inverse) for k in range(self._outputs))

    def numbers(self, *columns: Column) -> tuple[npt.NDArray[np.float64], ...]:
        """Apply the function, for results that are numbers or booleans; None becomes NaN. Each result is float64 (n,)."""
        inverse, rows = distinct_rows(columns)
        results = self._results(rows)
        return tuple(
            np.array([np.nan if result[k] is None else float(result[k]) for result in results], np.float64)[
                inverse
            ]
            for k in range(self._outputs)
        )

    def _apply(self, numbering: Numbering, columns: tuple[Column, ...]) -> tuple[Column, ...]:
        """Do the same by numbers of texts, which stay the same across batches."""
        with self._lock:
            texts = numbering.texts
            results = self._numbered.get(len(columns))
            if results is None or results.is_of_others(texts):
                results = NumberedResults(numbering, len(columns), self._outputs)
                self._numbered[len(columns)] = results
            try:
                rows, firsts = results.find(np.stack([column.number(texts) for column in columns]))
                fresh = zip(*(_values_of(column, column.codes[firsts]) for column in columns), strict=True)
                results.add([self._function(*row) for row in fresh])
            except BaseException:
                # What has a number by now would never get a result.
                self._numbered.clear()
                raise
            return tuple(Column(*results.name(output, rows)) for output in range(self._outputs))

    def _results(self, rows: list[Row]) -> list[tuple[Any, ...]]:
        found = list(map(self._memory.get, rows))
        if None in found:
            return [
                self._result(row) if known is None else known for row, known in zip(rows, found, strict=True)
            ]
        return found  # type: ignore[return-value]

    def _result(self, row: Row) -> tuple[Any, ...]:
        known = self._memory.get(row)
        if known is None:
            known = self._function(*row)
            self._characters += sum(map(len, filter(None, row)))
            if len(self._memory) >= _REMEMBERED or self._characters > _MOST_CHARACTERS:
                self._memory.clear()
                self._characters = 0
            self._memory[row] = known
        return known


def distinct_rows(columns: tuple[Column, ...]) -> tuple[npt.NDArray[np.int32], list[Row]]:
    """Return for each row the index of its distinct tuple, int32 (n,), and the tuples. One tuple may belong to no row."""
    held = [column for column in columns if len(column.dictionary)]
    if len(held) <= 1:
        # The codes of a single column serve as indices; null comes first.
        inverse = held[0].codes + 1 if held else np.zeros(len(columns[0]), np.int32)
        values: list[str | None] = [None, *held[0].values] if held else [None]
        return inverse, [tuple(value if column in held else None for column in columns) for value in values]
    key, factors = _combine(held)
    if key is None:
        return _rows_one_by_one(columns)
    combinations, inverse = _number(key, math.prod(factors))
    picked: dict[int, list[str | None]] = {}
    for column, factor in zip(reversed(held), reversed(factors), strict=True):
        combinations, codes = np.divmod(combinations, factor)
        picked[id(column)] = _values_of(column, codes - 1)
    nothing: list[str | None] = [None] * len(combinations)
    rows = zip(*(picked.get(id(column), nothing) for column in columns), strict=True)
    return inverse, list(rows)


def _number(key: npt.NDArray[np.int64], bound: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the distinct keys below `bound`, and the index of each key among them."""
    if bound > _TABLE_SHARE * len(key):
        encoded = pa.array(key).dictionary_encode()
        return encoded.dictionary.to_numpy().copy(), encoded.indices.to_numpy()
    # With few possible keys, a table is faster than hashing.
    numbers = np.zeros(bound, np.int32)
    numbers[key] = 1
    distinct = np.flatnonzero(numbers)
    numbers[distinct] = np.arange(len(distinct), dtype=np.int32)
    return distinct, numbers[key]


def _rows_one_by_one(columns: tuple[Column, ...]) -> tuple[npt.NDArray[np.int32], list[Row]]:
    """Return the result of `distinct_rows` for columns whose combinations exceed 64 bits."""
    numbers: dict[tuple[int, ...], int] = {}
    tuples = zip(*(column.codes.tolist() for column in columns), strict=True)
    inverse = np.array([numbers.setdefault(codes, len(numbers)) for codes in tuples], np.int32)
    return inverse, [
        tuple(column.values[code] if code >= 0 else None for column, code in zip(columns, codes, strict=True))
        for codes in numbers
    ]


def _combine(columns: list[Column]) -> tuple[npt.NDArray[np.int64] | None, list[int]]:
    """Return one integer for the codes of several columns, or None if it exceeds 62 bits, and the factor of each column."""
    factors = [len(column.dictionary) + 1 for column in columns]
    if math.prod(factors) >= 1 << 62:
        return None, factors
    key = columns[0].codes.astype(np.int64) + 1
    for column, factor in zip(columns[1:], factors[1:], strict=True):
        key *= factor
        key += column.codes
        key += 1
    return key, factors


def _values_of(column: Column, codes: npt.NDArray[np.integer[Any]]) -> list[str | None]:
    if len(column.dictionary) > 4 * len(codes) + 64:
        picked = column.dictionary.take(pa.array(codes, mask=codes < 0))
        return picked.to_pylist()  # type: ignore[no-any-return]
    values = column.values
    return [values[code] if code >= 0 else None for code in codes.tolist()]


def _column(results: list[str | None], inverse: npt.NDArray[np.int32]) -> Column:
    distinct = dict.fromkeys(results)
    for nothing in (None, ""):
        distinct.pop(nothing, None)
    numbers = dict(zip(distinct, range(len(distinct)), strict=True))
    codes = np.fromiter(map(numbers.get, results, repeat(-1)), np.int32, len(results))
    return Column(codes[inverse], pa.array(list(distinct), pa.string()))
