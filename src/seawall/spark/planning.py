"""Decide which shelves a run scores anew, and from which day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seawall.spark.event_parts import choose_shelf
from seawall.spark.rows import BEGINNING


def plan_scoring(
    added: Iterable[tuple[list[str], int]],
    states: Iterable[tuple[int, int]],
    homes: Mapping[str, str],
    moved: Iterable[str],
    shelves: int,
) -> dict[int, int]:
    """Return for each shelf to score the day of the latest state before all that was added, `BEGINNING` without one.

    `added` are the organisations and the first day of each part of events, `states` the shelf and day of each kept state,
    `moved` the organisations whose records are others than before: their shelves are scored from the beginning.
    """
    first: dict[int, int] = {}
    for names, day in added:
        for name in names:
            shelf = choose_shelf(homes.get(name, name), shelves)
            first[shelf] = min(day, first.get(shelf, day))
    for name in moved:
        first[choose_shelf(name, shelves)] = BEGINNING
    latest = dict.fromkeys(first, BEGINNING)
    for shelf, day in states:
        if shelf in first and day < first[shelf]:
            latest[shelf] = max(day, latest[shelf])
    return latest
