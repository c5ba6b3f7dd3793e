"""Which rules can hit which records, by the columns that rules select by: their operation above all.

Records that hold the same in these few columns are one selector, and there are few of them. Each rule is asked once of each
selector whether it can hit its records, and whether it must; what was found is kept from batch to batch. Records are then
asked only of rules that their selector leaves open.
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
"""Selectors of which verdicts are kept; then all are forgotten."""

LARGEST_KEY = 1 << 62
NEVER, OPEN, ALWAYS = 0, 1, 2
Selector = tuple[str | None, ...]


class Selectors:
    """What rules say of selectors."""

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
        """Yield for each rule that can hit any of the rows: its place, the rows that it surely hits, and those to ask."""
        codes, selectors = _select(records, rows)
        verdicts = self._judge(selectors)
        small = codes.astype(np.uint16) if len(selectors) < 1 << 16 else codes  # of which sorting is linear
        by_selector = rows[np.argsort(small, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(selectors)))
        starts = np.concatenate([[0], ends[:-1]])

        known: dict[bytes, Rows] = {}

        def rows_of(verdict: npt.NDArray[np.bool_]) -> Rows:
            """Return the rows of selectors; the very same for rules that agree in them, so that what is asked of them is kept."""
            found = known.get(verdict.tobytes())
            if found is None:
                parts = [by_selector[starts[one] : ends[one]] for one in np.flatnonzero(verdict).tolist()]
                found = known[verdict.tobytes()] = np.concatenate([rows[:0], *parts])
            return found

        able = np.flatnonzero(verdicts.any(axis=0)).tolist()
        for place in sorted(
            able, key=lambda one: verdicts[:, one].tobytes()
        ):  # questions about the same rows in a row
            verdict = verdicts[:, place]
            yield place, rows_of(verdict == ALWAYS), rows_of(verdict == OPEN)

    def _judge(self, selectors: Sequence[Selector]) -> npt.NDArray[np.int8]:
        """Return the verdicts int8 (selectors, rules)."""
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
    """Return for each row the place of its selector, and the selectors."""
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
    told = ([[*values, None][place] for place in places[first].tolist()] for places, values in columns)
    return codes, list(zip(*told, strict=True))
