"""Define a built-in rule: a named technique, and the events of a batch that show it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from seawall.events.array_state import RestoredState, State
from seawall.events.coded_batch import MISSING, Bools, CodedBatch, Vocabulary, pair_keys
from seawall.events.grouping import group_rows


class RuleMemory(Protocol):
    """Keep what a rule needs from earlier days."""

    def observe(self, batch: CodedBatch) -> Bools:
        """Return which events of the day show the technique, bool (n,), then learn the day."""

    def state(self) -> State:
        """Return the state as arrays, for `restore`."""

    def restore(self, saved: RestoredState) -> None:
        """Replace the state by a saved one. Raises `StateInvalid`."""


def match_nothing(batch: CodedBatch) -> Bools:
    """Return False for each event, bool (n,)."""
    return np.zeros(len(batch), bool)


@dataclass(frozen=True, slots=True)
class BuiltinRule:
    """Define a technique and the events that show it.

    `matches` returns bool (n,) for a batch of n events of one day. A rule that needs earlier days has a `memory` instead.
    `group` is the family of techniques that the ranker knows (persistence, consent, credential, grant, evasion, collection,
    identity, legacy, attempts). `misses` names events that the rule cannot see.
    """

    name: str
    group: str
    technique: str
    words: str
    misses: str
    matches: Callable[[CodedBatch], Bools] = match_nothing
    memory: Callable[[], RuleMemory] | None = None


SHORT = 4_096
"""Longest parameter text that is cached, in characters: scripts set the same parameters again and again."""


def parse_parameters(batch: CodedBatch, row: int) -> Mapping[str, Any]:
    """Return the cmdlet parameters or modified properties of one event, or {} if it has none."""
    text = batch.texts["parameters"][row].as_py()
    if not text:
        return {}
    return _parse_cached(text) if len(text) <= SHORT else _parse(text)


@lru_cache(maxsize=1_024)
def _parse_cached(text: str) -> Mapping[str, Any]:
    return _parse(text)


def _parse(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


class OperationSpellings:
    """Find how the logs spell some operations; case and a trailing full stop do not matter."""

    def __init__(self, activities: Iterable[str]) -> None:
        self._wanted = frozenset(_normalise(activity) for activity in activities)
        self._known: tuple[Vocabulary | None, int, list[str]] = (None, 0, [])

    def find(self, vocabulary: Vocabulary) -> list[str]:
        """Return the operations as a vocabulary spells them. Cached, because vocabularies rarely change."""
        if self._known[:2] != (vocabulary, len(vocabulary)):
            found = [value for value in vocabulary.values if _normalise(value) in self._wanted]
            self._known = (vocabulary, len(vocabulary), found)
        return self._known[2]


def match_operations(*activities: str) -> Callable[[CodedBatch], Bools]:
    """Match successful events of the given operations; case and a trailing full stop do not matter."""
    spellings = OperationSpellings(activities)

    def matches(batch: CodedBatch) -> Bools:
        named = spellings.find(batch.vocabularies["activity_name"])
        if not named:
            return np.zeros(len(batch), bool)
        return np.asarray(batch.one_of("activity_name", named) & batch.one_of("status", ("success",)))

    return matches


def match_where(
    candidates: Callable[[CodedBatch], Bools], test: Callable[[CodedBatch, int], bool]
) -> Callable[[CodedBatch], Bools]:
    """Match the candidate events that pass `test`. Candidates must be rare, because the test runs for single events.

    The test may use the operation and its parameters only: it runs once for each distinct pair of them.
    """

    def matches(batch: CodedBatch) -> Bools:
        mask = candidates(batch).copy()
        rows = np.flatnonzero(mask)
        parameters = batch.texts["parameters"].take(rows).dictionary_encode().indices.fill_null(MISSING)
        distinct_pairs = group_rows(pair_keys(batch.codes["activity_name"][rows], parameters.to_numpy()))
        passed = [test(batch, int(row)) for row in rows[distinct_pairs.first]]
        mask[rows] = np.array(passed, bool)[distinct_pairs.place]
        return mask

    return matches


def match_either(*candidates: Callable[[CodedBatch], Bools]) -> Callable[[CodedBatch], Bools]:
    """Match the events that any of the matchers matches."""

    def matches(batch: CodedBatch) -> Bools:
        return np.asarray(np.logical_or.reduce([matcher(batch) for matcher in candidates]), bool)

    return matches


def has_mention(batch: CodedBatch, row: int, words: Iterable[str]) -> bool:
    """Return whether an event's parameters contain any of the words, ignoring case."""
    text = (batch.texts["parameters"][row].as_py() or "").lower()
    return any(word in text for word in words)


def is_set(value: object) -> bool:
    """Return whether a parameter is set: its text is not empty, false, 0, none, null, [] or {}."""
    return str(value).strip().strip('"').lower() not in {
        "",
        "false",
        "0",
        "none",
        "null",
        "$null",
        "[]",
        "{}",
    }


def _normalise(activity: str) -> str:
    return activity.strip().rstrip(".").replace("–", "-").strip().lower()
