"""Read what `keys.py` recorded of hits, each distinct text once, and keep it from day to day as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa

from seawall.detection.rules.sigma.model import SigmaCorrelation
from seawall.detection.rules.sigma.run import RuleSet
from seawall.events.coded_batch import Keys, hash_text
from seawall.events.grouping import Rows

MOST_TEXTS, MOST_CHARACTERS = 200_000, 20_000_000
"""Most texts that are kept from day to day, and most characters of them together. Beyond it, all are dropped."""

MOST_COMBINATIONS = 64
"""Most combinations of the values of several fields that one record contributes to a count."""

_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class KeyedHits:
    """Hold h hits of rules by correlations: index of the row, correlation, rule, key (an index into `keys`), hash of the value.

    A key is the text by which hits are grouped within an organisation.
    """

    row: Rows
    correlation: Rows
    rule: Rows
    key: Rows
    value: Keys
    keys: Sequence[str]


class KeyTexts:
    """Read the texts of `rule_keys` for one set of rules."""

    def __init__(self, rules: RuleSet) -> None:
        self._correlations = rules.correlations
        self._places = {one.about.id: place for place, one in enumerate(rules.correlations)}
        self._rules = {rule.about.id: place for place, rule in enumerate(rules.rules)}
        self._forget()

    def read(self, texts: pa.Array) -> KeyedHits:
        """Return the hits that n texts record, ordered by text."""
        if len(self._numbers) > MOST_TEXTS or self._characters > MOST_CHARACTERS:
            self._forget()
        encoded = texts.dictionary_encode()
        numbers = self._number(encoded.dictionary.to_pylist())[encoded.indices.to_numpy()]
        sizes = self._ends[numbers + 1] - self._ends[numbers]
        after = np.cumsum(sizes)
        at = np.repeat(self._ends[numbers] - after + sizes, sizes) + np.arange(
            int(after[-1]) if len(after) else 0
        )
        correlation, rule, key = self._said[at].T
        return KeyedHits(
            np.repeat(np.arange(len(texts)), sizes),
            correlation,
            rule,
            key,
            self._values[at],
            list(self._keys),
        )

    def _forget(self) -> None:
        self._numbers: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self._key_texts: list[str] = []
        self._characters = 0
        self._ends: Rows = np.zeros(1, np.int64)
        self._said: Rows = np.zeros((0, 3), np.int64)
        self._values: Keys = np.zeros(0, np.uint64)

    def _number(self, texts: Sequence[str]) -> Rows:
        """Return the numbers of distinct texts, and read the new ones."""
        known = self._numbers
        fresh = [text for text in texts if text not in known]
        if fresh:
            ends, said, values = [], list[tuple[int, int, int]](), list[str]()
            for text in fresh:
                known[text] = len(known)
                self._characters += len(text)
                for correlation, rule, key, counted in self._entries(text):
                    number = self._keys.setdefault(key, len(self._keys))
                    if number == len(self._key_texts):
                        self._key_texts.append(key)
                    for value in _count(self._correlations[correlation], counted):
                        said.append((correlation, rule, number))
                        values.append(value)
                ends.append(len(said))
            self._ends = np.append(self._ends, np.array(ends, np.int64) + self._ends[-1])
            self._said = np.concatenate([self._said, np.array(said, np.int64).reshape(-1, 3)])
            self._values = np.append(self._values, hash_text(pa.array(values, pa.string())))
        return np.fromiter(map(known.__getitem__, texts), np.int64, len(texts))

    def _entries(self, text: str) -> Iterator[tuple[int, int, str, Sequence[Sequence[str]]]]:
        """Yield the correlation, rule, key and counted values of each entry for rules that are loaded."""
        for name, rule, key, counted in _decode(text):
            place = self._places.get(name)
            if place is not None and rule in self._rules and None not in key:
                yield place, self._rules[rule], "".join(f"\0{part}" for part in key), counted


def _count(correlation: SigmaCorrelation, counted: Sequence[Sequence[str]]) -> Iterable[str]:
    """Return the values that a record contributes to a correlation's count, if any."""
    if correlation.kind != "value_count":
        return ("",)
    return ["\0".join(one) for one in _combine(counted)] if all(counted) else ()


def _combine(counted: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for values in counted:
        found = [(*one, value) for one in found for value in values][:MOST_COMBINATIONS]
    return found
