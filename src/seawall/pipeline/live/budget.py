"""The alert budget that holds: what was set in the console, else what the watch was started with."""

from __future__ import annotations

from seawall.pipeline.live.commit import BUDGET, CONFIGURED_BUDGET
from seawall.storage.database import Database, Transaction, WriterLease


def budget_of(work: Transaction, configured: float | None = None) -> float | None:
    """Return the budget, in incidents a day for each organisation; None is the default by size.

    A budget that was set while the watch ran comes first, then `configured`, then what the last watch was started with.
    """
    chosen = read_chosen_budget(work)
    if chosen is not None:
        return chosen
    return read_configured_budget(work) if configured is None else configured


def read_chosen_budget(work: Transaction) -> float | None:
    """Return the budget that somebody set in the console, None where nobody did."""
    return _per_day(work, BUDGET)


def read_configured_budget(work: Transaction) -> float | None:
    """Return the `--budget` that the last watch of this store was started with, None where it had none."""
    return _per_day(work, CONFIGURED_BUDGET)


def keep_configured_budget(database: Database, writer: WriterLease, per_day: float | None) -> None:
    """Keep the `--budget` of a watch that begins, so that the console reckons with it, whoever serves it."""
    with database.reading() as work:
        if read_configured_budget(work) == per_day:
            return
    with database.writing(writer) as work:
        if per_day is None:
            work.settings.forget(CONFIGURED_BUDGET)
        else:
            work.settings.put(CONFIGURED_BUDGET, {"per_day": per_day})


def _per_day(work: Transaction, name: str) -> float | None:
    value = (work.settings.get(name) or {}).get("per_day")
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
