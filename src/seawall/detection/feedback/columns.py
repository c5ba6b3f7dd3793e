"""Hold candidates as columns, for computations over all of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property, lru_cache

import numpy as np

from seawall.detection.behaviour.fields import FIELD_NAMES, FIELDS
from seawall.detection.feedback.units import IN_GROUP, NEVER, PAIRS, WEIGHTED, sum_units
from seawall.detection.ranking.aspects import TOGETHER
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.patterns import PATTERNS, Pattern
from seawall.detection.ranking.ranker import EVIDENCE
from seawall.events.coded_batch import Bools, Floats

_PLACE = {name: place for place, name in enumerate(WEIGHTED)}
_JOINT = len(WEIGHTED)
_PART_PLACE = {**_PLACE, EVIDENCE: _JOINT, **{f"p.{pattern.name}": _JOINT for pattern in PATTERNS}}
_DIMENSIONS: dict[str, tuple[str, ...]] = {}
LOOKED_AT = (*NEVER, "lineage.orphan", "lineage.reused", "items_z", "denials", "spray_breadth")
"""Features, besides the weighted ones, that feedback uses."""

_NAMED_APP = re.compile(r"^.*\(([0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27})\)( \+ |$)", re.DOTALL)
_OF_APP = frozenset(field.name for field in FIELDS if field.columns[0] == "app_uid")


@lru_cache(maxsize=200_000)
def normalise_value(aspect: str, text: str) -> str:
    """Return a value in the form used for comparison: an application by its id, whether or not its name is known."""
    return _NAMED_APP.sub(r"\1\2", text, count=1) if aspect in _OF_APP else text


USUAL_DAYS = 3.0
"""Days on which an account must show a value before it counts as usual.

It is more than one, because attackers stay for days too.
"""

LOUD_SPRAY = float(np.log1p(4))
FIELD_PLACE = {name: place for place, name in enumerate(FIELD_NAMES)}
PAIR_NAMES = tuple(PAIRS)


class CandidateColumns:
    """Hold n candidates as columns.

    - `weights`, float64 (n, len(WEIGHTED)): the contribution of each feature to each score.
    - `shown`, int64 (n, len(FIELD_NAMES)): a number for the value of each field (`number_value`), 0 if none.
    - `usual`, bool (n, len(FIELD_NAMES)): whether the account often shows the value.
    - `halves`, bool (n, len(PAIR_NAMES), 2): whether half of a pair is the value that its own field shows.

    `before` are columns of mostly the same candidates; their rows are copied instead of computed again.
    """

    def __init__(self, candidates: Sequence[ScoredCandidate], before: CandidateColumns | None = None) -> None:
        self.candidates = candidates
        size = len(candidates)
        self.weights = np.zeros((size, len(WEIGHTED)))
        self.shown = np.zeros((size, len(FIELD_NAMES)), np.int64)
        self.usual = np.zeros((size, len(FIELD_NAMES)), bool)
        self.halves = np.zeros((size, len(PAIR_NAMES), 2), bool)
        known = before.rows if before is not None else {}
        fresh: list[int] = []
        for row, candidate in enumerate(candidates):
            at = known.get(id(candidate))
            if at is None or before is None:
                fresh.append(row)
                self._read(row, candidate)
            else:
                for mine, theirs in zip(self.tables(), before.tables(), strict=True):
                    mine[row] = theirs[at]
        if fresh:
            self.weights[fresh] = _weights([candidates[row] for row in fresh])

    def tables(self) -> tuple[np.ndarray, ...]:
        """Return the four arrays."""
        return self.weights, self.shown, self.usual, self.halves

    def _read(self, row: int, candidate: ScoredCandidate) -> None:
        texts = {fact.field: fact.now for fact in candidate.facts}
        for fact in candidate.facts:
            if (place := FIELD_PLACE.get(fact.field)) is not None:
                self.shown[row, place] = number_value(fact.field, normalise_value(fact.field, fact.now))
                self.usual[row, place] = fact.seen >= USUAL_DAYS
        for place, (pair, (left, right)) in enumerate(PAIRS.items()):
            if pair in texts:
                self.halves[row, place, 0] = left in texts and texts[pair].startswith(f"{texts[left]} + ")
                self.halves[row, place, 1] = right in texts and texts[pair].endswith(f" + {texts[right]}")

    @classmethod
    def concatenate(cls, parts: Sequence[CandidateColumns]) -> CandidateColumns:
        """Return the concatenated columns of all parts."""
        whole = cls(())
        whole.candidates = [candidate for part in parts for candidate in part.candidates]
        tables = zip(whole.tables(), *(part.tables() for part in parts), strict=True)
        whole.weights, whole.shown, whole.usual, whole.halves = (np.concatenate(found) for found in tables)
        return whole

    def lean(self) -> CandidateColumns:
        """Return the same columns without what only explanations need: they take a tenth of the memory."""
        lean = CandidateColumns(())
        lean.candidates = [_lean(candidate) for candidate in self.candidates]
        lean.weights, lean.shown, lean.usual, lean.halves = self.tables()
        return lean

    @cached_property
    def rows(self) -> dict[int, int]:
        """Return each candidate's row by its `id()`. The columns keep the candidates alive, so ids stay valid."""
        return {id(candidate): row for row, candidate in enumerate(self.candidates)}

    @cached_property
    def groups(self) -> Floats:
        """Return the contribution of each group of aspects, float64 (n, len(GROUPS))."""
        return sum_units(self.weights, IN_GROUP)

    @cached_property
    def scores(self) -> Floats:
        """Return the scores, float64 (n,)."""
        return np.array([candidate.score for candidate in self.candidates])

    @cached_property
    def is_protected(self) -> Bools:
        """Return which candidates no answer may lower, bool (n,)."""
        return np.array([is_protected(candidate) for candidate in self.candidates], bool)

    @cached_property
    def of_tenant(self) -> dict[str, np.ndarray]:
        """Return the rows by organisation."""
        rows: dict[str, list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            rows[candidate.tenant].append(row)
        return {tenant: np.array(found) for tenant, found in rows.items()}

    @cached_property
    def of_account(self) -> dict[tuple[str, str], list[int]]:
        """Return the rows by organisation and account."""
        rows: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            rows[candidate.tenant, candidate.account].append(row)
        return dict(rows)

    @cached_property
    def of_case(self) -> dict[tuple[str, str], list[int]]:
        """Return the rows by organisation and owner of their case (see `name_case_owner`)."""
        rows: dict[tuple[str, str], list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            rows[candidate.tenant, candidate.case_owner].append(row)
        return dict(rows)

    @cached_property
    def kinds(self) -> np.ndarray:
        """Return a number that accounts share with their peers (organisation, type of account, mail domain), int64 (n,)."""
        return np.array(
            [number_peers(one.tenant, one.account_type, one.account) for one in self.candidates], np.int64
        )

    @cached_property
    def tenants(self) -> np.ndarray:
        """Return a number for the organisation, int64 (n,)."""
        return np.array([hash(candidate.tenant) for candidate in self.candidates], np.int64)

    @cached_property
    def first(self) -> np.ndarray:
        """Return the times of the first events in microseconds since 1970, int64 (n,)."""
        return np.array([candidate.first for candidate in self.candidates], np.int64)

    @cached_property
    def loud(self) -> Bools:
        """Return which candidates have evidence that no value explains, bool (n,): volume, denials, spray, orphaned tokens."""
        return np.array([_is_loud(candidate) for candidate in self.candidates], bool)

    def showing(self, tenant: str, field: str, value: str) -> np.ndarray:
        """Return the rows of an organisation whose field shows a value (normalised by `normalise_value`)."""
        mine = self.shown[:, FIELD_PLACE[field]] == number_value(field, value)
        return np.flatnonzero(mine & (self.tenants == hash(tenant)))


def number_value(field: str, value: str) -> int:
    """Return a non-zero number for a field's value. It differs between processes."""
    return hash((field, value)) or 1


def number_peers(tenant: str, account_type: str, account: str) -> int:
    """Return a number that accounts of one organisation, type and mail domain share. It differs between processes."""
    return hash((tenant, account_type, account.rpartition("@")[2].lower() if "@" in account else ""))


def _is_loud(candidate: ScoredCandidate) -> bool:
    values = candidate.values
    if values.get("items_z", 0) > 3 or values.get("denials", 0) > 0:
        return True
    return values.get("spray_breadth", 0) > LOUD_SPRAY or values.get("lineage.orphan", 0) > 1


def is_protected(candidate: ScoredCandidate) -> bool:
    """Return whether no answer may lower a candidate: a token of another issuer, or use after revocation."""
    return any(candidate.values.get(name, 0.0) > 0 for name in NEVER)


def _lean(candidate: ScoredCandidate) -> ScoredCandidate:
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


def _weights(candidates: Sequence[ScoredCandidate]) -> Floats:
    """Compute `aspects.weights` for all candidates at once."""
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
