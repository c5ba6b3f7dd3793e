"""Number the distinct texts of a batch's text column, and look inside their JSON only where a value may be.

A text without the names of a path has no value there. One search over all texts finds those that contain the names, and
only these are parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seawall.detection.rules.sigma.values import EVERYTHING, NAMES, find_values, parse_text
from seawall.events.coded_batch import MISSING, Bools, Codes
from seawall.events.grouping import Rows

MOST_CHARACTERS = 40_000_000
"""Most characters of all texts whose values are kept between batches. Beyond it, all are dropped."""

MOST_KEPT = 100_000
"""Most texts whose values are kept between batches, counted once for each path."""

MOST_PARSED_CHARACTERS = 5_000_000
"""Most characters of the texts whose parsed JSON is kept during a batch."""

NOTHING = 0
"""Number of the empty text and of null."""

MANY = 16
"""If more than one in this many texts of a column is requested, or any after the first request, all others are numbered."""

Numbered = tuple[Codes, Rows]
"""The number of each row's text, and the distinct numbers."""

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
            found = known[text] = self._look(text, path)
            self._kept += 1
            self._characters += len(text)
        return found

    def end_batch(self) -> None:
        """Drop the parsed JSON, and all values if they are too many."""
        self._parsed, self._parsed_characters = {}, 0
        if self._kept > MOST_KEPT or self._characters > MOST_CHARACTERS:
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
    """Number the distinct texts of a string column of n rows. Only requested texts are numbered."""

    def __init__(self, column: pa.Array, values: TextValues) -> None:
        """Take the column, and the values that earlier batches found in its texts."""
        self._column, self._values = column, values
        self._numbers: Codes = np.full(len(column), MISSING, np.int32)
        self._texts: pa.Array = pa.array([""], pa.string())
        self._escaped: Bools = np.zeros(0, bool)
        self._last: tuple[Rows, Numbered] | None = None

    def __len__(self) -> int:
        return len(self._texts)

    def numbers(self, rows: Rows) -> Numbered:
        """Return the numbers of the rows' texts, int32 (rows,), and the distinct numbers."""
        if (
            self._last is not None and self._last[0] is rows
        ):  # questions follow each other about the same rows
            return self._last[1]
        fresh = rows[self._numbers.take(rows) == MISSING]
        if len(fresh) and (len(self) > 1 or len(fresh) * MANY > len(self._numbers)):
            is_fresh = self._numbers == MISSING
            self._numbers[is_fresh] = self._number(self._column)[is_fresh]
        elif len(fresh):
            self._numbers[fresh] = self._number(self._column.take(pa.array(fresh)))
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
        is_text = np.asarray(numbers != NOTHING)
        names = list_names(path)
        if not names:
            return is_text
        pattern = "(?is)" + ".*".join(names)
        found = pc.match_substring_regex(self.take(numbers), pattern).to_numpy(zero_copy_only=False)
        return np.asarray((found | self._find_escaped()[numbers]) & is_text)

    def inside(self, numbers: Rows, path: str) -> list[tuple[str, ...]]:
        """Return the values at a path of each text's JSON. The empty path is the text itself."""
        result: list[tuple[str, ...]] = [()] * len(numbers)
        places = np.flatnonzero(self.may_hold(path, numbers))
        texts: Sequence[str] = self.take(numbers[places]).to_numpy(zero_copy_only=False).tolist()
        for place, text in zip(places.tolist(), texts, strict=True):
            result[place] = self._values.inside(text, path)
        return result

    def _number(self, column: pa.Array) -> Codes:
        """Add the texts of an array, and return the number of each."""
        encoded = column.dictionary_encode()
        first, texts = len(self._texts), encoded.dictionary.cast(pa.string()).fill_null("")
        self._texts = pa.concat_arrays([self._texts, texts])
        table = np.append(np.arange(first, len(self._texts), dtype=np.int32), np.int32(NOTHING))
        table[:-1][pc.binary_length(texts).to_numpy(zero_copy_only=False) == 0] = NOTHING
        indices = encoded.indices
        places = indices.fill_null(len(texts)) if indices.null_count else indices
        return np.asarray(table[places.to_numpy()])

    def _find_escaped(self) -> Bools:
        """Return which texts have names that may be written with escapes, bool (texts,)."""
        if len(self._escaped) < len(self):
            fresh = self._texts.slice(len(self._escaped))
            found = pc.match_substring_regex(fresh, ESCAPE)
            self._escaped = np.concatenate([self._escaped, found.to_numpy(zero_copy_only=False)])
        return self._escaped


@lru_cache(maxsize=20_000)
def list_names(path: str) -> tuple[str, ...]:
    """Return parts of names that each text with a value at the path contains in this order, unless it has escapes.

    A value follows its name.
    """
    if path in ("", EVERYTHING, NAMES):
        return ()
    names = [name[:LONGEST_NAME] for part in path.split(".") for name in _SEARCHED.findall(part)]
    return tuple(names[-MOST_NAMES:])
