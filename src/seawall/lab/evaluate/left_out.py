"""Measure the ranker that ships on worlds of a maker that it never learnt from: `python -m seawall.lab.evaluate.left_out WORLD…`.

Prints a JSON object. Worlds without intrusions tell how often Seawall raises an incident where there is nothing to find.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np

from seawall.lab.evaluate.baselines import METHODS
from seawall.lab.evaluate.intrusions import read_intrusions
from seawall.lab.evaluate.levers import measure_world
from seawall.lab.evaluate.metrics import BUDGETS, recall
from seawall.lab.evaluate.rows import RowLabeller, TrainingRows

FALSE_RATES: Final = (0.5, 1.0, 2.0, 5.0)
"""False incidents a day per 1,000 accounts at which recall is stated."""

FAMILIES_AT: Final = 5.0
"""The alert budget of which recall by family is stated."""


def score_world(task: tuple[Path, Path]) -> tuple[TrainingRows, dict[str, Any]]:
    """Return the rows of a world, and what its ranked incidents found. `task` is the world and a folder of coded days."""
    world, kept = task
    labeller = RowLabeller(read_intrusions(world / "truth.json"))
    found = measure_world(world, kept, watch=labeller.observe)
    return labeller.rows(found["accounts"], found["events"]), found


def summarise(worlds: Sequence[tuple[TrainingRows, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return recall of all methods on the worlds with intrusions, and how often quiet worlds raise an incident.

    Raises `ValueError` without a world with intrusions: there would be nothing to count.
    """
    hostile = [one for one in worlds if one[1]["intrusions"]]
    quiet = [found for _, found in worlds if not found["intrusions"]]
    if not hostile:
        raise ValueError("no world has an intrusion")
    rows = [one for one, _ in hostile]
    found = [one for _, one in hostile]
    staged = [each for one in found for each in one["intrusions"] if not each["near_impossible"]]
    told = [each for each in staged if each["raised"]]
    families = recall([(one, METHODS["Seawall"](one)) for one in rows], FAMILIES_AT).families
    return {
        "worlds": len(hostile),
        "quiet_worlds": len(quiet),
        "organisations": sum(one["organisations"] for one in found),
        "accounts": sum(one.accounts for one in rows),
        "days": max(one["days"] for one in found),
        "events": sum(one.events for one in rows),
        "attacks": sum(len(one["intrusions"]) for one in found),
        "counted": len(staged),
        "recall": {
            name: {
                f"{budget:g}": round(recall([(one, method(one)) for one in rows], budget).value, 4)
                for budget in BUDGETS
            }
            for name, method in METHODS.items()
        },
        "families_at_5": {name: list(pair) for name, pair in families.items()},
        "at_false": {f"{rate:g}": round(_find_at(found, rate) / len(staged), 4) for rate in FALSE_RATES},
        "raised": round(len(told) / len(staged), 4),
        "false_a_day": _count_raised(found, only_false=True),
        "quiet_a_day": _count_raised(quiet),
        "evidence_recall": round(float(np.mean([each["evidence_recall"] for each in told])), 4)
        if told
        else None,
        "hours": round(float(np.median(hours)), 2) if (hours := _list_hours(told)) else None,
    }


def _list_hours(told: Sequence[Mapping[str, Any]]) -> list[float]:
    return [each["hours"] for each in told if each["hours"] is not None]


def _find_at(found: Sequence[Mapping[str, Any]], rate: float) -> int:
    """Return how many intrusions an analyst sees who reads on until `rate` false incidents a day per 1,000 accounts."""
    seen = 0
    for one in found:
        allowed, shown = rate * one["account_days"], set[int]()
        for _, about, _, _ in one["incidents"]:
            allowed -= not about
            if allowed < 0:
                break
            shown.update(about)
        seen += sum(not one["intrusions"][place]["near_impossible"] for place in shown)
    return seen


def _count_raised(found: Sequence[Mapping[str, Any]], *, only_false: bool = False) -> float | None:
    """Return raised incidents a day per 1,000 accounts, None without a world."""
    days = sum(one["account_days"] for one in found)
    raised = sum(
        is_raised and not (only_false and about)
        for one in found
        for _, about, is_raised, _ in one["incidents"]
    )
    return round(raised / days, 3) if days else None


def main(arguments: Sequence[str] | None = None) -> None:
    """Score worlds, and print what was found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worlds", type=Path, nargs="+")
    parser.add_argument("--kept", type=Path, required=True, help="folder of coded days")
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args(arguments)
    with ProcessPoolExecutor(asked.jobs) as pool:
        found = list(pool.map(score_world, [(world, asked.kept) for world in asked.worlds]))
    print(json.dumps(summarise(found)))


if __name__ == "__main__":
    main()
