"""What all questions about one column say of each of its values: asked once for each distinct value, then looked up by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from seawall.rules.sigma.model import Predicate, Test
from seawall.rules.sigma.records import Records
from seawall.rules.sigma.values import EVERYTHING, NAMES, parsed, top_names, values
from seawall.schema.batches import Bools, Codes
from seawall.schema.ordering import Rows

REMEMBERED_NAMES = 100_000
REMEMBERED_TEXTS = 10_000
"""Values of which the answers are kept from batch to batch; then all are forgotten."""

LONGEST_REMEMBERED = 4_096
"""Characters of a text up to which its answers are kept."""

Spell = Callable[[str], Iterable[str]]


class _Answers:
    """Tests in the order in which they were added, and what they say of texts: bits `passes`, then whether there was none."""

    def __init__(self) -> None:
        self.tests: list[Test] = []
        self._exact: dict[str, list[int]] = defaultdict(list)
        self._others: list[tuple[int, tuple[Predicate, ...]]] = []
        self._known: dict[Test, int] = {}

    def add(self, test: Test) -> int:
        """Return the place of a test."""
        place = self._known.get(test)
        if place is None:
            place = self._known[test] = len(self.tests)
            self.tests.append(test)
            for text in test.exact:
                self._exact[text].append(place)
            if test.others:
                self._others.append((place, test.others))
        return place

    def say(self, found: Iterable[str], row: Bools, first: int) -> bool:
        """Set the bits of tests that one of the texts passes, from `first` on; return whether there was any text."""
        is_any = False
        for text in found:
            is_any = True
            for place in self._exact.get(text.lower(), ()):
                row[first + place] = True
            for place, others in self._others:
                if not row[first + place]:
                    for passes in others:
                        if passes(text):
                            row[first + place] = True
                            break
        return is_any


class NameFacet:
    """Questions about a name column, of which a value may be spelled in several ways. A place is a question."""

    def __init__(self, column: str, spell: Spell | None) -> None:
        self.column, self._spell = column, spell
        self._answers = _Answers()
        self._rows: dict[str, int] = {}
        self._table = np.zeros((0, 0), bool)
        self._looked: tuple[Records, Bools] | None = None

    def add(self, test: Test) -> int:
        """Return the place of a question."""
        self._rows.clear()
        return self._answers.add(test)

    def table(self, records: Records) -> Bools:
        """Return for each code of a batch (the last: null) what each question says; the last column: there is nothing."""
        if self._looked is None or self._looked[0] is not records:
            _, found = records.coded(self.column)
            self._looked = records, self._tabled(found)
        return self._looked[1]

    def forget(self) -> None:
        """Let go of the last batch."""
        self._looked = None

    def _tabled(self, found: Sequence[str | None]) -> Bools:
        width = len(self._answers.tests) + 1
        fresh = {value for value in found if value is not None and value not in self._rows}
        if fresh:
            if len(self._rows) + len(fresh) > REMEMBERED_NAMES:
                self._rows.clear()
                fresh = {value for value in found if value is not None}
            if not self._rows:
                self._table = np.zeros((0, width), bool)
            more = np.zeros((len(fresh), width), bool)
            for place, value in enumerate(fresh):
                self._rows[value] = len(self._table) + place
                spelled = (value,) if self._spell is None else self._spell(value)
                more[place, -1] = not self._answers.say(spelled, more[place], 0)
            self._table = np.concatenate([self._table, more])
        result = np.zeros((len(found) + 1, width), bool)
        result[-1, -1] = True
        known = [(at, self._rows[value]) for at, value in enumerate(found) if value is not None]
        if known:
            at, rows = np.array(known).T
            result[at] = self._table[rows]
        result[[at for at, value in enumerate(found) if value is None], -1] = True
        return result

    def passes(self, records: Records, rows: Rows, place: int) -> Bools:
        """Return which rows have a value that passes a question."""
        says = self.table(records)[:, place]
        return np.asarray(
            says[records.coded(self.column)[0][rows]] if says.any() else np.zeros(len(rows), bool)
        )

    def is_nothing(self, records: Records, rows: Rows, place: int) -> Bools:
        """Return which rows have no value."""
        del place
        return self.passes(records, rows, -1)


@dataclass(slots=True)
class _Look:
    """What is known of a batch: `table` says for each of its distinct texts (the last: null) the bits of those `seen`."""

    records: Records
    codes: Codes
    texts: pa.Array
    table: Bools
    seen: Bools
    rows: Rows | None = None


class TextFacet:
    """Questions about what the JSON of a text column holds at paths; the empty path is the text itself.

    Only texts of the rows that are asked for are looked at.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        self._paths: dict[str, _Answers] = {}
        self._places: list[tuple[str, int]] = []
        self._layout: dict[str, tuple[int, int]] = {}
        self._heads: dict[str, list[str]] = {}
        self._always: list[str] = []
        self._width, self._is_json = 0, False
        self._known: dict[str, Bools] = {}
        self._looked: _Look | None = None

    def add(self, path: str, test: Test) -> int:
        """Return the place of a question."""
        answers = self._paths.setdefault(path, _Answers())
        self._places.append((path, answers.add(test)))
        self._known.clear()
        self._layout.clear()
        return len(self._places) - 1

    def passes(self, records: Records, rows: Rows, place: int) -> Bools:
        """Return which rows have a value that passes a question."""
        path, inner = self._places[place]
        return self._bits(records, rows, lambda: self._layout[path][0] + inner)

    def is_nothing(self, records: Records, rows: Rows, place: int) -> Bools:
        """Return which rows have no value at the path of a question."""
        path, _ = self._places[place]
        if not path:
            return records.is_empty(self.column, rows)
        return self._bits(records, rows, lambda: self._layout[path][1])

    def forget(self) -> None:
        """Let go of the last batch."""
        self._looked = None

    def _bits(self, records: Records, rows: Rows, bit: Callable[[], int]) -> Bools:
        look = self._look(records, rows)
        says = look.table[:, bit()]
        return np.asarray(says[look.codes[rows]] if says.any() else np.zeros(len(rows), bool))

    def _look(self, records: Records, rows: Rows) -> _Look:
        """Look at the texts of rows. Questions follow each other about the same rows: those were looked at."""
        self._laid_out()
        look = self._looked
        if look is None or look.records is not records:
            codes, texts = records.texts(self.column)
            table = np.zeros((len(texts) + 1, self._width), bool)
            table[-1, [empty for _, empty in self._layout.values()]] = True
            look = self._looked = _Look(records, codes, texts, table, np.zeros(len(table), bool))
            look.seen[-1] = True
        if rows is not look.rows:
            asked = np.zeros(len(look.seen), bool)
            asked[look.codes[rows]] = True
            fresh = np.flatnonzero(asked & ~look.seen)
            if len(fresh):
                texts = look.texts.take(pa.array(fresh)).to_pylist()
                look.table[fresh] = np.stack([self._answered(text) for text in texts])
            look.seen |= asked
            look.rows = rows
        return look

    def _laid_out(self) -> None:
        """Number the bits: of each path those of its tests, then whether there is nothing."""
        if self._layout:
            return
        self._width, self._heads, self._always = 0, defaultdict(list), []
        self._is_json = any(self._paths)
        for path, answers in self._paths.items():
            size = len(answers.tests)
            self._layout[path] = self._width, self._width + size
            self._width += size + 1
            if path in ("", EVERYTHING, NAMES):
                self._always.append(path)
                continue
            parts = path.split(".")
            for end in range(1, len(parts) + 1):
                self._heads[".".join(parts[:end])].append(path)

    def _answered(self, text: str) -> Bools:
        row = self._known.get(text)
        if row is not None:
            return row
        row = np.zeros(self._width, bool)
        for _, empty in self._layout.values():
            row[empty] = True
        found = parsed(text) if self._is_json else None
        paths = dict.fromkeys(self._always)
        if isinstance(found, dict):
            for name in top_names(found):
                paths |= dict.fromkeys(self._heads.get(name, ()))
        for path in paths:
            first, empty = self._layout[path]
            try:
                there = [text] * bool(text) if path == "" else values(found, path)
                row[empty] = not self._paths[path].say(there, row, first)
            except RecursionError:  # text within text within text: nothing is looked for in there
                continue
        if len(text) <= LONGEST_REMEMBERED:
            if len(self._known) >= REMEMBERED_TEXTS:
                self._known.clear()
            self._known[text] = row
        return row
