"""Compute recall at budgets, delays and false incidents of any score over a world's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from seawall.detection.incidents.cases import INCIDENT_WINDOW_DAYS
from seawall.events.coded_batch import MISSING, Floats
from seawall.lab.evaluate.rows import TrainingRows

BUDGETS = (1.0, 2.0, 5.0, 10.0)
"""Alert budgets in incidents a day per 1,000 accounts."""


@dataclass(frozen=True, slots=True)
class AccountEpisode:
    """One account's highest-scoring group within an incident window. `attacks` are the indices of attacks it belongs to."""

    score: float
    actor: int
    day: int
    attacks: frozenset[int]


def episodes(rows: TrainingRows, score: Floats) -> list[AccountEpisode]:
    """Return one episode per account and window from the first day with possible attacks on, highest score first."""
    live = np.flatnonzero((rows.day >= rows.quiet_day) & np.isfinite(score))
    order = live[np.lexsort((rows.day[live], -score[live]))]
    kept: dict[int, list[int]] = defaultdict(list)
    touched: dict[tuple[int, int], set[int]] = defaultdict(set)
    found: list[tuple[float, int, int]] = []
    for row in order.tolist():
        actor, day = int(rows.actor[row]), int(rows.day[row])
        near = [top for top in kept[actor] if abs(top - day) <= INCIDENT_WINDOW_DAYS]
        top = near[0] if near else day
        if not near:
            kept[actor].append(day)
            found.append((float(score[row]), actor, day))
        if rows.attack[row] != MISSING and not near:
            touched[(actor, top)].add(int(rows.attack[row]))
    return [AccountEpisode(s, actor, day, frozenset(touched[(actor, day)])) for s, actor, day in found]


def incidents_allowed(rows: TrainingRows, budget: float) -> int:
    """Return the number of incidents that a budget allows over the days with possible attacks."""
    return int(budget * (rows.last_day - rows.quiet_day + 1) * rows.accounts / 1000 + 1e-9)


def detected_attacks(rows: TrainingRows, score: Floats, budget: float) -> set[int]:
    """Return the attacks in the highest-scoring episodes within a budget."""
    worst = episodes(rows, score)[: incidents_allowed(rows, budget)]
    return set().union(*(episode.attacks for episode in worst)) if worst else set()


@dataclass(frozen=True, slots=True)
class MethodRecall:
    """Recall of one method at one budget. `families` has (caught, staged) by family."""

    budget: float
    caught: int
    staged: int
    families: dict[str, tuple[int, int]]

    @property
    def value(self) -> float:
        """Return the share of staged attacks that were caught, without near-impossible ones."""
        return self.caught / self.staged if self.staged else float("nan")

    def worst(self, least: int = 3) -> tuple[str, float]:
        """Return the family with the lowest recall, among those staged at least `least` times."""
        shares = {name: c / n for name, (c, n) in self.families.items() if n >= least}
        return min(shares.items(), key=lambda item: item[1]) if shares else ("", float("nan"))


def recall(worlds: Iterable[tuple[TrainingRows, Floats]], budget: float) -> MethodRecall:
    """Return recall over many worlds. Near-impossible families are in `families` but not in the total."""
    total = staged = 0
    families: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for rows, score in worlds:
        hit = detected_attacks(rows, score, budget)
        for place, attack in enumerate(rows.attacks):
            families[attack.family][0] += place in hit
            families[attack.family][1] += 1
            if not attack.near_impossible:
                total += place in hit
                staged += 1
    return MethodRecall(budget, total, staged, {name: (c, n) for name, (c, n) in sorted(families.items())})


def precision(worlds: Sequence[tuple[TrainingRows, Floats]], k: int) -> float:
    """Return the mean share of true incidents among each world's k highest-scoring episodes."""
    shares = [
        np.mean([float(bool(e.attacks)) for e in episodes(rows, score)[:k]] or [0.0])
        for rows, score in worlds
    ]
    return float(np.mean(shares))
