"""Tell for each text of a JSON column which of the names that rules ask for it contains.

Texts that lack the same names form a group. A rule that asks for a name is closed for all records whose text lacks it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import re2

from seawall.detection.rules.sigma.records import renumber_codes
from seawall.detection.rules.sigma.texts import ESCAPE, NOTHING, ColumnTexts, list_names
from seawall.events.coded_batch import Bools
from seawall.events.grouping import Rows

SHORTEST = 3
"""Shortest name that is searched for: shorter ones are in most texts."""

MOST_COMMON, COMMON, SAMPLE = 10, 0.03, 256
"""Most names that have a search of their own, the share of texts that contain such a name, and texts to learn it from."""

FEW = 3
"""Up to so many names, single searches are faster than one for all."""

RARE = 0.1
"""If more than this share of texts contains any other name, the common names are learnt again."""

MOST_NAMES, MOST_CHARACTERS = 1_000, 20_000
"""Most names of a column, and most characters of them together, for which groups are made. More are indexed instead."""

MOST_INDEXED = 400_000
"""Most characters of names that are indexed. Of more, each is searched for when a rule asks."""

MOST_GROUPS, MOST_SEARCHES = 500, 64
"""Most groups of a column, and most sets of names that are searched for. Beyond it, texts may hold everything."""

MOST_KEPT = 1_000_000
"""Most characters of texts whose names are kept between batches. When it is reached, all are dropped before the next batch."""

MOST_MEMORY = 1 << 26
"""Bytes that RE2 may use for a search."""

UNKNOWN, EMPTY = 0, 1
"""Groups of texts that may hold every name, and of the empty text."""

IS_TEXT, IS_ESCAPED, FIRST = 0, 1, 2
"""Places in a search: of the pattern that any text matches, of escapes that may stand for names, and of the first name."""

Names = frozenset[str]


class TextNames:
    """Hold the names that the rules of one family ask for in a text column, and the groups of texts."""

    def __init__(self) -> None:
        self._paths: dict[str, Names] = {}
        self._names: set[str] = set()
        self._groups: list[Names] = [frozenset(), frozenset()]
        self._numbers: dict[Names, int] = {frozenset(): UNKNOWN}
        self._searches: dict[Names, _NameSearch] = {}
        self._all: _NameSearch | None = None

    def add(self, path: str) -> Names:
        """Return the names of a path, and add them."""
        if path not in self._paths:
            self._paths[path] = frozenset(name for name in list_names(path) if len(name) >= SHORTEST)
            self._names |= self._paths[path]
        return self._paths[path]

    def are_many(self) -> bool:
        """Return whether there are too many names to search for."""
        return len(self._names) > MOST_NAMES or sum(map(len, self._names)) > MOST_CHARACTERS

    def may_hold(self, groups: Iterable[int], path: str) -> Bools:
        """Return which groups' texts may have a value at a path, bool (groups,)."""
        names = self._paths[path]
        return np.array([one != EMPTY and names.isdisjoint(self._groups[one]) for one in groups], bool)

    def find_groups(self, texts: ColumnTexts, numbers: Rows, wanted: Names) -> Rows:
        """Return the group of each text by the wanted names that it lacks, int64 (numbers,)."""
        search = self._searches.get(wanted)
        if search is None:
            if len(self._searches) >= MOST_SEARCHES:
                return np.zeros(len(numbers), np.int64)
            search = self._searches[wanted] = _NameSearch(sorted(wanted))
        codes, found = search.find(texts, numbers)
        groups = np.array([self._number(wanted, one) for one in found], np.int64)[codes]
        return np.where(numbers == NOTHING, EMPTY, groups)

    def index(self, texts: ColumnTexts, numbers: Rows) -> None:
        """Find the names in texts by one search for all, where there are too many for groups."""
        if sum(map(len, self._names)) > MOST_INDEXED:
            return
        if self._all is None or self._all.names != self._names:
            self._all = _NameSearch(sorted(self._names))
        index: dict[str, list[int]] = {name: [] for name in self._names}
        certain = []
        for number, text in zip(numbers.tolist(), texts.take(numbers).to_pylist(), strict=True):
            found = self._all.look(text)
            if found is not None:
                certain.append(number)
                for name in found:
                    index[name].append(number)
        texts.index(np.array(certain, np.int64), index)

    def _number(self, wanted: Names, found: Names | None) -> int:
        lacking = frozenset[str]() if found is None else wanted - found
        if lacking not in self._numbers:
            if len(self._groups) >= MOST_GROUPS:
                return UNKNOWN
            self._numbers[lacking] = len(self._groups)
            self._groups.append(lacking)
        return self._numbers[lacking]


class _NameSearch:
    """Search texts for names.

    Each common name is searched for in all texts, and all the others together. Only texts with one of these are looked
    at singly.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names
        self.names = frozenset(names)
        options = re2.Options()
        options.log_errors, options.max_mem = False, MOST_MEMORY
        self._search = re2.Set.SearchSet(options)
        for pattern in ("", ESCAPE, *(f"(?i){name}" for name in names)):
            self._search.Add(pattern)
        self._search.Compile()
        self._known: dict[str, Names | None] = {}
        self._characters = 0
        self._common: list[str] = []
        self._rare = names

    def find(self, texts: ColumnTexts, numbers: Rows) -> tuple[Rows, list[Names | None]]:
        """Return for each text an index into a list of sets of names, and that list; None if a text may hold any name."""
        if self._characters >= MOST_KEPT:
            self._known, self._characters = {}, 0
        if len(numbers) <= SAMPLE:
            return np.arange(len(numbers)), [self.look(text) for text in texts.take(numbers).to_pylist()]
        rare = self._find_rare(texts, numbers)
        if rare.sum() > RARE * len(numbers):
            self._learn_common(texts, numbers)
            rare = self._find_rare(texts, numbers)
        bits = np.zeros(len(numbers), np.int64)
        for place, name in enumerate(self._common):
            bits |= texts.contain(f"(?i){name}", numbers).astype(np.int64) << place
        distinct, codes = renumber_codes(bits, 1 << len(self._common))
        found: list[Names | None] = [self._list_common(one) for one in distinct.tolist()]
        places = np.flatnonzero(rare)
        codes[places] = len(found) + np.arange(len(places))
        return codes, [*found, *map(self.look, texts.take(numbers[places]).to_pylist())]

    def _find_rare(self, texts: ColumnTexts, numbers: Rows) -> Bools:
        """Return which texts contain any name that is not common, or escapes that may stand for names."""
        names = self._rare
        patterns = [f"(?i:{'|'.join(names)})"] if len(names) > FEW else [f"(?i){name}" for name in names]
        found = texts.contain(ESCAPE, numbers)
        for pattern in patterns:
            found = found | texts.contain(pattern, numbers)
        return found

    def _learn_common(self, texts: ColumnTexts, numbers: Rows) -> None:
        """Choose the common names by some of the texts."""
        some = numbers[np.linspace(0, len(numbers) - 1, SAMPLE).astype(np.int64)]
        counts = Counter(name for text in texts.take(some).to_pylist() for name in self.look(text) or ())
        common = [name for name, count in counts.most_common(MOST_COMMON) if count > COMMON * SAMPLE]
        self._common, self._rare = common, [name for name in self._names if name not in common]

    def _list_common(self, bits: int) -> Names:
        return frozenset(name for place, name in enumerate(self._common) if bits >> place & 1)

    def look(self, text: str) -> Names | None:
        """Return the names in a text, or None if they are uncertain."""
        if text in self._known:
            return self._known[text]
        found = self._search.Match(text) or ()
        # RE2 finds nothing, not even "", if it lacks memory.
        is_certain = IS_TEXT in found and IS_ESCAPED not in found
        names = (
            frozenset(self._names[place - FIRST] for place in found if place >= FIRST) if is_certain else None
        )
        if self._characters < MOST_KEPT:
            self._known[text] = names
            self._characters += len(text)
        return names
