"""What all questions about one column say of each of its values: asked once for each distinct value, then looked up by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from seawall.detection.rules.sigma.folding import fold_text
from seawall.detection.rules.sigma.model import Predicate, ValueTest
from seawall.detection.rules.sigma.records import RuleRecords
from seawall.detection.rules.sigma.texts import NOTHING, TextNumbers
from seawall.events.coded_batch import Bools
from seawall.events.grouping import Rows

REMEMBERED_NAMES = 100_000
"""Values of which the answers are kept from batch to batch; then all are forgotten."""

UNKNOWN = 2
"""What a question says of a text that was not asked yet, beside 0 and 1."""

Spell = Callable[[str], Iterable[str]]


class _Answers:
    """Tests in the order in which they were added, and what they say of texts."""

    def __init__(self) -> None:
        self.tests: list[ValueTest] = []
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._others: list[tuple[int, Predicate]] = []
        self._lowered: list[tuple[int, Predicate]] = []
        self._known: dict[ValueTest, int] = {}

    def add(self, test: ValueTest) -> int:
        """Return the place of a test."""
        place = self._known.get(test)
        if place is None:
            place = self._known[test] = len(self.tests)
            self.tests.append(test)
            for text in test.exact:
                self._exact[text].append(place)
            self._others += [(place, passes) for passes in test.others]
            self._lowered += [(place, passes) for passes in test.lowered]
        return place

    def nothing(self) -> Bools:
        """Return what tests say where there is no value, bool (tests + 1, 1)."""
        return np.array([[False]] * len(self.tests) + [[True]])

    def say(self, found: Sequence[Sequence[str]]) -> Bools:
        """Return for each of m fields with their values which tests one of the values passes, and whether there was none.

        bool (tests + 1, m).
        """
        says = np.zeros((len(self.tests) + 1, len(found)), bool)
        says[-1] = [not some for some in found]
        places: dict[str, int] = {}
        which = np.array([places.setdefault(text, len(places)) for some in found for text in some], np.int64)
        owner = np.repeat(np.arange(len(found)), [len(some) for some in found])
        if not places:
            return says
        for test, passing in self._passing(tuple(places)):
            says[test, owner[passing[which]]] = True
        return says

    def _passing(self, texts: Sequence[str]) -> Iterator[tuple[int, Bools]]:
        """Yield tests and which texts pass them."""
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


class NameFacet:
    """Questions about a name column, of which a value may be spelled in several ways. A place is a question."""

    def __init__(self, column: str, spell: Spell | None) -> None:
        self.column, self._spell = column, spell
        self._answers = _Answers()
        self._rows: dict[str, int] = {}
        self._table = np.zeros((0, 0), bool)
        self._looked: tuple[RuleRecords, Bools] | None = None

    def add(self, test: ValueTest) -> int:
        """Return the place of a question."""
        self._rows.clear()
        return self._answers.add(test)

    def table(self, records: RuleRecords) -> Bools:
        """Return for each code of a batch (the last: null) what each question says; the last column: there is nothing."""
        if self._looked is None or self._looked[0] is not records:
            _, found = records.code_column(self.column)
            self._looked = records, self._make_table(found)
        return self._looked[1]

    def forget(self) -> None:
        """Let go of the last batch."""
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
            more = self._answers.say(spelled).T
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
        """Return which rows have a value that passes a question."""
        says = self.table(records)[:, place]
        if not says.any():
            return np.zeros(len(rows), bool)
        return np.asarray(says.take(records.codes(self.column, rows)))

    def is_nothing(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have no value."""
        del place
        return self.passes(records, rows, -1)


class TextFacet:
    """Questions about what the JSON of a text column holds at a path; the empty path is the text itself. A place is a question.

    Only texts of the rows that are asked for are looked at.
    """

    def __init__(self, column: str, path: str) -> None:
        self.column, self._path = column, path
        self._answers = _Answers()
        self._age = -1
        self._says: npt.NDArray[np.int8] = np.zeros((0, 0), np.int8)

    def add(self, test: ValueTest) -> int:
        """Return the place of a question."""
        self._age = -1
        return self._answers.add(test)

    def passes(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have a value that passes a question."""
        (numbers, asked), texts = records.numbers(self.column, rows), records.texts(self.column)
        self._reserve(texts)
        says = self._says[place].take(asked)
        if (says == UNKNOWN).any():
            self._answer(texts, asked[says == UNKNOWN])
            says = self._says[place].take(asked)
        if not says.any():
            return np.zeros(len(rows), bool)
        return np.asarray(self._says[place].take(numbers).view(bool))

    def is_nothing(self, records: RuleRecords, rows: Rows, place: int) -> Bools:
        """Return which rows have no value at the path."""
        del place
        if not self._path:
            return np.asarray(records.numbers(self.column, rows)[0] == NOTHING)
        return self.passes(records, rows, -1)

    def _reserve(self, texts: TextNumbers) -> None:
        """Make room for what is said of every text that is known."""
        tests = len(self._answers.tests) + 1
        if self._age != texts.age:
            self._age, self._says = texts.age, np.zeros((tests, 0), np.int8)
        if self._says.shape[1] < len(texts):
            more = np.full((tests, 2 * len(texts) - self._says.shape[1]), UNKNOWN, np.int8)
            self._says = np.concatenate([self._says, more], axis=1)

    def _answer(self, texts: TextNumbers, fresh: Rows) -> None:
        self._says[:, fresh] = self._answers.nothing()
        some = fresh[texts.may_hold(self._path, fresh)]
        if len(some):
            self._says[:, some] = self._answers.say([texts.inside(at, self._path) for at in some.tolist()])
