"""Decide which rules can hit which records, by the columns that rules select by: mainly the operation.

Records with equal values in these few columns share a selector, and there are few selectors. For each rule and selector it
is computed once whether the rule can hit such records, and whether it must; results are kept between batches. Only rules
that are neither impossible nor certain are then evaluated on records.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.rules.sigma.records import RuleRecords, renumber_codes
from seawall.detection.rules.sigma.steps import Step
from seawall.events.grouping import Rows

COLUMNS = ("kind", "activity_name", "status", "status_code", "auth_protocol", "account_type")
"""Name columns with few values, by which nearly all rules select."""

REMEMBERED = 20_000
"""Number of selectors whose verdicts are kept. Beyond it, all are dropped."""

LARGEST_KEY = 1 << 62
NEVER, OPEN, ALWAYS = 0, 1, 2
Selector = tuple[str | None, ...]


class Selectors:
    """Keep the verdict of each rule for each selector."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._places: dict[Selector, int] = {}
        self._verdicts: npt.NDArray[np.int8] = np.zeros((0, 0), np.int8)

    def __len__(self) -> int:
        return len(self._places)

    def add(self, step: Step) -> None:
        """Add a rule."""
        self._steps.append(step)
        self._places.clear()

    def open(self, records: RuleRecords, rows: Rows) -> Iterator[tuple[int, Rows, Rows]]:
        """Yield for each rule that can hit any row: its index, the rows that it certainly hits, and the rows to evaluate."""
        codes, selectors = _select(records, rows)
        verdicts = self._judge(selectors)
        small = (
            codes.astype(np.uint16) if len(selectors) < 1 << 16 else codes
        )  # NumPy sorts 16-bit integers in linear time
        by_selector = rows[np.argsort(small, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(selectors)))
        starts = np.concatenate([[0], ends[:-1]])

        known: dict[bytes, Rows] = {}

        def rows_of(verdict: npt.NDArray[np.bool_]) -> Rows:
            """Return the rows of some selectors. Rules with equal selectors get the same array, so that caches by array apply."""
            found = known.get(verdict.tobytes())
            if found is None:
                parts = [by_selector[starts[one] : ends[one]] for one in np.flatnonzero(verdict).tolist()]
                found = known[verdict.tobytes()] = np.concatenate([rows[:0], *parts])
            return found

        able = np.flatnonzero(verdicts.any(axis=0)).tolist()
        for place in sorted(
            able, key=lambda one: verdicts[:, one].tobytes()
        ):  # rules with the same rows follow each other
            verdict = verdicts[:, place]
            yield place, rows_of(verdict == ALWAYS), rows_of(verdict == OPEN)

    def _judge(self, selectors: Sequence[Selector]) -> npt.NDArray[np.int8]:
        """Return the verdicts, int8 (selectors, rules)."""
        fresh = [one for one in dict.fromkeys(selectors) if one not in self._places]
        if fresh:
            if len(self._places) + len(fresh) > REMEMBERED:
                self._places.clear()
                fresh = list(dict.fromkeys(selectors))
            if not self._places:
                self._verdicts = np.zeros((0, len(self._steps)), np.int8)
            self._places |= {one: len(self._verdicts) + at for at, one in enumerate(fresh)}
            self._verdicts = np.concatenate([self._verdicts, self._ask(fresh)])
        return self._verdicts[[self._places[one] for one in selectors]]

    def _ask(self, fresh: Sequence[Selector]) -> npt.NDArray[np.int8]:
        columns = zip(*fresh, strict=True)
        records = RuleRecords(
            pa.table({name: pa.array(one, pa.string()) for name, one in zip(COLUMNS, columns, strict=True)})
        )
        result = np.zeros((len(fresh), len(self._steps)), np.int8)
        for place, step in enumerate(self._steps):
            may, must = step.bounds(records)
            result[:, place] = np.where(must, ALWAYS, np.where(may, OPEN, NEVER))
        return result


def _select(records: RuleRecords, rows: Rows) -> tuple[Rows, list[Selector]]:
    """Return for each row the index of its selector, and the selectors."""
    columns = [records.code_column(name) for name in COLUMNS]
    keys, size = np.zeros(len(rows), np.int64), 1
    for places, values in columns:
        if size > LARGEST_KEY // (len(values) + 1):
            some, keys = renumber_codes(keys, size)
            size = len(some)
        keys = keys * (len(values) + 1) + places[rows] + 1
        size *= len(values) + 1
    some, codes = renumber_codes(keys, size)
    first = np.empty(len(some), np.int64)
    first[codes[::-1]] = rows[::-1]
    columns_of_values = (
        [[*values, None][place] for place in places[first].tolist()] for places, values in columns
    )
    return codes, list(zip(*columns_of_values, strict=True))
