"""Expected values: what is taken off the scores of candidates that show them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from seawall.incidents.answers.columns import Columns, plain
from seawall.incidents.answers.units import (
    IN_UNIT,
    PAIRS,
    RULE,
    RULE_GROUP,
    TELLING,
    UNITS,
    WIDE,
    Unit,
    summed,
)
from seawall.incidents.candidates import Candidate
from seawall.schema.answers import Answered, Value
from seawall.schema.batches import Floats

DAY = 86_400_000_000
FADES_OVER_DAYS = 90
"""A false alarm says less and less of the account, until after so many days it says nothing."""

WIDE_DAYS = 90
"""An answer that speaks of more than one account ends after so many days, whatever it says itself."""

USUAL_DAYS = 3.0
"""A value seen on so many of the account's days needs nobody to expect it. An intruder stays for days, too."""

BELOW_BASE = 1.0
"""A candidate in which all that is new is expected ends so far below its base, in log-odds: no budget is left for it."""

LITTLE = 3.0
"""Only so much is taken off for that. What weighs more was not said to be expected: a volume, an hour."""

LOUD_SPRAY = float(np.log1p(4))

Cover = dict[str, tuple[float, int]]
"""How much each field's value is expected, 0 to 1, and the number of the answer that says so."""


@dataclass(slots=True)
class _Covered:
    """What is expected of one candidate: by answers about its account alone, and by any."""

    own: Cover = field(default_factory=dict)
    any: Cover = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """What is taken off: rows of candidates, off each unit float64 (rows, len(UNITS)), never negative.

    `rest` float64 (rows,) is taken off beside that where nothing unexpected is left. `by[i][unit]` holds the numbers
    of the answers behind it.
    """

    rows: np.ndarray
    off: Floats
    rest: Floats
    by: tuple[dict[int, frozenset[int]], ...]


def taken(columns: Columns, answers: Iterable[Answered], hostile: frozenset[tuple[str, Value]]) -> Taken:
    """Return what expected changes and false alarms take off. `hostile` are values that intruders brought, by tenant.

    Nothing is taken off a candidate that is protected, nor off the groups that an answer was given on: they stay as
    they were judged.
    """
    found: dict[int, _Covered] = defaultdict(_Covered)
    for answer in sorted(answers, key=lambda one: one.id):
        for row, aspect, share in _matches(columns, answer, hostile):
            covered = found[row]
            for cover in (covered.any,) if answer.reach != "account" else (covered.any, covered.own):
                if share > cover.get(aspect, (0.0, 0))[0]:
                    cover[aspect] = (share, answer.id)
    rows = np.array(sorted(row for row in found if not columns.protected[row]), np.int64)
    net = np.maximum(summed(columns.weights[rows], IN_UNIT), 0.0)
    off, rest, by = np.zeros_like(net), np.zeros(len(rows)), []
    for place, row in enumerate(rows.tolist()):
        candidate, behind = columns.candidates[row], dict[int, frozenset[int]]()
        for unit, (share, numbers) in _units(candidate, found[row]):
            if net[place, unit] > 0:
                off[place, unit] = share * net[place, unit]
                behind[unit] = numbers
        left = candidate.score - sum(off[place].tolist()) - (candidate.base - BELOW_BASE)
        rest[place] = left * _all_of(candidate, found[row]) if 0 < left <= LITTLE else 0.0
        by.append(behind)
    return Taken(rows, off, rest, tuple(by))


def is_own(answer: Answered, candidate: Candidate) -> bool:
    """Say whether a candidate is one of the groups that the answer was given on."""
    return (
        (candidate.tenant, candidate.account) == (answer.tenant, answer.account)
        and any(lesson.day == candidate.day and lesson.network == candidate.network for lesson in answer.lessons)
    )  # fmt: skip


def kind_and_domain(account_type: str, account: str) -> tuple[str, str]:
    """Return what peers have in common: the kind of account and the mail domain."""
    return account_type, account.rpartition("@")[2].lower() if "@" in account else ""


def values_of(answer: Answered) -> tuple[Value, ...]:
    """Return the values that an answer makes expected.

    A false alarm that names none speaks of all that were unusual, and always of the rules that fired.
    """
    listed = answer.values
    if answer.answer == "safe":
        every = [one for lesson in answer.lessons for one in lesson.shown if one.seen < USUAL_DAYS]
        shown = set(answer.values) or {Value(one.aspect, one.value) for one in every}
        rules = {Value(RULE, name) for lesson in answer.lessons for name in lesson.rules}
        listed = tuple(sorted(shown | rules))
    if answer.reach == "account":
        return listed
    wide = tuple(value for value in listed if value.aspect in WIDE and value.value.strip())
    return wide if any(value.aspect in TELLING for value in wide) else ()


def ends(answer: Answered) -> int | None:
    """Return from when on an answer covers nothing new, None for never."""
    if answer.reach == "account":
        return answer.expires_at
    latest = answer.given_at + WIDE_DAYS * DAY
    return latest if answer.expires_at is None else min(answer.expires_at, latest)


def _matches(
    columns: Columns, answer: Answered, hostile: frozenset[tuple[str, Value]]
) -> Iterator[tuple[int, str, float]]:
    """Yield (row, field or rule, how much it is expected) for each value of an answer that a candidate shows."""
    end = ends(answer)
    values = [value for value in values_of(answer) if value.aspect != RULE]
    rules = frozenset(value.value for value in values_of(answer) if value.aspect == RULE)
    if answer.reach != "account":
        values = [
            v for v in values if (answer.tenant, Value(v.aspect, plain(v.aspect, v.value))) not in hostile
        ]
    for row in _reached(columns, answer, values):
        candidate = columns.candidates[row]
        share = _share(answer, candidate, end)
        if share <= 0 or is_own(answer, candidate):
            continue
        for aspect in _shown(candidate, values):
            yield row, aspect, share
        for group in _groups(candidate, rules):
            yield row, f"{RULE}:{group}", share


def _reached(columns: Columns, answer: Answered, values: Sequence[Value]) -> list[int]:
    if answer.reach == "account":
        return columns.of_account.get((answer.tenant, answer.account), [])
    keys = [(answer.tenant, value.aspect, plain(value.aspect, value.value)) for value in values]
    rows = {row for key in keys for row in columns.of_value.get(key, ())}
    if answer.reach == "tenant":
        return sorted(rows)
    peers = kind_and_domain(answer.account_type, answer.account)
    those = ((row, columns.candidates[row]) for row in sorted(rows))
    return [row for row, one in those if kind_and_domain(one.account_type, one.account) == peers]


def _share(answer: Answered, candidate: Candidate, end: int | None) -> float:
    if end is not None and candidate.first >= end:
        return 0.0
    if answer.answer != "safe":
        return 1.0
    return float(np.clip(1.0 - (candidate.first - answer.as_of) / (FADES_OVER_DAYS * DAY), 0.0, 1.0))


def _shown(candidate: Candidate, values: Sequence[Value]) -> list[str]:
    """Return the fields of which a candidate shows one of the values."""
    listed = {(value.aspect, plain(value.aspect, value.value)) for value in values}
    return [fact.field for fact in candidate.facts if (fact.field, plain(fact.field, fact.now)) in listed]


def _groups(candidate: Candidate, rules: frozenset[str]) -> list[str]:
    """Return the groups of rules of which all that fired are expected."""
    if rules.isdisjoint(candidate.rules):
        return []
    fired = {RULE_GROUP[name] for name in candidate.rules if name in rules and name in RULE_GROUP}
    others = {RULE_GROUP[name] for name in candidate.rules if name not in rules and name in RULE_GROUP}
    return sorted(fired - others)


def _units(candidate: Candidate, covered: _Covered) -> Iterator[tuple[int, tuple[float, frozenset[int]]]]:
    """Yield (unit, (how much it is expected, the answers behind it)) for each unit that is expected at all."""
    views = {True: _View(candidate, covered.any), False: _View(candidate, covered.own)}
    for place, unit in enumerate(UNITS):
        share, numbers = _share_of(unit, views[unit.is_wide])
        if numbers and share > 0:
            yield place, (share, numbers)


def _all_of(candidate: Candidate, covered: _Covered) -> float:
    """Return how far all that is new in a candidate is expected, 0 to 1; 0 where anything else speaks."""
    values = candidate.values
    loud = (
        values.get("items_z", 0) > 3
        or values.get("denials", 0) > 0
        or values.get("spray_breadth", 0) > LOUD_SPRAY
    )
    if loud or values.get("lineage.orphan", 0) > 1:
        return 0.0
    own, any_ = _View(candidate, covered.own), _View(candidate, covered.any)
    needs = [
        (fact.field, any_ if fact.field in WIDE else own)
        for fact in candidate.facts
        if fact.seen < USUAL_DAYS
    ]
    needs += [(f"{RULE}:{RULE_GROUP[name]}", own) for name in candidate.rules if name in RULE_GROUP]
    if values.get("lineage.reused", 0) > 1:
        needs += [("network", own), ("client", own)]
    return min((view.of(need)[0] for need, view in needs), default=0.0)


def _share_of(unit: Unit, view: _View) -> tuple[float, frozenset[int]]:
    shares = [view.of(need) for need in unit.needs]
    return min(share for share, _ in shares), frozenset().union(*(numbers for _, numbers in shares))


class _View:
    """What is expected of one candidate, need by need: an answer says so, or the account shows it usually."""

    def __init__(self, candidate: Candidate, cover: Cover) -> None:
        self._facts = {fact.field: fact for fact in candidate.facts}
        self._cover = cover

    def of(self, need: str) -> tuple[float, frozenset[int]]:
        """Return how much a need is met, 0 to 1, and the answers behind that; none where it is usual."""
        share, numbers = self._directly(need)
        if need not in PAIRS or need not in self._facts:
            return share, numbers
        halves = self._halves(need)
        return halves if halves[1] and halves[0] > share else (share, numbers)

    def _directly(self, need: str) -> tuple[float, frozenset[int]]:
        if need in self._cover:
            share, number = self._cover[need]
            return share, frozenset((number,))
        fact = self._facts.get(need)
        return (1.0, frozenset()) if fact is not None and fact.seen >= USUAL_DAYS else (0.0, frozenset())

    def _halves(self, pair: str) -> tuple[float, frozenset[int]]:
        """Meet a pair by its halves: those that are expected must be the very values that the pair is made of."""
        left, right = PAIRS[pair]
        text = self._facts[pair].now
        if left in self._cover and not text.startswith(f"{self._facts[left].now} + "):
            return 0.0, frozenset()
        if right in self._cover and not text.endswith(f" + {self._facts[right].now}"):
            return 0.0, frozenset()
        (one, by_one), (other, by_other) = self._directly(left), self._directly(right)
        return min(one, other), by_one | by_other
