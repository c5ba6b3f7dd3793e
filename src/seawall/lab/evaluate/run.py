"""Run the evaluation: make and scan worlds, then write recall at budgets, delays and false incidents for all methods."""

from __future__ import annotations

import json
import platform
import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.incidents.alert_budget import BUDGET_PER_THOUSAND
from seawall.detection.ranking.patterns import PATTERNS
from seawall.events.coded_batch import Floats
from seawall.lab.evaluate.baselines import METHODS
from seawall.lab.evaluate.metrics import BUDGETS, MethodRecall, incidents_allowed, precision, recall
from seawall.lab.evaluate.outcomes import WorldOutcome, median_delay, median_items_before
from seawall.lab.evaluate.rows import LEVELS_OF_P, TrainingRows, collect
from seawall.lab.evaluate.table import as_markdown, draw
from seawall.lab.evaluate.worlds import ensure_world, measuring_worlds, quiet_worlds
from seawall.lab.worlds.world_settings import SystemsChoice
from seawall.pipeline import scan as pipeline
from seawall.version import __version__
from seawall_base.document_version import SCHEMA_VERSION
from seawall_base.errors import MissingExtra

QUIET_WEEKS: dict[str, tuple[str, ...] | None] = {
    "all confusers": None,
    "roll-out": ("vpn_roll_out", "app_roll_out"),
    "merger": ("merger",),
    "migration": ("migration",),
}
DELAY_BUDGET = 5.0


def run(
    *,
    worlds: int,
    seed: int,
    accounts: int,
    days: int,
    out: Path,
    systems: SystemsChoice = "microsoft",
) -> dict[str, Any]:
    """Measure on worlds made from a seed; write `evaluation.json`, `.md` and plots; return the document. Raises
    `MissingExtra`.
    """
    try:
        import sklearn  # noqa: F401 - the baselines need it, and a late failure would waste the run
    except ImportError as error:
        raise MissingExtra("evaluation needs optional packages", extra="evaluate") from error
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".worlds-", dir=out) as scratch:
        measured, found = [], []
        for settings in measuring_worlds(worlds, seed, accounts, days, systems):
            rows, outcome = collect(ensure_world(settings, Path(scratch)), DELAY_BUDGET)
            measured.append(rows)
            found.append(outcome)
        quiet = _quiet(seed, accounts, days, Path(scratch), systems)
    asked = {"worlds": worlds, "seed": seed, "accounts": accounts, "days": days, "systems": systems}
    document = _document(measured, found, quiet, asked)
    (out / "evaluation.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    (out / "evaluation.md").write_text(as_markdown(document), encoding="utf-8")
    draw(document, out)
    return document


def _quiet(
    seed: int, accounts: int, days: int, scratch: Path, systems: SystemsChoice
) -> dict[str, dict[str, float]]:
    """Return incidents raised a day per 1,000 accounts, and the default budget, for each kind of world without attacks."""
    result = {}
    for place, (name, confusers) in enumerate(QUIET_WEEKS.items()):
        (settings,) = quiet_worlds(1, seed + 100 * place, accounts, days, confusers, systems)
        summary = pipeline.scan([ensure_world(settings, scratch) / "logs"]).summary
        first, last = (date.fromisoformat(summary[name][:10]) for name in ("first_time", "last_time"))
        account_days = ((last - first).days + 1) * summary["accounts"]
        result[name] = {
            "raised_a_day_per_1000": round(1000 * summary["raised"] / account_days, 3),
            "budget": BUDGET_PER_THOUSAND,
        }
    return result


def _document(
    measured: Sequence[TrainingRows],
    found: Sequence[WorldOutcome],
    quiet: dict[str, Any],
    asked: dict[str, Any],
) -> dict[str, Any]:
    found_delays = [delay for outcome in found for delay in outcome.delays]
    methods = {}
    for name, method in METHODS.items():
        scored: list[tuple[TrainingRows, Floats]] = [(rows, method(rows)) for rows in measured]
        methods[name] = {
            "recall": {f"{budget:g}": _recall(recall(scored, budget)) for budget in BUDGETS},
            "precision_at_10": round(precision(scored, 10), 4),
        }
    return {
        "schema_version": SCHEMA_VERSION,
        "asked": asked,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
        "version": __version__,
        "attacks": sum(len(rows.attacks) for rows in measured),
        "events": sum(rows.events for rows in measured),
        "allowed_at_2": sum(incidents_allowed(rows, 2.0) for rows in measured),
        "methods": methods,
        "median_delay_seconds": {
            "loud": median_delay(found_delays, loud=True),
            "all": median_delay(found_delays, loud=False),
        },
        "median_items_before_detection": median_items_before(found_delays),
        "detected_at_5": sum(d.seconds is not None for d in found_delays),
        "raised_at_5": sum(outcome.raised for outcome in found),
        "false_at_5": dict(sum((Counter(outcome.false) for outcome in found), Counter[str]()).most_common()),
        "calibration": _calibration(measured),
        "quiet": quiet,
    }


def _calibration(measured: Sequence[TrainingRows]) -> dict[str, dict[str, float]]:
    """Return P(p ≤ a) / a for each pattern on days without attacks: 1 is exact, below 1 is conservative."""
    counts = np.sum([rows.tail for rows in measured], axis=0)
    return {
        pattern.name: {
            f"{level:g}": round(float(counts[place, 1 + at] / max(counts[place, 0], 1.0) / level), 3)
            for at, level in enumerate(LEVELS_OF_P)
        }
        for place, pattern in enumerate(PATTERNS)
    }


def _recall(value: MethodRecall) -> dict[str, Any]:
    family, least = value.worst()
    return {
        "recall": round(value.value, 4),
        "caught": value.caught,
        "staged": value.staged,
        "worst_family": family,
        "worst_recall": round(least, 4),
        "families": {name: list(pair) for name, pair in value.families.items()},
    }
