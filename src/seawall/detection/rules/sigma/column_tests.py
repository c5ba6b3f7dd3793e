"""Evaluate the tests of all rules on one column: once for each distinct value, then by look-up for each row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from seawall.detection.rules.sigma.folding import fold_text
from seawall.detection.rules.sigma.model import Predicate, ValueTest
from seawall.detection.rules.sigma.records import RuleRecords
from seawall.detection.rules.sigma.texts import NOTHING, ColumnTexts
from seawall.events.coded_batch import MISSING, Bools, Codes
from seawall.events.grouping import Rows

REMEMBERED_NAMES = 100_000
"""Number of values whose results are kept between batches. Beyond it, all are dropped."""

MOST_CHARACTERS = 4_000_000
"""Most characters of the values of a path whose results are kept between batches. Beyond it, all are dropped."""

MOST_RESULTS = 100_000_000
"""Number of results that are kept between batches. Beyond it, all are dropped."""

Spell = Callable[[str], Iterable[str]]


class _Answers:
    """Hold tests in the order in which they were added, and evaluate them on texts."""

    def __init__(self) -> None:
        self.tests: list[ValueTest] = []
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._others: list[tuple[int, Predicate]] = []
        self._lowered: list[tuple[int, Predicate]] = []
        self._known: dict[ValueTest, int] = {}

    def add(self, test: ValueTest) -> int:
        """Add a test unless an equal one exists; return its index."""
        place = self._known.get(test)
        if place is None:
            place = self._known[test] = len(self.tests)
            self.tests.append(test)
            for text in test.exact:
                self._exact[text].append(place)
            self._others += [(place, passes) for passes in test.others]
            self._lowered += [(place, passes) for passes in test.lowered]
        return place

    def evaluate(self, found: Sequence[Sequence[str]]) -> Bools:
        """Return which tests each of m fields passes with any of its values, bool (tests + 1, m).

        The last row is true for fields without a value.
        """
        results = np.zeros((len(self.tests) + 1, len(found)), bool)
        results[-1] = [not some for some in found]
        places: dict[str, int] = {}
        which = np.array([places.setdefault(text, len(places)) for some in found for text in some], np.int64)
        owner = np.repeat(np.arange(len(found)), [len(some) for some in found])
        if not places:
            return results
        for test, passing in self._passing(tuple(places)):
            results[test, owner[passing[which]]] = True
        return results

    def _passing(self, texts: Sequence[str]) -> Iterator[tuple[int, Bools]]:
        """Yield tests, each with the texts that pass it, bool (texts,)."""
        exact: dict[int, list[int]] = defaultdict(list)
        lower = [fold_text(text) for text in texts] if self._exact or self._lowered else []
        whole = [text.strip() for text in lower]
        for at, text in enumerate(whole if self._exact else ()):
            for test in self._exact.get(text, ()):
                exact[test].append(at)
        for test, some in exact.items():
            passing = np.zeros(len(texts), bool)
            passing[some] = True
            yield test, passing
        bare = [at for at, text in enumerate(lower) if len(text) != len(whole[at])] if self._lowered else []
        for test, passes in self._lowered:
            passing = np.fromiter(map(passes, lower), bool, len(texts))
            for at in bare:
                passing[at] |= passes(whole[at])
            yield test, passing
        for test, passes in self._others:
            yield test, np.fromiter(map(passes, texts), bool, len(texts))


class NameColumnTests:
    """Evaluate tests on a name column, whose values may have several spellings."""

    def __init__(self, column: str, spell: Spell | None) -> None:
        self.column, self._spell = column, spell
        self._answers = _Answers()
        self._rows: dict[str, int] = {}
        self._table = np.zeros((0, 0), bool)
        self._looked: tuple[RuleRecords, Bools] | None = None

    def add(self, test: ValueTest) -> int:
        """Add a test; return its index."""
        self._rows.clear()
        return self._answers.add(test)

    def table(self, records: RuleRecords) -> Bools:
        """Return the result of each test for each code of a batch, bool (codes + 1, tests + 1).

        The last row is for null; the last column is true for codes without a value.
        """
        if self._looked is None or self._looked[0] is not records:
            _, found = records.code_column(self.column)
            self._looked = records, self._make_table(found)
        return self._looked[1]

    def forget(self) -> None:
        """Drop the last batch."""
        self._looked = None

    def _make_table(self, found: Sequence[str | None]) -> Bools:
        width = len(self._answers.tests) + 1
        fresh = {value for value in found if value is not None and value not in self._rows}
        if fresh:
            if len(self._rows) + len(fresh) > REMEMBERED_NAMES:
                self._rows.clear()
                fresh = {value for value in found if value is not None}
            if not self._rows:
                self._table = np.zeros((0, width), bool)
            self._rows |= {value: len(self._table) + place for place, value in enumerate(fresh)}
            spelled = [(value,) if self._spell is None else tuple(self._spell(value)) for value in fresh]
            more = self._answers.evaluate(spelled).T
            self._table = np.concatenate([self._table, more])
        result = np.zeros((len(found) + 1, width), bool)
        result[-1, -1] = True
        known = [(at, self._rows[value]) for at, value in enumerate(found) if value is not None]
        if known:
            at, rows = np.array(known).T
            result[at] = self._table[rows]
        result[[at for at, value in enumerate(found) if value is None], -1] = True
        return result

    def passes(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have a value that passes the test at an index, bool (rows,)."""
        results = self.table(records)[:, place]
        if not results.any():
            return np.zeros(len(rows), bool)
        return np.asarray(results.take(records.codes(self.column, rows)))

    def is_nothing(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have no value, bool (rows,)."""
        del place
        return self.passes(records, rows, -1)


class TextColumnTests:
    """Evaluate tests on the values at a path in the JSON of a text column. The empty path is the text itself.

    Texts with equal results share a class. Only texts of requested rows are looked at, and few of these are parsed.
    """

    def __init__(self, column: str, path: str) -> None:
        self.column, self.path = column, path
        self._answers = _Answers()
        self._looked: tuple[ColumnTexts, Codes] | None = None
        self._reset()

    def add(self, test: ValueTest) -> int:
        """Add a test; return its index."""
        self._known.clear()
        return self._answers.add(test)

    def forget(self) -> None:
        """Drop the last batch."""
        self._looked = None

    def passes(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have a value that passes the test at an index, bool (rows,)."""
        texts = records.texts(self.column)
        numbers, distinct_numbers = texts.numbers(rows)
        classes = self._classes(texts)
        fresh = distinct_numbers[classes.take(distinct_numbers) == MISSING]
        if len(fresh):
            classes[fresh] = self._classify(texts, fresh)
        results = self._table[:, place]
        if not results.any() or not results.take(classes.take(distinct_numbers)).any():
            return np.zeros(len(rows), bool)
        return np.asarray(results.take(classes.take(numbers)))

    def is_nothing(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have no value at the path, bool (rows,)."""
        del place
        if not self.path:
            return np.asarray(records.texts(self.column).numbers(rows)[0] == NOTHING)
        return self.passes(records, rows, -1)

    def _reset(self) -> None:
        self._known: dict[tuple[str, ...], int] = {}
        self._rows: dict[bytes, int] = {}
        self._characters = 0
        self._table = np.zeros((0, len(self._answers.tests) + 1), bool)

    def _classes(self, texts: ColumnTexts) -> Codes:
        """Return the class of each text of a batch, MISSING if it is unknown, int32 (texts,)."""
        if self._looked is None or self._looked[0] is not texts:
            is_large = self._table.size > MOST_RESULTS or self._characters > MOST_CHARACTERS
            if not self._known or len(self._known) > REMEMBERED_NAMES or is_large:
                self._reset()
                self._learn([()])
            self._looked = texts, np.full(len(texts), MISSING, np.int32)
        return self._looked[1]

    def _classify(self, texts: ColumnTexts, fresh: Rows) -> Codes:
        """Return the classes of texts."""
        places, found = texts.inside(fresh, self.path)
        self._learn([some for some in dict.fromkeys(found) if some not in self._known])
        classes = np.full(len(fresh), self._known[()], np.int32)
        classes[places] = np.fromiter(map(self._known.__getitem__, found), np.int32, len(found))
        return classes

    def _learn(self, fresh: Sequence[tuple[str, ...]]) -> None:
        """Evaluate the tests on values, and give them their classes."""
        if not fresh:
            return
        results = self._answers.evaluate(fresh).T
        more = []
        for some, row in zip(fresh, results, strict=True):
            written = row.tobytes()
            if written not in self._rows:
                self._rows[written] = len(self._rows)
                more.append(row)
            self._known[some] = self._rows[written]
            self._characters += sum(map(len, some))
        if more:
            self._table = np.concatenate([self._table, np.array(more)])
