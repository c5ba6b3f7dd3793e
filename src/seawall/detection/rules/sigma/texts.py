"""Number the distinct texts of a column across batches, so that results for a text can be kept."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.values import EVERYTHING, NAMES, find_values, list_top_names, parse_text
from seawall.events.coded_batch import MISSING, Bools, Codes
from seawall.events.grouping import Rows

REMEMBERED = 20_000
"""Number of texts that are kept between batches. Beyond it, all are dropped."""

MOST_CHARACTERS = 40_000_000
"""Most characters of all kept texts."""

MOST_PARSED = 1_000
"""Number of texts whose parsed JSON is kept during a batch."""

NOTHING = 0
"""Number of the empty text and of null."""


class TextNumbers:
    """Number texts. When all are dropped, `age` increases, and earlier numbers become invalid."""

    def __init__(self) -> None:
        self.age = -1
        self._numbers: dict[str, int] = {}
        self._texts: list[str] = []
        self._characters = 0
        self._inside: dict[tuple[int, str], tuple[str, ...]] = {}
        self._parsed: dict[int, Any] = {}
        self._shapes: dict[frozenset[str], int] = {}
        self._shape: Rows = np.zeros(0, np.int64)
        self._forget_all()

    def __len__(self) -> int:
        return len(self._texts)

    def number_texts(self, column: pa.Array) -> Codes:
        """Return the number of each text of a string column, int32 (n,)."""
        encoded = column.dictionary_encode()
        fresh = encoded.dictionary.to_numpy(zero_copy_only=False).tolist()
        numbers = self._numbers
        table = np.array([numbers.setdefault(text, len(numbers)) for text in fresh] + [NOTHING], np.int32)
        known = len(self._texts)
        if len(numbers) > known:
            self._texts.extend(islice(numbers, known, None))
            self._characters += sum(map(len, self._texts[known:]))
        indices = encoded.indices
        places = indices.fill_null(len(fresh)) if indices.null_count else indices
        return np.asarray(table[places.to_numpy()])

    def inside(self, number: int, path: str) -> tuple[str, ...]:
        """Return the values at a path of a text's JSON. The empty path is the text itself."""
        text = self._texts[number]
        if not path:
            return (text,) if text else ()
        found: list[str] = []
        with suppress(
            RecursionError
        ):  # JSON texts nested in JSON texts too deep: keep the values found so far
            found.extend(find_values(self._read(number), path))
        return tuple(found)

    def known_inside(self, number: int, path: str) -> tuple[str, ...]:
        """Return the same, cached, for fields that are needed in every batch."""
        found = self._inside.get((number, path))
        if found is None:
            found = self._inside[number, path] = self.inside(number, path)
        return found

    def may_hold(self, path: str, numbers: Rows) -> Bools:
        """Return which texts' JSON may have a value at a path, judged by its top-level names; bool (numbers,)."""
        if path in ("", EVERYTHING, NAMES):
            return np.ones(len(numbers), bool)
        parts = path.split(".")
        heads = {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
        shapes = self._shapes_of(numbers)
        holds = np.array([not heads.isdisjoint(names) for names in self._shapes], bool)
        return np.asarray(holds[shapes])

    def end_batch(self) -> None:
        """Drop the parsed JSON, and all texts if they are too many."""
        self._parsed.clear()
        if len(self._texts) > REMEMBERED or self._characters > MOST_CHARACTERS:
            self._forget_all()

    def _read(self, number: int) -> Any:
        if number not in self._parsed:
            if len(self._parsed) >= MOST_PARSED:
                self._parsed.clear()
            self._parsed[number] = parse_text(self._texts[number])
        return self._parsed[number]

    def _shapes_of(self, numbers: Rows) -> Rows:
        """Return the index in `_shapes` of each text's set of top-level names."""
        if len(self._shape) < len(self._texts):
            more = np.full(2 * len(self._texts) - len(self._shape), MISSING, np.int64)
            self._shape = np.concatenate([self._shape, more])
        for number in numbers[self._shape[numbers] == MISSING].tolist():
            names = list_top_names(self._texts[number])
            self._shape[number] = self._shapes.setdefault(names, len(self._shapes))
        return self._shape[numbers]

    def _forget_all(self) -> None:
        self.age += 1
        self._numbers, self._texts, self._characters = {"": NOTHING}, [""], 0
        self._inside, self._parsed = {}, {}
        self._shapes, self._shape = {}, np.zeros(0, np.int64)
