"""Remember results of a function by the numbers of the texts that they are for. Without numba nothing is numbered."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]

_FEWEST_ROWS = 4096
"""Rows of a batch for which numbering pays: compiled code takes a second to load."""
_MOST_TEXTS, _MOST_BYTES = 500_000, 32 << 20
"""Texts that are numbered before numbering begins anew, and bytes of them."""
_MOST_RESULTS = 200_000


class TextNumbering(Protocol):
    """Number texts, the same way in every batch."""

    @property
    def size(self) -> int:
        """Return the bytes of all texts."""

    def __len__(self) -> int: ...

    def number(self, texts: Any, wanted: npt.NDArray[np.bool_]) -> Codes:
        """Return the numbers of the wanted ones of an Arrow string array; -1 for the others."""


class Numbering:
    """Number the texts that come into this process. `compiled` is the module `value_numbers`."""

    def __init__(self, compiled: Any) -> None:
        self.compiled = compiled
        self._texts: TextNumbering = compiled.TextNumbers()

    @property
    def texts(self) -> TextNumbering:
        """Return the texts that have numbers now. Ask once for each use: too many are forgotten, all at once."""
        if len(self._texts) > _MOST_TEXTS or self._texts.size > _MOST_BYTES:
            self._texts = self.compiled.TextNumbers()
        return self._texts


def find_numbering(rows: int) -> Numbering | None:
    """Return how texts are numbered; None for small batches and without numba."""
    return _make_numbering() if rows >= _FEWEST_ROWS else None


@lru_cache(1)
def _make_numbering() -> Numbering | None:
    try:
        compiled = import_module("seawall.events.formats.value_numbers")
    except ImportError:
        return None
    compiled.prepare()
    return Numbering(compiled)


class NumberedResults:
    """Hold the results of a function by the number of each tuple that it was applied to."""

    def __init__(self, numbering: Numbering, inputs: int, outputs: int) -> None:
        self._texts = numbering.texts
        self._tuples = numbering.compiled.TupleNumbers(inputs)
        self._outputs = [_Output(numbering.compiled) for _ in range(outputs)]

    def is_of_others(self, texts: TextNumbering) -> bool:
        """Return whether this is to be forgotten: there are many results, or texts have other numbers now."""
        return self._texts is not texts or len(self._tuples) > _MOST_RESULTS

    def find(self, columns: Codes) -> tuple[Codes, Rows]:
        """Return the number of each row's tuple, and the first row of each that has no result yet."""
        found: tuple[Codes, Rows] = self._tuples.number(columns)
        return found

    def add(self, results: list[tuple[Any, ...]]) -> None:
        """Add the results for the new tuples."""
        for output, values in zip(self._outputs, zip(*results, strict=True), strict=True) if results else ():
            output.add(values)

    def name(self, output: int, rows: Codes) -> tuple[Codes, Any]:
        """Return codes and texts of an output for rows whose tuples have these numbers."""
        return self._outputs[output].name(rows)


class _Output:
    """Hold the texts that one output of a function has, and the code of each result; -1 for null and blank."""

    def __init__(self, compiled: Any) -> None:
        self._lengthen = compiled.lengthen
        self._used = compiled.UsedCodes()
        self._codes = np.empty(1024, np.int32)
        self._count = 0
        self._known: dict[str, int] = {}
        self._texts: list[str] = []

    def add(self, values: tuple[Any, ...]) -> None:
        codes = [self._learn(value) if value else -1 for value in values]
        self._codes = self._lengthen(self._codes, self._count + len(codes))
        self._codes[self._count : self._count + len(codes)] = codes
        self._count += len(codes)

    def _learn(self, text: str) -> int:
        code = self._known.setdefault(text, len(self._texts))
        if code == len(self._texts):
            self._texts.append(text)
        return code

    def name(self, rows: Codes) -> tuple[Codes, Any]:
        numbers, used = self._used.renumber(self._codes[rows], len(self._texts))
        texts = self._texts
        return numbers, pa.array([texts[code] for code in used.tolist()], pa.string())
