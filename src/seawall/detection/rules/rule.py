"""What a rule is: a named technique, and which events of a batch show it."""

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
    """What a rule remembers of the days before."""

    def observe(self, batch: CodedBatch) -> Bools:
        """Return which events of the day show the technique, bool (n,), and learn the day."""

    def state(self) -> State:
        """Return what is known, as plain arrays."""

    def restore(self, saved: RestoredState) -> None:
        """Know what was kept. Raises `StateInvalid`."""


def match_nothing(batch: CodedBatch) -> Bools:
    """Match nothing."""
    return np.zeros(len(batch), bool)


@dataclass(frozen=True, slots=True)
class BuiltinRule:
    """A technique and the events that show it.

    `matches` returns bool (n,) for a batch of n events of one day; a rule that needs the days before has a `memory`
    instead. `group` is the family of techniques that the ranker knows (persistence, consent, credential, grant, evasion,
    collection, identity, legacy, attempts). `misses` says what the rule does not see.
    """

    name: str
    group: str
    technique: str
    words: str
    misses: str
    matches: Callable[[CodedBatch], Bools] = match_nothing
    memory: Callable[[], RuleMemory] | None = None


SHORT = 4_096
"""Characters of parameters up to which what they say is remembered: scripts set the same ones again and again."""


def parse_parameters(batch: CodedBatch, row: int) -> Mapping[str, Any]:
    """Return the cmdlet parameters or modified properties of one event; empty when there are none."""
    text = batch.texts["parameters"][row].as_py()
    if not text:
        return {}
    return _remember(text) if len(text) <= SHORT else _parse(text)


@lru_cache(maxsize=1_024)
def _remember(text: str) -> Mapping[str, Any]:
    return _parse(text)


def _parse(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def match_operations(*activities: str) -> Callable[[CodedBatch], Bools]:
    """Match successful events of the given operations (case and trailing full stop do not matter)."""
    wanted = frozenset(_plain(activity) for activity in activities)
    known: tuple[Vocabulary | None, int, list[str]] = (None, 0, [])

    def spellings(vocabulary: Vocabulary) -> list[str]:
        """The wanted operations as the logs spell them; looked for once, for the vocabulary rarely changes."""
        nonlocal known
        if known[:2] != (vocabulary, len(vocabulary)):
            known = (vocabulary, len(vocabulary), [v for v in vocabulary.values if _plain(v) in wanted])
        return known[2]

    def matches(batch: CodedBatch) -> Bools:
        named = spellings(batch.vocabularies["activity_name"])
        if not named:
            return np.zeros(len(batch), bool)
        return np.asarray(batch.one_of("activity_name", named) & batch.one_of("status", ("success",)))

    return matches


def match_where(
    candidates: Callable[[CodedBatch], Bools], test: Callable[[CodedBatch, int], bool]
) -> Callable[[CodedBatch], Bools]:
    """Match those candidates whose single event passes a test. Candidates are rare operations: rows, not columns.

    A test looks at nothing but the operation and its parameters: of equal ones it is asked once.
    """

    def matches(batch: CodedBatch) -> Bools:
        mask = candidates(batch).copy()
        rows = np.flatnonzero(mask)
        said = batch.texts["parameters"].take(rows).dictionary_encode().indices.fill_null(MISSING)
        alike = group_rows(pair_keys(batch.codes["activity_name"][rows], said.to_numpy()))
        passed = [test(batch, int(row)) for row in rows[alike.first]]
        mask[rows] = np.array(passed, bool)[alike.place]
        return mask

    return matches


def match_either(*candidates: Callable[[CodedBatch], Bools]) -> Callable[[CodedBatch], Bools]:
    """Match what any of several matches."""

    def matches(batch: CodedBatch) -> Bools:
        return np.asarray(np.logical_or.reduce([matcher(batch) for matcher in candidates]), bool)

    return matches


def has_mention(batch: CodedBatch, row: int, words: Iterable[str]) -> bool:
    """Say whether an event's parameters contain any of the words, whatever the case."""
    text = (batch.texts["parameters"][row].as_py() or "").lower()
    return any(word in text for word in words)


def is_set(value: object) -> bool:
    """Say whether a parameter is set: true, 1, or any text that is not empty, false, 0 or $null."""
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


def _plain(activity: str) -> str:
    return activity.strip().rstrip(".").replace("–", "-").strip().lower()
