"""Raise the scores of candidates that share an attacker's values with a confirmed takeover, and of the account itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from seawall.detection.feedback.columns import USUAL_DAYS, CandidateColumns, normalise_value
from seawall.detection.feedback.expected import DAY, is_own_group
from seawall.detection.feedback_values import FeedbackAnswer, FeedbackValue
from seawall.detection.ranking.candidates import ScoredCandidate

STRONG, WEAK = 1.5, 0.75
MARKERS = {"prefix": STRONG, "device": STRONG, "key": STRONG, "client": WEAK, "app": WEAK}
"""Log-odds added for a value of each field that an attacker used. Many accounts may share a client or an application."""

MOST = 2.5
"""Most log-odds added for all shared values together."""

MARKED_DAYS = 90
"""Days for which an attacker's values count against other accounts, because attackers change them."""

ATTENTION = 0.7
"""Log-odds added to an account that was taken over: about twice the odds."""

ATTENTION_DAYS = 30


@dataclass(frozen=True, slots=True)
class ScoreIncrease:
    """Describe one increase of a candidate's score.

    `values` are the shared values; if empty, the account itself was taken over. `changed`, after a containment, are the
    (field, value) pairs that the attacker had not shown before.
    """

    weight: float
    answers: tuple[int, ...]
    values: tuple[FeedbackValue, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()


def rare_value_limit(peers: int) -> int:
    """Return how many peers may show a value that still distinguishes an attacker."""
    return max(1, min(max(5, peers // 50), peers // 5))


def list_hostile_values(answers: Iterable[FeedbackAnswer]) -> dict[tuple[str, FeedbackValue], FeedbackAnswer]:
    """Return the rare values that attackers used, by tenant and value, each with the first answer that shows it."""
    found: dict[tuple[str, FeedbackValue], FeedbackAnswer] = {}
    for answer in sorted(answers, key=lambda one: one.id):
        for lesson in answer.lessons:
            for one in lesson.shown:
                if (
                    one.aspect in MARKERS
                    and one.seen < 1
                    and one.accounts <= rare_value_limit(one.peers)
                    and one.value.strip()
                ):
                    found.setdefault(
                        (answer.tenant, FeedbackValue(one.aspect, normalise_value(one.aspect, one.value))),
                        answer,
                    )
    return found


def compute_increases(
    columns: CandidateColumns, answers: Iterable[FeedbackAnswer]
) -> dict[int, list[ScoreIncrease]]:
    """Return the increases by row. The groups of the answered incidents themselves get none."""
    answers = sorted(answers, key=lambda one: one.id)
    result: dict[int, list[ScoreIncrease]] = defaultdict(list)
    for row, found in sorted(_find_shared_values(columns, answers).items()):
        weight = min(sum(MARKERS[value.aspect] for value, _ in found), MOST)
        numbers = tuple(sorted({number for _, number in found}))
        shared = tuple(value for value, _ in found)
        result[row].append(
            ScoreIncrease(weight, numbers, shared, _differences(columns, row, answers, numbers))
        )
    for answer in answers:
        for row in _rows_of_taken_account(columns, answer):
            if not any(not one.values for one in result[row]):
                changed = _differences(columns, row, answers, (answer.id,))
                result[row].append(ScoreIncrease(ATTENTION, (answer.id,), changed=changed))
    return {row: found for row, found in result.items() if found}


def _find_shared_values(
    columns: CandidateColumns, answers: Iterable[FeedbackAnswer]
) -> dict[int, list[tuple[FeedbackValue, int]]]:
    shared: dict[int, list[tuple[FeedbackValue, int]]] = defaultdict(list)
    for answer in answers:
        for tenant, value in list_hostile_values([answer]):
            for row in columns.showing(tenant, value.aspect, value.value).tolist():
                candidate = columns.candidates[row]
                days = ATTENTION_DAYS if answer.is_containment else MARKED_DAYS
                is_late = candidate.first >= answer.as_of + days * DAY or _is_before(answer, candidate)
                if (
                    is_late
                    or is_own_group(answer, candidate)
                    or any(value == known for known, _ in shared[row])
                ):
                    continue
                fact = next(fact for fact in candidate.facts if fact.field == value.aspect)
                if fact.seen < USUAL_DAYS and max(fact.accounts, fact.cohort) <= rare_value_limit(fact.peers):
                    shared[row].append((value, answer.id))
    return {row: sorted(found) for row, found in shared.items() if found}


def _rows_of_taken_account(columns: CandidateColumns, answer: FeedbackAnswer) -> list[int]:
    since = min((lesson.day for lesson in answer.lessons), default=0)
    rows = columns.of_account.get((answer.tenant, answer.account), ())
    those = ((row, columns.candidates[row]) for row in rows)
    until = answer.as_of + ATTENTION_DAYS * DAY
    return [
        row
        for row, one in those
        if one.day >= since
        and one.first < until
        and not is_own_group(answer, one)
        and not _is_before(answer, one)
    ]


def _is_before(answer: FeedbackAnswer, candidate: ScoredCandidate) -> bool:
    """Return whether a group began before the containment: it is part of the contained intrusion, not a return."""
    return answer.is_containment and candidate.first < answer.as_of


def _differences(
    columns: CandidateColumns, row: int, answers: Iterable[FeedbackAnswer], numbers: tuple[int, ...]
) -> tuple[tuple[str, str], ...]:
    """Return the (field, value) pairs in which a group differs from what the contained attacker had shown."""
    before: dict[str, set[str]] = defaultdict(set)
    for answer in answers:
        if answer.is_containment and answer.id in numbers:
            for lesson in answer.lessons:
                for one in lesson.shown:
                    before[one.aspect].add(normalise_value(one.aspect, one.value))
    facts = {fact.field: fact.now for fact in columns.candidates[row].facts}
    return tuple(
        (aspect, facts[aspect])
        for aspect in MARKERS
        if before.get(aspect)
        and facts.get(aspect)
        and normalise_value(aspect, facts[aspect]) not in before[aspect]
    )
