"""Evaluate a rule's condition step by step, first on selectors and then on rows.

`bounds` evaluates a step on selectors, which have only the few columns by which rules select, and the names in texts
(`selectors.py`). It returns which selectors may pass and which must. `of` evaluates the step on rows that are still open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.rules.sigma.column_tests import NameColumnTests, TextColumnTests
from seawall.detection.rules.sigma.fields import Answer, Where
from seawall.detection.rules.sigma.folding import fold_whole_text
from seawall.detection.rules.sigma.model import FieldComparison
from seawall.detection.rules.sigma.records import RuleRecords, SelectorRecords
from seawall.detection.rules.sigma.rows import list_row_values
from seawall.events.coded_batch import Bools
from seawall.events.grouping import Rows

NAME, TEXT, PAIR = 1, 5, 9
"""Relative cost of testing a name column, a text, and two fields together; cheap tests run first."""

Bounds = tuple[Bools, Bools]


@dataclass(frozen=True, slots=True)
class ColumnTest:
    """Hold the index of a test among the tests of a column, restricted to the events that satisfy `where`."""

    tests: NameColumnTests | TextColumnTests
    place: int
    where: Where | None

    def of(self, records: RuleRecords, rows: Rows, *, is_nothing: bool) -> Bools:
        """Return which rows pass, or with `is_nothing`, which have no value; bool (rows,)."""
        ask = self.tests.is_nothing if is_nothing else self.tests.passes
        if not self.where:
            return ask(records, rows, self.place)
        result = np.full(len(rows), is_nothing)
        mine = np.flatnonzero(records.where(*self.where)[rows])
        if len(mine):
            result[mine] = ask(records, rows[mine], self.place)
        return result

    def bounds(self, selectors: SelectorRecords, *, is_nothing: bool) -> Bounds:
        """Return which selectors may pass (or have no value), and which must."""
        rows = np.arange(len(selectors))
        if isinstance(self.tests, NameColumnTests) and self.tests.column in selectors:
            found = self.of(selectors, rows, is_nothing=is_nothing)
            return found, found
        may = np.ones(len(rows), bool)
        if isinstance(self.tests, TextColumnTests):
            may = selectors.may_hold(self.tests.column, self.tests.path)
        if self.where:
            may = may & selectors.where(*self.where)
        return (np.ones(len(rows), bool), ~may) if is_nothing else (may, np.zeros(len(rows), bool))


class LeafStep:
    """Test a field: a value of any of its columns passes, or (`nothing`) none of them has a value."""

    def __init__(self, questions: tuple[ColumnTest, ...], *, asks: bool, nothing: bool) -> None:
        """Take `asks`, which means that some values pass, and `nothing`, which means that a missing value passes."""
        self._questions, self._asks, self._nothing = questions, asks, nothing
        self.cost: int = max(
            (TEXT if isinstance(one.tests, TextColumnTests) else NAME for one in questions), default=0
        )

    def bounds(self, selectors: SelectorRecords) -> Bounds:
        """Return which selectors may pass, and which must; bool (selectors,)."""
        may, must = np.zeros(len(selectors), bool), np.zeros(len(selectors), bool)
        for question in self._questions if self._asks else ():
            possible, certain = question.bounds(selectors, is_nothing=False)
            may, must = may | possible, must | certain
        if self._nothing:
            empty, surely = np.ones(len(selectors), bool), np.ones(len(selectors), bool)
            for question in self._questions:
                possible, certain = question.bounds(selectors, is_nothing=True)
                empty, surely = empty & possible, surely & certain
            may, must = may | empty, must | surely
        return may, must

    def of(self, records: RuleRecords, rows: Rows) -> Bools:
        """Return which rows pass, bool (rows,)."""
        result = np.zeros(len(rows), bool)
        for question in self._questions if self._asks else ():
            result |= question.of(records, rows, is_nothing=False)
        if self._nothing:
            none = np.ones(len(rows), bool)
            for question in self._questions:
                none &= question.of(records, rows, is_nothing=True)
            result |= none
        return result


class SameStep:
    """Compare the values of two fields in each row."""

    cost = PAIR

    def __init__(self, left: Sequence[Answer], right: Sequence[Answer], node: FieldComparison) -> None:
        self._left, self._right, self._node = left, right, node

    def bounds(self, selectors: SelectorRecords) -> Bounds:
        """Return which selectors may pass, and which must; bool (selectors,)."""
        is_there = bool(self._left) and bool(self._right)
        return np.full(len(selectors), is_there), np.zeros(len(selectors), bool)

    def of(self, records: RuleRecords, rows: Rows) -> Bools:
        """Return which rows pass, bool (rows,)."""
        left, right = list_row_values(records, rows, self._left), list_row_values(records, rows, self._right)
        return np.array([self._holds(a, b) for a, b in zip(left, right, strict=True)], bool)

    def _holds(self, left: tuple[str, ...], right: tuple[str, ...]) -> bool:
        pairs = ((fold_whole_text(one), fold_whole_text(other)) for one in left for other in right)
        if self._node.starts:
            return any(one.startswith(other) for one, other in pairs)
        if self._node.ends:
            return any(one.endswith(other) for one, other in pairs)
        return any(one == other for one, other in pairs)


class NotStep:
    """Pass rows that the part does not pass."""

    def __init__(self, part: Step) -> None:
        self._part = part
        self.cost: int = part.cost

    def bounds(self, selectors: SelectorRecords) -> Bounds:
        """Return which selectors may pass, and which must; bool (selectors,)."""
        may, must = self._part.bounds(selectors)
        return ~must, ~may

    def of(self, records: RuleRecords, rows: Rows) -> Bools:
        """Return which rows pass, bool (rows,)."""
        return ~self._part.of(records, rows)


class EveryStep:
    """Pass rows that all parts pass; the cheapest part runs first."""

    def __init__(self, parts: tuple[Step, ...]) -> None:
        self._parts = tuple(sorted(parts, key=lambda part: part.cost))
        self.cost: int = self._parts[-1].cost

    def bounds(self, selectors: SelectorRecords) -> Bounds:
        """Return which selectors may pass, and which must; bool (selectors,)."""
        each = [part.bounds(selectors) for part in self._parts]
        return np.logical_and.reduce([may for may, _ in each]), np.logical_and.reduce(
            [must for _, must in each]
        )

    def of(self, records: RuleRecords, rows: Rows) -> Bools:
        """Return which rows pass, bool (rows,)."""
        result = np.ones(len(rows), bool)
        left = rows
        for part in self._parts:
            passed = part.of(records, left)
            if not passed.all():
                result[result] = passed
                left = left[passed]
            if not len(left):
                break
        return result


class EitherStep:
    """Pass rows that any part passes; the cheapest part runs first."""

    def __init__(self, parts: tuple[Step, ...]) -> None:
        self._parts = tuple(sorted(parts, key=lambda part: part.cost))
        self.cost: int = max(part.cost for part in parts)

    def bounds(self, selectors: SelectorRecords) -> Bounds:
        """Return which selectors may pass, and which must; bool (selectors,)."""
        each = [part.bounds(selectors) for part in self._parts]
        return np.logical_or.reduce([may for may, _ in each]), np.logical_or.reduce(
            [must for _, must in each]
        )

    def of(self, records: RuleRecords, rows: Rows) -> Bools:
        """Return which rows pass, bool (rows,)."""
        result = np.zeros(len(rows), bool)
        left = rows
        for part in self._parts:
            passed = part.of(records, left)
            if passed.any():
                result[~result] = passed
                left = left[~passed]
            if not len(left):
                break
        return result


Step = LeafStep | SameStep | NotStep | EveryStep | EitherStep
