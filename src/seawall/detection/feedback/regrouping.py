"""Compute cases and the alert budget over columns: the results of `group` and `raised` for candidates with other scores."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seawall.detection.feedback.columns import CandidateColumns
from seawall.detection.incidents.alert_budget import (
    LEAST_SCORE,
    NO_THRESHOLD,
    BudgetPlaces,
    RaisingThreshold,
)
from seawall.detection.incidents.attacks import find_attacks
from seawall.detection.incidents.cases import EXCUSED, INCIDENT_WINDOW_DAYS, STRONG, IncidentCase, follows
from seawall.events.coded_batch import Floats


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Hold one case as rows of the columns. `story` begins with the strongest candidate; `near` are all rows in its window."""

    score: float
    story: tuple[int, ...]
    near: tuple[int, ...]

    @property
    def top(self) -> int:
        """Return the row of the strongest candidate."""
        return self.story[0]


def cases(columns: CandidateColumns, scores: Floats, raising: frozenset[int] = frozenset()) -> list[CaseRows]:
    """Return the cases of `group` for these scores, as rows, the highest score first.

    `raising` are rows that a containment raises; they never join a case of the contained intrusion.
    """
    found: list[CaseRows] = []
    values = scores.tolist()
    for rows in _split_off_raising(columns.of_case.values(), raising):
        if len(rows) == 1:
            found.append(CaseRows(values[rows[0]], (rows[0],), (rows[0],)))
        else:
            found += _windows(columns, values, rows)
    candidates = columns.candidates

    def order(case: CaseRows) -> tuple[float, int, str, str]:
        top = candidates[case.top]
        return (-case.score, top.first, top.tenant, top.account)

    return sorted(found, key=order)


def _split_off_raising(owners: Iterable[list[int]], raising: frozenset[int]) -> Iterable[list[int]]:
    for rows in owners:
        if raising.isdisjoint(rows):
            yield rows
            continue
        for side in (False, True):
            if own := [row for row in rows if (row in raising) is side]:
                yield own


def _windows(columns: CandidateColumns, scores: list[float], rows: list[int]) -> Iterable[CaseRows]:
    candidates = columns.candidates
    left = sorted(
        rows,
        key=lambda row: (-scores[row], candidates[row].first, candidates[row].day, candidates[row].network),
    )
    while left:
        top = left[0]
        day, network, least = candidates[top].day, candidates[top].network, scores[top] - STRONG
        near = [row for row in left if abs(candidates[row].day - day) <= INCIDENT_WINDOW_DAYS]
        story = [
            row for row in near if row == top or scores[row] >= least or candidates[row].network == network
        ]
        shown = {(candidates[row].day, candidates[row].network) for row in story}
        story = [row for row in near if row in story or follows(candidates[row], shown)]
        more = sum(math.exp(min(scores[row] - scores[top], 0.0)) for row in near[1:6])
        yield CaseRows(scores[top] + 0.25 * math.log1p(more), tuple(story), tuple(near))
        left = [row for row in left if abs(candidates[row].day - day) > INCIDENT_WINDOW_DAYS]


def id_of(columns: CandidateColumns, case: CaseRows) -> str:
    """Return the id of a case's incident."""
    return IncidentCase((columns.candidates[case.top],), case.score).id


def select_cases(
    columns: CandidateColumns,
    ordered: Iterable[CaseRows],
    limits: Mapping[str, int],
    change: Floats,
    *,
    since: int,
    is_sparing: bool,
    raising: frozenset[int] = frozenset(),
    since_of: Mapping[str, int] | None = None,
    threshold: RaisingThreshold = NO_THRESHOLD,
) -> list[CaseRows]:
    """Return the cases within the budget, the highest score first. `since` is the first day for which the budget is spent.

    `since_of` overrides it by organisation. `change`, float64 (n,), is the change of each score by answers. `raising` cases are
    raised whatever the threshold.
    """
    candidates = columns.candidates
    cases = [
        case
        for case in ordered
        if case.score >= LEAST_SCORE
        and candidates[case.top].day >= (since_of or {}).get(candidates[case.top].tenant, since)
    ]
    stories = [() if case.top in raising else [candidates[row] for row in case.story] for case in cases]
    attacks = find_attacks(stories, [case.score for case in cases])
    places, result = BudgetPlaces(limits), []
    for case, attack in zip(cases, attacks, strict=True):
        top = candidates[case.top]
        if case.top in raising:
            result.append(case)
            continue
        from_score = threshold.least_score(top)
        is_excused = bool(change[case.top] < EXCUSED)
        least = max(from_score, top.base) if is_sparing or is_excused else from_score
        if places.give(top, case.score, least, None if is_excused else attack):
            result.append(case)
    return result
