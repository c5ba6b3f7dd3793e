"""Reduce the scores of candidates that show expected values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from seawall.detection.behaviour.fields import FIELD_NAMES
from seawall.detection.feedback.columns import (
    FIELD_PLACE,
    PAIR_NAMES,
    USUAL_DAYS,
    CandidateColumns,
    normalise_value,
    number_peers,
    number_value,
)
from seawall.detection.feedback.units import IN_UNIT, PAIRS, RULE, RULE_GROUP, TELLING, UNITS, WIDE, sum_units
from seawall.detection.feedback_values import FeedbackAnswer, FeedbackValue
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.events.coded_batch import Bools, Floats

DAY = 86_400_000_000
FADES_OVER_DAYS = 90
"""Days over which the effect of a false alarm on later scores of the account fades to nothing."""

WIDE_DAYS = 90
"""Longest validity in days of an answer about more than one account."""

BELOW_BASE = 1.0
"""Log-odds below its base at which a candidate ends if everything new in it is expected. No alert budget reaches it there."""

LITTLE = 3.0
"""Most log-odds that this final reduction may take. More than this comes from evidence that no answer called expected."""

Hostile = frozenset[tuple[str, FeedbackValue]]


@dataclass(frozen=True, slots=True)
class ScoreReductions:
    """Hold reductions for some rows of candidates: `off` by unit, float64 (rows, len(UNITS)), never negative.

    `rest`, float64 (rows,), is a further reduction where nothing unexpected is left.
    """

    rows: np.ndarray
    off: Floats
    rest: Floats
    _own: ExpectedShares
    _any: ExpectedShares

    def by(self, place: int) -> dict[int, frozenset[int]]:
        """Return for the row at an index the ids of the answers behind the reduction of each unit."""
        row = int(self.rows[place])
        return {
            int(unit): (self._any if UNITS[unit].is_wide else self._own).behind(row, UNITS[unit].needs)
            for unit in np.flatnonzero(self.off[place])
        }


class ExpectedShares:
    """Hold how far each field's value of n candidates is expected (0 to 1), and by which answer; both (n, len(FIELD_NAMES)).

    `rules` holds the same for groups of rules, by (row, need).
    """

    def __init__(self, size: int) -> None:
        self.share: Floats = np.zeros((size, len(FIELD_NAMES)))
        self.answer = np.zeros((size, len(FIELD_NAMES)), np.int64)
        self.rules: dict[tuple[int, str], tuple[float, int]] = {}

    def add(self, rows: np.ndarray, place: int, shares: Floats, answer: int) -> None:
        """Record that an answer expects values of a field. Of several answers the largest share counts, then the first answer."""
        better = shares > self.share[rows, place]
        self.share[rows[better], place] = shares[better]
        self.answer[rows[better], place] = answer

    def behind(self, row: int, needs: Iterable[str]) -> frozenset[int]:
        """Return the ids of the answers that meet the needs of a row, including those that meet both halves of a pair."""
        found = set()
        for need in needs:
            if need not in FIELD_PLACE:
                found.add(self.rules.get((row, need), (0.0, 0))[1])
                continue
            direct = int(self.answer[row, FIELD_PLACE[need]])
            halves = [int(self.answer[row, FIELD_PLACE[half]]) for half in PAIRS.get(need, ())]
            found |= {direct} if direct else set(halves)
        return frozenset(found - {0})


def compute_reductions(
    columns: CandidateColumns, answers: Iterable[FeedbackAnswer], hostile: Hostile
) -> ScoreReductions:
    """Return the reductions by expected changes and false alarms. `hostile` are values that attackers used, by tenant.

    Protected candidates are never reduced, and neither are the groups that the answer itself concerns: these keep their
    scores.
    """
    size = len(columns.candidates)
    own, every = ExpectedShares(size), ExpectedShares(size)
    for answer in sorted(answers, key=lambda one: one.id):
        _record_expected(columns, answer, hostile, own, every)
    rows = np.flatnonzero(every.share.any(axis=1))
    rows = np.union1d(rows, np.array([row for row, _ in own.rules], np.int64)).astype(np.int64)
    rows = rows[~columns.is_protected[rows]]
    views = {True: _NeedShares(columns, every, rows), False: _NeedShares(columns, own, rows)}
    net = np.maximum(sum_units(columns.weights[rows], IN_UNIT), 0.0)
    shares = np.stack([views[unit.is_wide].share(unit.needs) for unit in UNITS], axis=1)
    off = shares * net
    base = np.array([columns.candidates[row].base for row in rows.tolist()])
    left = columns.scores[rows] - sum_units(off, np.ones((len(UNITS), 1)))[:, 0] - (base - BELOW_BASE)
    rest = np.where((left > 0) & (left <= LITTLE), left, 0.0) * _everything_expected(columns, rows, views)
    return ScoreReductions(rows, off, rest, own, every)


def is_own_group(answer: FeedbackAnswer, candidate: ScoredCandidate) -> bool:
    """Return whether a candidate is one of the groups of the answered incident."""
    return (
        (candidate.tenant, candidate.account) == (answer.tenant, answer.account)
        and any(lesson.day == candidate.day and lesson.network == candidate.network for lesson in answer.lessons)
    )  # fmt: skip


def list_expected_values(answer: FeedbackAnswer) -> tuple[FeedbackValue, ...]:
    """Return the values that an answer makes expected.

    A false alarm without named values covers all unusual values, and always the rules that fired.
    """
    listed = answer.values
    if answer.answer == "safe":
        every = [one for lesson in answer.lessons for one in lesson.shown if one.seen < USUAL_DAYS]
        shown = set(answer.values) or {FeedbackValue(one.aspect, one.value) for one in every}
        rules = {FeedbackValue(RULE, name) for lesson in answer.lessons for name in lesson.rules}
        listed = tuple(sorted(shown | rules))
    if answer.reach == "account":
        return listed
    wide = tuple(value for value in listed if value.aspect in WIDE and value.value.strip())
    return wide if any(value.aspect in TELLING for value in wide) else ()


def find_end(answer: FeedbackAnswer) -> int | None:
    """Return from when on an answer covers no new events, or None for never."""
    if answer.reach == "account":
        return answer.expires_at
    latest = answer.given_at + WIDE_DAYS * DAY
    return latest if answer.expires_at is None else min(answer.expires_at, latest)


def _record_expected(
    columns: CandidateColumns,
    answer: FeedbackAnswer,
    hostile: Hostile,
    own: ExpectedShares,
    every: ExpectedShares,
) -> None:
    """Record the shares that an answer makes expected."""
    is_wide = answer.reach != "account"
    mine = np.array(columns.of_account.get((answer.tenant, answer.account), ()), np.int64)
    reached = _reach(columns, answer, mine)
    judged = np.array(
        [row for row in mine.tolist() if is_own_group(answer, columns.candidates[row])], np.int64
    )
    shares = _shares(columns, answer)
    shares[judged] = 0.0
    for value in list_expected_values(answer):
        if value.aspect not in FIELD_PLACE:
            continue
        text, place = normalise_value(value.aspect, value.value), FIELD_PLACE[value.aspect]
        if is_wide and (answer.tenant, FeedbackValue(value.aspect, text)) in hostile:
            continue
        rows = reached[columns.shown[reached, place] == number_value(value.aspect, text)]
        for cover in (every,) if is_wide else (every, own):
            cover.add(rows, place, shares[rows], answer.id)
    rules = frozenset(value.value for value in list_expected_values(answer) if value.aspect == RULE)
    if rules and not is_wide:
        _record_expected_rules(columns, answer.id, rules, mine[shares[mine] > 0], shares, own)


def _reach(columns: CandidateColumns, answer: FeedbackAnswer, mine: np.ndarray) -> np.ndarray:
    if answer.reach == "account":
        return mine
    if answer.reach == "tenant":
        return columns.of_tenant.get(answer.tenant, np.empty(0, np.int64))
    return np.flatnonzero(columns.kinds == number_peers(answer.tenant, answer.account_type, answer.account))


def _shares(columns: CandidateColumns, answer: FeedbackAnswer) -> Floats:
    """Return how far the answer covers each candidate at its time, float64 (n,), 0 to 1."""
    end, first = find_end(answer), columns.first
    covers = np.ones(len(first)) if end is None else (first < end).astype(np.float64)
    if answer.answer != "safe":
        return covers
    return np.asarray(covers * np.clip(1.0 - (first - answer.as_of) / (FADES_OVER_DAYS * DAY), 0.0, 1.0))


def _record_expected_rules(
    columns: CandidateColumns,
    answer: int,
    rules: frozenset[str],
    rows: np.ndarray,
    shares: Floats,
    own: ExpectedShares,
) -> None:
    """Record for each row the groups of rules in which every rule that fired is expected."""
    for row in rows.tolist():
        fired = [name for name in columns.candidates[row].rules if name in RULE_GROUP]
        others = {RULE_GROUP[name] for name in fired if name not in rules}
        for group in sorted({RULE_GROUP[name] for name in fired} - others):
            key = (row, f"{RULE}:{group}")
            if shares[row] > own.rules.get(key, (0.0, 0))[0]:
                own.rules[key] = (float(shares[row]), answer)


@dataclass(slots=True)
class _NeedShares:
    """Compute how far needs are met for some rows: by an answer, or because the account usually shows the value."""

    columns: CandidateColumns
    cover: ExpectedShares
    rows: np.ndarray
    _met: dict[str, tuple[Floats, Bools]] = field(default_factory=dict)

    def share(self, needs: Iterable[str]) -> Floats:
        """Return how far all needs together are met, float64 (rows,); 0 if no answer meets any."""
        shares, by_answer = zip(*(self.of(need) for need in needs), strict=True)
        return np.where(np.any(by_answer, axis=0), np.min(shares, axis=0), 0.0)

    def of(self, need: str) -> tuple[Floats, Bools]:
        """Return how far one need is met, float64 (rows,), and where an answer meets it, bool (rows,)."""
        if need not in self._met:
            if need not in FIELD_PLACE:
                shares = np.array(
                    [self.cover.rules.get((row, need), (0.0, 0))[0] for row in self.rows.tolist()]
                )
                self._met[need] = (shares, shares > 0)
            else:
                self._met[need] = self._pair(need) if need in PAIRS else self._directly(need)
        return self._met[need]

    def _directly(self, need: str) -> tuple[Floats, Bools]:
        place = FIELD_PLACE[need]
        share = self.cover.share[self.rows, place]
        usual = self.columns.usual[self.rows, place].astype(np.float64)
        return np.where(share > 0, share, usual), share > 0

    def _pair(self, pair: str) -> tuple[Floats, Bools]:
        """Also meet a pair by its two halves, if the expected halves are the values that the pair consists of."""
        share, by_answer = self._directly(pair)
        left, right = PAIRS[pair]
        halves = self.columns.halves[self.rows, PAIR_NAMES.index(pair)]
        (one, by_one), (other, by_other) = self._directly(left), self._directly(right)
        is_made_of = (halves[:, 0] | ~by_one) & (halves[:, 1] | ~by_other)
        met = np.where(
            is_made_of & (self.columns.shown[self.rows, FIELD_PLACE[pair]] != 0), np.minimum(one, other), 0.0
        )
        is_better = (by_one | by_other) & (met > share)
        return np.where(is_better, met, share), by_answer | is_better


def _everything_expected(
    columns: CandidateColumns, rows: np.ndarray, views: dict[bool, _NeedShares]
) -> Floats:
    """Return how far everything new in candidates is expected, float64 (rows,), 0 to 1; 0 if other evidence exists."""
    result = np.full(len(rows), np.inf)
    for name, place in FIELD_PLACE.items():
        is_new = (columns.shown[rows, place] != 0) & ~columns.usual[rows, place]
        result = np.where(is_new, np.minimum(result, views[name in WIDE].of(name)[0]), result)
    own = views[False]
    both = np.minimum(own.of("network")[0], own.of("client")[0])
    for at, row in enumerate(rows.tolist()):
        candidate = columns.candidates[row]
        for name in candidate.rules:
            if name in RULE_GROUP:
                result[at] = min(result[at], own.of(f"{RULE}:{RULE_GROUP[name]}")[0][at])
        if candidate.values.get("lineage.reused", 0) > 1:
            result[at] = min(result[at], both[at])
    return np.where(columns.loud[rows] | np.isinf(result), 0.0, result)
