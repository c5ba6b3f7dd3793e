"""The alert budget and the least score for raising in force: set in the console, else given to `seawall watch`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from seawall.pipeline.live.commit import BUDGET, CONFIGURED_BUDGET, CONFIGURED_THRESHOLD, THRESHOLD
from seawall.pipeline.live.settings import LiveSettings
from seawall.storage.database import Database, Transaction, WriterLease

_PER_DAY, _LEAST_SCORE = "per_day", "least_score"


@dataclass(frozen=True, slots=True)
class RaisingLimits:
    """The limits in force: incidents a day for each organisation, None for the default by size, and the least score, None for
    the one that ships.
    """

    per_day: float | None
    least_score: float | None


def limits_of(work: Transaction, settings: LiveSettings | None = None) -> RaisingLimits:
    """Return the limits in force for a watch with these settings, or for the last watch of this store."""
    if settings is None:
        return RaisingLimits(budget_of(work), least_score_of(work))
    return RaisingLimits(budget_of(work, settings.budget), least_score_of(work, settings.least_score))


def budget_of(work: Transaction, configured: float | None = None) -> float | None:
    """Return the budget in incidents a day for each organisation; None is the default by size.

    A budget set in the console comes first, then `configured`, then the `--budget` of the last watch.
    """
    chosen = read_chosen_budget(work)
    if chosen is not None:
        return chosen
    return read_configured_budget(work) if configured is None else configured


def read_chosen_budget(work: Transaction) -> float | None:
    """Return the budget set in the console, None if none was set."""
    return _read(work, BUDGET, _PER_DAY)


def read_configured_budget(work: Transaction) -> float | None:
    """Return the `--budget` of the last watch of this store, None if it had none."""
    return _read(work, CONFIGURED_BUDGET, _PER_DAY)


def least_score_of(work: Transaction, configured: float | None = None) -> float | None:
    """Return the least score for raising that was asked for, in log-odds; None for the one that ships.

    One set in the console comes first, then `configured`, then that of the last watch.
    """
    chosen = read_chosen_least_score(work)
    if chosen is not None:
        return chosen
    return read_configured_least_score(work) if configured is None else configured


def read_chosen_least_score(work: Transaction) -> float | None:
    """Return the least score for raising set in the console, None if none was set."""
    return _read(work, THRESHOLD, _LEAST_SCORE)


def read_configured_least_score(work: Transaction) -> float | None:
    """Return the `--min-score` or `--min-chance` of the last watch of this store as a score, None if it had none."""
    return _read(work, CONFIGURED_THRESHOLD, _LEAST_SCORE)


def keep_configured_limits(database: Database, writer: WriterLease, settings: LiveSettings) -> None:
    """Store the budget and the least score of a starting watch, so that the console uses them in any process."""
    wanted = {
        CONFIGURED_BUDGET: (_PER_DAY, settings.budget),
        CONFIGURED_THRESHOLD: (_LEAST_SCORE, settings.least_score),
    }
    with database.reading() as work:
        changed = {name: pair for name, pair in wanted.items() if _read(work, name, pair[0]) != pair[1]}
    if not changed:
        return
    with database.writing(writer) as work:
        for name, (key, value) in changed.items():
            if value is None:
                work.settings.forget(name)
            else:
                work.settings.put(name, {key: value})


def _read(work: Transaction, name: str, key: str) -> float | None:
    value = (work.settings.get(name) or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
