"""Record the values by which correlations group and count the records that rules hit; later the fields may be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.folding import fold_whole_text
from seawall.detection.rules.sigma.model import SigmaCorrelation
from seawall.detection.rules.sigma.records import renumber_codes
from seawall.detection.rules.sigma.rows import Valued
from seawall.events.grouping import Rows

LONGEST_KEY = 512
"""Longest value that a correlation groups by, in characters."""

MOST_VALUES = 8
"""Most values of a field that a correlation uses of one record."""

Told = tuple[Rows, list[str]]
"""For each row an index into a list of distinct JSON texts, and that list."""

_encode = msgspec.json.Encoder().encode


class CorrelationKeys:
    """Record `[[correlation, rule, keys, values]]` of n records as JSON, null for records that no correlation uses.

    Records with equal content share one text, because most records of an ordinary day are equal.
    """

    def __init__(self, size: int) -> None:
        self._codes = np.zeros(size, np.int64)
        self._said = [""]
        self._told: dict[tuple[str, int, str, bool], tuple[Rows, Told]] = {}

    def take(
        self,
        rows: Rows,
        correlation: SigmaCorrelation,
        rule: tuple[int, str],
        family: str,
        coded: Callable[[Rows, str], Valued],
    ) -> None:
        """Record the values of the rows that a rule (its number and id) hit. `coded` returns a field's values for rows."""
        number, name = rule
        keys = [
            self._field(family, rows, field, coded, is_key=True) for field in correlation.group_by[number]
        ]
        counted = [self._field(family, rows, field, coded, is_key=False) for field in correlation.value]
        keyed, counted_by = _together(len(rows), keys), _together(len(rows), counted)
        place, said = _join(keyed, counted_by, "],[")
        head = _encode([correlation.about.id, name])[:-1].decode()
        self._add(rows, (place, [f"{head},[{one}]]" for one in said]))

    def array(self) -> pa.Array:
        """Return the JSON text of each record, a string array (n,)."""
        used, place = renumber_codes(self._codes, len(self._said))
        texts = [f"[{self._said[code]}]" if code else None for code in used.tolist()]
        return pa.array(texts, pa.string()).take(pa.array(place))

    def _field(
        self, family: str, rows: Rows, field: str, coded: Callable[[Rows, str], Valued], *, is_key: bool
    ) -> Told:
        """Return the values of rows in a field, cached: several rules often hit the same rows."""
        at = (family, id(rows), field, is_key)
        if at not in self._told:
            codes, found = coded(rows, field)
            self._told[at] = rows, (codes, list(_write(found, is_key=is_key)))
        return self._told[at][1]

    def _add(self, rows: Rows, told: Told) -> None:
        place, said = told
        pairs, inverse = renumber_codes(self._codes[rows] * len(said) + place, len(self._said) * len(said))
        self._codes[rows] = len(self._said) + inverse
        before, now = np.divmod(pairs, len(said))
        self._said += [
            f"{self._said[one]},{said[other]}" if one else said[other]
            for one, other in zip(before.tolist(), now.tolist(), strict=True)
        ]


def _write(found: Iterable[Sequence[str]], *, is_key: bool) -> Iterable[str]:
    """Yield a field's values as JSON: the first value for grouping, all for counting."""
    for some in found:
        texts = [fold_whole_text(text)[:LONGEST_KEY] for text in some[:MOST_VALUES]]
        yield _encode((texts[0] if texts else None) if is_key else texts).decode()


def _together(size: int, columns: Sequence[Told]) -> Told:
    """Return the values of each row in several fields."""
    told = columns[0] if columns else (np.zeros(size, np.int64), [""])
    for column in columns[1:]:
        told = _join(told, column, ",")
    return told


def _join(left: Told, right: Told, between: str) -> Told:
    (place, said), (other, more) = left, right
    pairs, together = renumber_codes(place * len(more) + other, len(said) * len(more))
    before, now = np.divmod(pairs, len(more))
    both = zip(before.tolist(), now.tolist(), strict=True)
    return together, [said[one] + between + more[another] for one, another in both]
