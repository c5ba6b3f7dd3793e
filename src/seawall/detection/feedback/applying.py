"""Apply analysts' answers to candidates: return them with adjusted scores and explanations."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.feedback.expected import ScoreReductions, compute_reductions
from seawall.detection.feedback.hostile import STRONG, ScoreIncrease, compute_increases, list_hostile_values
from seawall.detection.feedback.refit import AspectWeights, fit_weights
from seawall.detection.feedback.units import UNIT_IN_GROUP, UNITS, sum_units
from seawall.detection.feedback_values import FeedbackAnswer, ScoreAdjustment
from seawall.detection.ranking.aspects import Aspect
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.events.coded_batch import Floats

_LAST = threading.local()
"""Cache of the last model by thread, because a watch applies answers to nearly the same candidates every second."""


def apply_feedback(
    candidates: Sequence[ScoredCandidate], answers: Iterable[FeedbackAnswer], now: int
) -> list[ScoredCandidate]:
    """Return the candidates in the same order, with the adjustments of the answers.

    `candidates` have their original scores. Those that only follow from others stay as they are. `answers` are all that were
    not withdrawn, including expired ones: they still cover events before their end. `now` is the time of the last scored
    event, in microseconds since 1970. The order of the answers does not matter.
    """
    teaching: FeedbackModel | None = getattr(_LAST, "teaching", None)
    if teaching is None:
        teaching = _LAST.teaching = FeedbackModel()
    return teaching.apply(candidates, answers, now)


class FeedbackModel:
    """Apply answers repeatedly to mostly the same candidates, and reuse earlier computations for them."""

    def __init__(self) -> None:
        self._columns: CandidateColumns | None = None

    def apply(
        self, candidates: Sequence[ScoredCandidate], answers: Iterable[FeedbackAnswer], now: int
    ) -> list[ScoredCandidate]:
        """Return the candidates with the adjustments of the answers: see `apply_feedback`."""
        answers = tuple(answers)
        if not answers:
            return list(candidates)
        judged = [candidate for candidate in candidates if not candidate.is_follow_up]
        self._columns = CandidateColumns(judged, self._columns)
        adjustments = compute_effects(self._columns, answers, now).adjustments()
        changed = {id(judged[row]): change for row, change in adjustments.items()}
        return [
            apply_adjustments(candidate, changed[id(candidate)]) if id(candidate) in changed else candidate
            for candidate in candidates
        ]


def apply_adjustments(
    candidate: ScoredCandidate, adjustments: tuple[ScoreAdjustment, ...]
) -> ScoredCandidate:
    """Return a candidate with adjusted score. Its whole score curve shifts, because answers concern no single moment."""
    change = sum(adjustment.weight for adjustment in adjustments)
    return replace(
        candidate,
        score=candidate.score + change,
        curve=tuple((time, score + change) for time, score in candidate.curve),
        adjustments=adjustments,
    )


def select_deciding(answers: Iterable[FeedbackAnswer]) -> tuple[FeedbackAnswer, ...]:
    """Return the answers that count, ordered by id.

    If answers to one incident contradict each other, only the last one's side counts.
    """
    ordered = sorted({answer.id: answer for answer in answers}.values(), key=lambda answer: answer.id)
    last = {(answer.tenant, answer.incident): answer.answer == "compromised" for answer in ordered}
    return tuple(
        answer
        for answer in ordered
        if (answer.answer == "compromised") == last[answer.tenant, answer.incident]
    )


@dataclass(frozen=True, slots=True)
class FeedbackEffects:
    """Hold the effects of answers on n candidates. `change` is float64 (n,), the change of each score.

    `factors` are the fitted weights of feature groups by organisation.
    """

    change: Floats
    factors: dict[str, AspectWeights]
    _answers: dict[int, FeedbackAnswer]
    _taken: ScoreReductions
    _added: dict[int, list[ScoreIncrease]]
    _weighed: Floats
    _tenants: tuple[str, ...]

    def behind(self, wanted: Collection[int]) -> dict[int, frozenset[int]]:
        """Return for the given rows the ids of the answers that reduce their scores."""
        places = enumerate(self._taken.rows.tolist())
        return {
            row: frozenset().union(*self._taken.by(place).values()) for place, row in places if row in wanted
        }

    def adjustments(self) -> dict[int, tuple[ScoreAdjustment, ...]]:
        """Return by row the adjustments of each changed candidate."""
        found: dict[int, list[ScoreAdjustment]] = defaultdict(list)
        for place, row in enumerate(self._taken.rows.tolist()):
            found[row] += self._list_reductions(place)
        for row, more in self._added.items():
            found[row] += [self._describe_increase(one) for one in more]
        for row in np.flatnonzero(self._weighed).tolist():
            words = self.factors[self._tenants[row]].words()
            found[row].append(ScoreAdjustment("behaviour", "answers", float(self._weighed[row]), words))
        return {row: tuple(changed) for row, changed in found.items() if changed}

    def _list_reductions(self, place: int) -> list[ScoreAdjustment]:
        by_aspect: dict[Aspect, tuple[float, frozenset[int]]] = {}
        for unit, numbers in self._taken.by(place).items():
            weight, known = by_aspect.get(UNITS[unit].aspect, (0.0, frozenset()))
            by_aspect[UNITS[unit].aspect] = (weight + float(self._taken.off[place, unit]), known | numbers)
        changed = [
            ScoreAdjustment(
                layer, aspect, -weight, f"{self._describe_expectation(numbers)}: {weight:.2f} taken off"
            )
            for (layer, aspect), (weight, numbers) in by_aspect.items()
        ]
        rest = float(self._taken.rest[place])
        if rest > 0:
            text = f"nothing new is left that is not expected: {rest:.2f} taken off"
            changed.append(ScoreAdjustment("behaviour", "answers", -rest, text))
        return changed

    def _describe_expectation(self, numbers: frozenset[int]) -> str:
        since = min(self._answers[number].given_at for number in numbers)
        words = " and ".join(str(number) for number in sorted(numbers))
        by = "answer" if len(numbers) == 1 else "answers"
        return f"expected since {_date(since)} by {by} {words}"

    @property
    def raising(self) -> frozenset[int]:
        """Return the rows that a contained intrusion raises whatever the alert budget. They form cases of their own."""
        return frozenset(row for row, found in self._added.items() if any(self._raises(one) for one in found))

    def _raises(self, one: ScoreIncrease) -> bool:
        """Return whether it is the contained account, or shares enough of the attacker's values.

        One shared client is too little: many accounts may use it.
        """
        is_containment = self._answers[one.answers[0]].is_containment
        return is_containment and (not one.values or one.weight >= STRONG)

    def _describe_increase(self, one: ScoreIncrease) -> ScoreAdjustment:
        first = self._answers[one.answers[0]]
        if first.is_containment:
            text, raises = _describe_return(first, one), self._raises(one)
            return ScoreAdjustment("behaviour", "contained", one.weight, text, raises=raises)
        if not one.values:
            text = f"the account was taken over, as answer {first.id} of {_date(first.given_at)} says: watched for 30 days"
            return ScoreAdjustment("behaviour", "attention", one.weight, text)
        values = " and ".join(f"{value.aspect} {value.value}" for value in one.values)
        numbers = " and ".join(str(number) for number in one.answers)
        text = f"shares {values} with a takeover that answer {numbers} confirmed; few others use it"
        return ScoreAdjustment("behaviour", "hostile-value", one.weight, text)


def compute_effects(
    columns: CandidateColumns, answers: Iterable[FeedbackAnswer], now: int
) -> FeedbackEffects:
    """Return the effects of the answers on the candidates: see `apply_feedback`."""
    standing = select_deciding(answers)
    takeovers = [answer for answer in standing if answer.answer == "compromised"]
    benign = [answer for answer in standing if answer.answer != "compromised"]
    off = compute_reductions(columns, benign, frozenset(list_hostile_values(takeovers)))
    more = compute_increases(columns, takeovers)
    fitted = fit_weights([answer for answer in standing if not answer.is_containment], now)
    weighed = _apply_fitted_weights(columns, fitted, off)
    change = weighed.copy()
    change[off.rows] -= sum_units(off.off, np.ones((len(UNITS), 1)))[:, 0] + off.rest
    for row, found in more.items():
        change[row] += sum(one.weight for one in found)
    numbered = {answer.id: answer for answer in standing}
    tenants = tuple(candidate.tenant for candidate in columns.candidates)
    return FeedbackEffects(change, fitted, numbered, off, more, weighed, tenants)


def _apply_fitted_weights(
    columns: CandidateColumns, fitted: dict[str, AspectWeights], off: ScoreReductions
) -> Floats:
    """Return the changes by fitted weights, float64 (n,). They apply to positive contributions that no answer expects."""
    result = np.zeros(len(columns.candidates))
    if not any((found.values != 1.0).any() for found in fitted.values()):
        return result
    left = columns.groups.copy()
    left[off.rows] -= sum_units(off.off, UNIT_IN_GROUP)
    left = np.maximum(left, 0.0)
    for tenant, found in fitted.items():
        rows = columns.of_tenant.get(tenant, np.empty(0, np.int64))
        result[rows] = sum_units(left[rows], found.values[:, None] - 1.0)[:, 0]
    return np.where(columns.is_protected, np.maximum(result, 0.0), result)


def _describe_return(containment: FeedbackAnswer, one: ScoreIncrease) -> str:
    """Return the text that says which values of a contained attacker appear again, and which changed."""
    since = f"contained on {_date(containment.as_of)} (plan {containment.plan})"
    changed = " and ".join(f"{aspect} {value}" for aspect, value in one.changed)
    rest = f"; changed since then: {changed}" if changed else ""
    if not one.values:
        return f"the account was {since}: raised for 30 days whatever the budget{rest}"
    values = " and ".join(f"{value.aspect} {value.value}" for value in one.values)
    return f"shares {values} with the intruder that was {since}; few others use it{rest}"


def _date(time: int) -> str:
    return datetime.fromtimestamp(time // 1_000_000, UTC).date().isoformat()
