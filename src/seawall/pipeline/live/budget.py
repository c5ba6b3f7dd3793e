"""The alert budget in force: set in the console, else given to `seawall watch`."""

from __future__ import annotations

from seawall.pipeline.live.commit import BUDGET, CONFIGURED_BUDGET
from seawall.storage.database import Database, Transaction, WriterLease


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
    return _per_day(work, BUDGET)


def read_configured_budget(work: Transaction) -> float | None:
    """Return the `--budget` of the last watch of this store, None if it had none."""
    return _per_day(work, CONFIGURED_BUDGET)


def keep_configured_budget(database: Database, writer: WriterLease, per_day: float | None) -> None:
    """Store the `--budget` of a starting watch, so that the console uses it in any process."""
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
