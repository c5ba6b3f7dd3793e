"""Decide which rules can hit which records, by the columns that rules select by, mainly the operation, and by names in texts.

Records with equal values in these few columns share a selector, and there are few selectors. For each rule and selector it
is computed once whether the rule can hit such records, and whether it must; results are kept between batches. Where rules
are open because they ask for names in JSON, the texts of these records are searched for the names: records whose texts lack
the same names share a finer selector. Only rules that are neither impossible nor certain are then evaluated on records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from seawall.detection.rules.sigma.fields import PathAnswer, Where
from seawall.detection.rules.sigma.records import RuleRecords, SelectorRecords, renumber_codes
from seawall.detection.rules.sigma.steps import Step
from seawall.detection.rules.sigma.text_names import UNKNOWN, Names, TextNames
from seawall.events.coded_batch import Bools
from seawall.events.grouping import Rows

COLUMNS = ("kind", "activity_name", "status", "status_code", "auth_protocol", "account_type")
"""Name columns with few values, by which nearly all rules select."""

REMEMBERED = 20_000
"""Number of selectors whose verdicts are kept. Beyond it, all are dropped."""

LARGEST_KEY = 1 << 62
NEVER, OPEN, ALWAYS = 0, 1, 2
Selector = tuple[str | int | None, ...]
"""The values of `COLUMNS`, then of each text column the group of the text."""

_Place = tuple[str, Where | None]
"""A text column, and the restriction to some events."""

Verdicts = npt.NDArray[np.int8]


class Selectors:
    """Keep the verdict of each rule for each selector."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._asked: list[dict[_Place, Names]] = []
        self._wheres: dict[Where | None, int] = {}
        self._names: dict[str, TextNames] = {}
        self._places: dict[Selector, int] = {}
        self._verdicts: Verdicts = np.zeros((0, 0), np.int8)
        self._wanted: dict[tuple[bytes, tuple[bool, ...]], dict[str, Names]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, step: Step, asked: Iterable[PathAnswer]) -> None:
        """Add a rule, and the paths that it asks for."""
        found: dict[_Place, Names] = {}
        for one in asked:
            self._wheres.setdefault(one.where, len(self._wheres))
            names = self._names.setdefault(one.column, TextNames()).add(one.path)
            found[one.column, one.where] = found.get((one.column, one.where), frozenset()) | names
        self._steps.append(step)
        self._asked.append(found)
        self._places.clear()
        self._wanted.clear()

    def open(self, records: RuleRecords, rows: Rows) -> Iterator[tuple[int, Rows, Rows]]:
        """Yield for each rule that can hit any row: its index, the rows that it certainly hits, and the rows to evaluate."""
        codes, verdicts = self._select(records, rows)
        small = (
            codes.astype(np.uint16) if len(verdicts) < 1 << 16 else codes
        )  # NumPy sorts 16-bit integers in linear time
        by_selector = rows[np.argsort(small, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(verdicts)))
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

    def _select(self, records: RuleRecords, rows: Rows) -> tuple[Rows, Verdicts]:
        """Return for each row the index of its selector, and the verdicts, int8 (selectors, rules)."""
        columns = [records.code_column(name) for name in COLUMNS]
        codes, first = _combine([(places[rows] + np.int64(1), len(values) + 1) for places, values in columns])
        firsts = rows[first]
        values_of = (
            [[*values, None][place] for place in places[firsts].tolist()] for places, values in columns
        )
        selectors: list[Selector] = list(zip(*values_of, strict=True))
        unnamed = (UNKNOWN,) * len(self._names)
        verdicts = self._judge([(*selector, *unnamed) for selector in selectors])
        asked = [self._find_wanted(*one) for one in zip(selectors, verdicts, strict=True)]
        if not any(asked):
            return codes, verdicts
        groups = self._group_texts(records, rows, codes, asked)
        named = [codes, *groups]
        codes, first = _combine([(column, int(column.max(initial=0)) + 1) for column in named])
        finer = zip(*(column[first].tolist() for column in named), strict=True)
        return codes, self._judge([(*selectors[one], *others) for one, *others in finer])

    def _group_texts(
        self, records: RuleRecords, rows: Rows, codes: Rows, asked: Sequence[dict[str, Names]]
    ) -> list[Rows]:
        """Return by text column the group of each row's text, UNKNOWN where no open rule asks for names."""
        result = []
        for column, names in self._names.items():
            groups = np.full(len(rows), UNKNOWN, np.int64)
            result.append(groups)
            wanted = [some.get(column, frozenset()) for some in asked]
            for one in dict.fromkeys(some for some in wanted if some and not names.are_many()):
                places = np.flatnonzero(np.array([other == one for other in wanted])[codes])
                groups[places] = _find_groups(records, rows[places], column, names, one)
            if names.are_many() and any(wanted):
                names.index(records.texts(column), records.texts(column).numbers(rows)[1])
        return result

    def _find_wanted(self, selector: Selector, verdict: npt.NDArray[np.int8]) -> dict[str, Names]:
        """Return by text column the names for which the open rules ask."""
        holds = tuple(_satisfies(selector, where) for where in self._wheres)
        key = verdict.tobytes(), holds
        found = self._wanted.get(key)
        if found is None:
            if len(self._wanted) > REMEMBERED:
                self._wanted.clear()
            found = self._wanted[key] = {}
            for place in np.flatnonzero(verdict == OPEN).tolist():
                for (column, where), names in self._asked[place].items():
                    if holds[self._wheres[where]]:
                        found[column] = found.get(column, frozenset()) | names
        return found

    def _judge(self, selectors: Sequence[Selector]) -> Verdicts:
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

    def _ask(self, fresh: Sequence[Selector]) -> Verdicts:
        columns = list(zip(*fresh, strict=True))
        groups = zip(self._names.items(), columns[len(COLUMNS) :], strict=True)
        selected = zip(COLUMNS, columns[: len(COLUMNS)], strict=True)
        records = SelectorRecords(
            pa.table({name: pa.array(one, pa.string()) for name, one in selected}),
            {column: _match_groups(names, np.array(some)) for (column, names), some in groups},
        )
        result = np.zeros((len(fresh), len(self._steps)), np.int8)
        for place, step in enumerate(self._steps):
            may, must = step.bounds(records)
            result[:, place] = np.where(must, ALWAYS, np.where(may, OPEN, NEVER))
        return result


def _satisfies(selector: Selector, where: Where | None) -> bool:
    """Return whether records of a selector may satisfy a restriction."""
    return where is None or where[0] not in COLUMNS or selector[COLUMNS.index(where[0])] in where[1]


def _match_groups(names: TextNames, groups: Rows) -> Callable[[str], Bools]:
    """Return the function that returns which selectors' texts may have a value at a path."""
    distinct, place = np.unique(groups, return_inverse=True)
    return lambda path: names.may_hold(distinct.tolist(), path)[place]


def _find_groups(records: RuleRecords, rows: Rows, column: str, names: TextNames, wanted: Names) -> Rows:
    """Return the group of each row's text by the wanted names."""
    texts = records.texts(column)
    numbers, distinct = texts.numbers(rows)
    groups = np.zeros(len(texts), np.int64)
    groups[distinct] = names.find_groups(texts, distinct, wanted)
    return np.asarray(groups[numbers])


def _combine(columns: Iterable[tuple[Rows, int]]) -> tuple[Rows, Rows]:
    """Return for each row the code of its combination of columns (codes and their number), and a row of each combination."""
    keys, size = np.zeros(1, np.int64), 1
    for codes, count in columns:
        if size > LARGEST_KEY // count:
            some, keys = renumber_codes(keys, size)
            size = len(some)
        keys = keys * count + codes
        size *= count
    some, codes = renumber_codes(keys, size)
    first = np.empty(len(some), np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first
