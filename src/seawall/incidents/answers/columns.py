"""Candidates as columns, for questions that go over all of them at once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from seawall.behaviour.fields import FIELDS
from seawall.incidents.answers.units import IN_GROUP, NEVER, WEIGHTED, summed
from seawall.incidents.aspects import TOGETHER
from seawall.incidents.candidates import Candidate
from seawall.incidents.patterns import PATTERNS, Pattern
from seawall.incidents.ranker import EVIDENCE
from seawall.schema.batches import Bools, Floats

_PLACE = {name: place for place, name in enumerate(WEIGHTED)}
_JOINT = len(WEIGHTED)
_PART_PLACE = {**_PLACE, EVIDENCE: _JOINT, **{f"p.{pattern.name}": _JOINT for pattern in PATTERNS}}
_DIMENSIONS: dict[str, tuple[str, ...]] = {}
LOOKED_AT = (*NEVER, "lineage.orphan", "lineage.reused", "items_z", "denials", "spray_breadth")
"""Features that answers look at beside the weights."""

_NAMED_APP = re.compile(r"^.*\(([0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27})\)( \+ |$)", re.DOTALL)
_OF_APP = frozenset(field.name for field in FIELDS if field.columns[0] == "app_uid")


def plain(aspect: str, text: str) -> str:
    """Return a value as it is compared: an application goes by its id, whether or not its name is known yet."""
    return _NAMED_APP.sub(r"\1\2", text, count=1) if aspect in _OF_APP else text


class Columns:
    """n candidates: `weights` float64 (n, len(WEIGHTED)) is what each feature adds to each score.

    `before` are columns of mostly the same candidates: what is known of them is not worked out again.
    """

    def __init__(self, candidates: Sequence[Candidate], before: Columns | None = None) -> None:
        self.candidates = candidates
        self.weights = np.zeros((len(candidates), len(WEIGHTED)))
        known = before.rows if before is not None else {}
        fresh: list[int] = []
        for row, candidate in enumerate(candidates):
            at = known.get(id(candidate))
            if at is None or before is None:
                fresh.append(row)
            else:
                self.weights[row] = before.weights[at]
        if fresh:
            self.weights[fresh] = _weights([candidates[row] for row in fresh])

    @classmethod
    def joined(cls, parts: Sequence[Columns]) -> Columns:
        """Return the columns of all parts, one behind the other."""
        whole = cls(())
        whole.candidates = [candidate for part in parts for candidate in part.candidates]
        whole.weights = np.concatenate([whole.weights, *(part.weights for part in parts)])
        return whole

    def lean(self) -> Columns:
        """Return the same columns, of candidates without what only an explanation needs: they take a tenth of memory."""
        lean = Columns(())
        lean.candidates, lean.weights = [_lean(candidate) for candidate in self.candidates], self.weights
        return lean

    @cached_property
    def rows(self) -> dict[int, int]:
        """Each candidate's row, by its identity; the columns keep the candidates, so it stays theirs."""
        return {id(candidate): row for row, candidate in enumerate(self.candidates)}

    @cached_property
    def groups(self) -> Floats:
        """What each group of aspects adds, float64 (n, len(GROUPS))."""
        return summed(self.weights, IN_GROUP)

    @cached_property
    def scores(self) -> Floats:
        """The scores, float64 (n,)."""
        return np.array([candidate.score for candidate in self.candidates])

    @cached_property
    def protected(self) -> Bools:
        """Which candidates no answer may lower, bool (n,)."""
        return np.array([is_protected(candidate) for candidate in self.candidates], bool)

    @cached_property
    def of_tenant(self) -> dict[str, np.ndarray]:
        """Rows by organisation."""
        rows: dict[str, list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            rows[candidate.tenant].append(row)
        return {tenant: np.array(found) for tenant, found in rows.items()}

    @cached_property
    def of_account(self) -> dict[tuple[str, str], list[int]]:
        """Rows by organisation and account."""
        rows: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            rows[candidate.tenant, candidate.account].append(row)
        return dict(rows)

    @cached_property
    def of_value(self) -> dict[tuple[str, str, str], list[int]]:
        """Rows by organisation, field and value (`plain`)."""
        rows: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            for fact in candidate.facts:
                rows[candidate.tenant, fact.field, plain(fact.field, fact.now)].append(row)
        return dict(rows)


def is_protected(candidate: Candidate) -> bool:
    """Say whether no answer may lower a candidate: a token of another issuer, or use after revocation."""
    return any(candidate.values.get(name, 0.0) > 0 for name in NEVER)


def _lean(candidate: Candidate) -> Candidate:
    return replace(
        candidate,
        parts={},
        facts=tuple(replace(fact, usual=()) for fact in candidate.facts),
        values={name: candidate.values[name] for name in LOOKED_AT if candidate.values.get(name)},
        events=(),
        mailboxes=(),
        curve=(),
        points=(),
    )


def _weights(candidates: Sequence[Candidate]) -> Floats:
    """The same as `aspects.weights` for each candidate, as columns."""
    rows, places, weights = [], [], []
    for row, candidate in enumerate(candidates):
        rows.append(np.full(len(candidate.parts), row))
        places.append([_PART_PLACE.get(name, _PLACE[TOGETHER]) for name in candidate.parts])
        weights.append(list(candidate.parts.values()))
    table = np.zeros((len(candidates), len(WEIGHTED) + 1))
    at = np.array([place for found in places for place in found], np.int64)
    np.add.at(table, (np.concatenate(rows), at), np.array([weight for found in weights for weight in found]))
    by_pattern: dict[str, list[int]] = defaultdict(list)
    for row, candidate in enumerate(candidates):
        by_pattern[candidate.pattern.name].append(row)
    for found in by_pattern.values():
        features = _features(candidates[found[0]].pattern)
        shares = np.array([[candidates[row].values.get(name, 0.0) for name in features] for row in found])
        shares = np.maximum(shares, 0.0)
        total = shares.sum(axis=1)
        shared = table[found, _JOINT] / np.where(total > 0, total, 1.0)
        for column, name in enumerate(features):
            table[found, _PLACE[name]] += shared * shares[:, column]
        table[found, _PLACE[TOGETHER]] += np.where(total > 0, 0.0, table[found, _JOINT])
    return table[:, :-1]


def _features(pattern: Pattern) -> tuple[str, ...]:
    if pattern.name not in _DIMENSIONS:
        names = [name for dimension in pattern.dimensions for name in dimension.split("+")]
        _DIMENSIONS[pattern.name] = tuple(dict.fromkeys(name for name in names if name in _PLACE))
    return _DIMENSIONS[pattern.name]
