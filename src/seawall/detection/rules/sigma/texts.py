"""Number the distinct texts of a batch's text column, and look inside their JSON only where a value may be.

A text without the names of a path has no value there. One search over all texts finds those that contain the names, and
only these are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.rules.sigma.values import EVERYTHING, NAMES, find_values, parse_text
from seawall.events.coded_batch import Bools, Codes
from seawall.events.grouping import Rows

MOST_CHARACTERS = 20_000_000
"""Most characters of all texts whose values are kept between batches. When it is reached, all are dropped after the batch."""

MOST_KEPT = 100_000
"""Most texts whose values are kept between batches, counted once for each path."""

MOST_PARSED_CHARACTERS = 5_000_000
"""Most characters of the texts whose parsed JSON is kept during a batch."""

NOTHING = 0
"""Number of the empty text and of null."""

Numbered = tuple[Codes, Rows]
"""The number of each row's text, and the distinct numbers."""

SINGLY = 16
"""Up to so many texts, it is faster to parse them than to search them first."""

MOST_PATTERNS = 64
"""Most patterns whose results are kept during a batch."""

LONGEST_NAME, MOST_NAMES = 64, 8
"""Longest part of a name that is searched for, and most parts of a path."""

_SEARCHED = re.compile("[a-z0-9_-]+(?!\u0307)")
"""Characters of names that are searched for. U+0130 (capital I with a dot) becomes `i` and U+0307 in lower case."""

ESCAPE = r"\\u(?:002[dD]|003[0-9]|00[4-7]|212[aA])"
"""Escapes that may stand for these characters in JSON. U+212A (the Kelvin sign) becomes `k` in lower case."""


class TextValues:
    """Find the values at paths in the JSON of one column's texts, and keep them from batch to batch."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, tuple[str, ...]]] = {}
        self._kept = self._characters = self._parsed_characters = 0
        self._parsed: dict[str, Any] = {}

    def inside(self, text: str, path: str) -> tuple[str, ...]:
        """Return the values at a path of a text's JSON. The empty path is the text itself."""
        if not path:
            return (text,) if text else ()
        known = self._found.setdefault(path, {})
        found = known.get(text)
        if found is None:
            found = self._look(text, path)
            if self._kept < MOST_KEPT and self._characters < MOST_CHARACTERS:
                known[text] = found
                self._kept += 1
                self._characters += len(text)
        return found

    def end_batch(self) -> None:
        """Drop the parsed JSON, and all values if they are too many."""
        self._parsed, self._parsed_characters = {}, 0
        if self._kept >= MOST_KEPT or self._characters >= MOST_CHARACTERS:
            self._found, self._kept, self._characters = {}, 0, 0

    def _look(self, text: str, path: str) -> tuple[str, ...]:
        found: list[str] = []
        with suppress(
            RecursionError
        ):  # JSON texts nested in JSON texts too deep: keep the values found so far
            found.extend(find_values(self._read(text), path))
        return tuple(found)

    def _read(self, text: str) -> Any:
        if text in self._parsed:
            return self._parsed[text]
        found = parse_text(text)
        if self._parsed_characters < MOST_PARSED_CHARACTERS:
            self._parsed[text] = found
            self._parsed_characters += len(text)
        return found


class ColumnTexts:
    """Number the distinct texts of a string column of n rows."""

    def __init__(self, column: pa.Array, values: TextValues) -> None:
        """Take the column, and the values that earlier batches found in its texts."""
        self._values = values
        encoded = column.dictionary_encode()
        texts = encoded.dictionary.cast(pa.string()).fill_null("")
        self._texts: pa.Array = pa.concat_arrays([pa.array([""], pa.string()), texts])
        table = np.append(np.arange(1, len(self._texts), dtype=np.int32), np.int32(NOTHING))
        table[:-1][pc.binary_length(texts).to_numpy(zero_copy_only=False) == 0] = NOTHING
        self._numbers: Codes = table[encoded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)]
        self._found: dict[str, Bools] = {}
        self._index: Mapping[str, Sequence[int]] = {}
        self._indexed: Bools = np.zeros(len(self._texts), bool)
        self._last: tuple[Rows, Numbered] | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def numbers(self, rows: Rows) -> Numbered:
        """Return the numbers of the rows' texts, int32 (rows,), and the distinct numbers."""
        if self._last is None or self._last[0] is not rows:  # questions follow each other about the same rows
            found = self._numbers.take(rows)
            is_there = np.zeros(len(self), bool)
            is_there[found] = True
            self._last = rows, (found, np.flatnonzero(is_there))
        return self._last[1]

    def take(self, numbers: Rows) -> pa.Array:
        """Return the texts of numbers as a string array (numbers,)."""
        return self._texts.take(pa.array(numbers))

    def may_hold(self, path: str, numbers: Rows) -> Bools:
        """Return which texts may have a value at a path, judged by the names that they contain; bool (numbers,)."""
        found = np.asarray(numbers != NOTHING)
        names = list_names(path)
        if not names or len(numbers) <= SINGLY:
            return found
        has_names = np.logical_and.reduce([self.contain_name(name, numbers) for name in names])
        return np.asarray(found & (has_names | self.contain(ESCAPE, numbers)))

    def contain_name(self, name: str, numbers: Rows) -> Bools:
        """Return which texts contain a name, or may do; bool (numbers,)."""
        if name not in self._index:
            return self.contain(f"(?i){name}", numbers)
        found = ~self._indexed
        found[self._index[name]] = True
        return np.asarray(found[numbers])

    def index(self, numbers: Rows, names: Mapping[str, Sequence[int]]) -> None:
        """Keep for each name the numbers that contain it among some numbers, so that questions need no search."""
        self._indexed = np.zeros(len(self), bool)
        self._indexed[numbers] = True
        self._index = names

    def contain(self, pattern: str, numbers: Rows) -> Bools:
        """Return which texts contain a pattern, bool (numbers,); kept if most texts are asked for."""
        if pattern not in self._found:
            if len(numbers) * 2 < len(self) or len(self._found) >= MOST_PATTERNS:
                return _match(self.take(numbers), pattern)
            self._found[pattern] = _match(self._texts, pattern)
        return np.asarray(self._found[pattern][numbers])

    def inside(self, numbers: Rows, path: str) -> tuple[Rows, list[tuple[str, ...]]]:
        """Return the places of texts that may have a value at a path, and the values; the empty path is the text itself."""
        places = np.flatnonzero(self.may_hold(path, numbers))
        texts: Sequence[str] = self.take(numbers[places]).to_numpy(zero_copy_only=False).tolist()
        return places, [self._values.inside(text, path) for text in texts]


def _match(texts: pa.Array, pattern: str) -> Bools:
    return np.asarray(pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False))


@lru_cache(maxsize=20_000)
def list_names(path: str) -> tuple[str, ...]:
    """Return parts of names that each text with a value at the path contains, unless it has escapes."""
    if path in ("", EVERYTHING, NAMES):
        return ()
    names = [name[:LONGEST_NAME] for part in path.split(".") for name in _SEARCHED.findall(part)]
    return tuple(names[-MOST_NAMES:])
