"""Measure the chance of scores: `python -m seawall.lab.evaluate.calibrate_chance [WORLD ...] [--raised-from SCORE]`.

A WORLD is a folder with `truth.json`, of any maker, and the `incidents.jsonl` of a scan; without it, its `logs` are scanned.
Without WORLD, the command makes worlds. Worlds that trained the ranker make chances too high: give others.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.incident import Incident
from seawall.detection.ranking.chance import ARTEFACT, load_chance, parse_chance
from seawall.events.coded_batch import Bools, Floats
from seawall.lab.evaluate.intrusions import WorldTruth, read_intrusions
from seawall.lab.evaluate.outcomes import own_id
from seawall.lab.evaluate.worlds import ensure_world, measuring_worlds
from seawall.pipeline import scan as pipeline
from seawall.storage.files.incident_documents import read_incidents
from seawall.version import __version__
from seawall_base.errors import UsageError

FALSE_RATES = (0.2, 0.5, 1.0)
"""False incidents a day for 1,000 accounts at which the card states the least score."""

LEAST_CASES = 8
"""Fewest cases of one point: a point of fewer says more about luck than about the score."""


@dataclass(frozen=True, slots=True)
class ScoredCases:
    """The cases of one world: `scores` in log-odds and `is_real` (n,). `attacks` were staged in `account_days`, in thousands.

    `found` (n,) is the number of staged attacks that each case shows and no higher case does.
    """

    scores: Floats
    is_real: Bools
    found: Floats
    attacks: int
    account_days: float


def main(arguments: Sequence[str] | None = None) -> None:
    """Collect the cases of all worlds, fit the curve, write it and print its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, metavar="WORLD")
    parser.add_argument("--worlds", type=int, default=10, help="worlds to make where no WORLD is given")
    parser.add_argument("--accounts", type=int, default=150)
    parser.add_argument("--days", type=int, default=42)
    parser.add_argument("--seed", type=int, default=7100)
    parser.add_argument(
        "--raised-from", help="least score for raising, or none; without the option it stays as it is"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(str(resources.files("seawall.detection.ranking"))) / "data" / ARTEFACT,
    )
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        paths = asked.paths or [
            ensure_world(settings, Path(scratch))
            for settings in measuring_worlds(asked.worlds, asked.seed, asked.accounts, asked.days)
        ]
        document = fit_chance([read_cases(path) for path in paths], _threshold(asked.raised_from))
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    parse_chance(asked.out.read_bytes())
    print(json.dumps(document, indent=1))


def _threshold(text: str | None) -> float | None:
    if text is None:
        return load_chance().raised_from
    return None if text == "none" else float(text)


def read_cases(world: Path) -> ScoredCases:
    """Return the cases of a world's folder. Raises `UsageError` if it holds no truth."""
    if not (world / "truth.json").is_file():
        raise UsageError(f"{world} holds no truth.json", fix="give folders of worlds")
    results = world / "incidents.jsonl"
    incidents = read_incidents(results) if results.is_file() else pipeline.scan([world / "logs"]).incidents
    return cases_of(incidents, read_intrusions(world / "truth.json"))


def cases_of(incidents: Iterable[Incident], truth: WorldTruth) -> ScoredCases:
    """Return a world's incidents of the measured days as cases: real are those with a record of a staged attack."""
    attack_of = {uid: place for place, attack in enumerate(truth.intrusions) for uid in attack.events}
    measured = [incident for incident in incidents if truth.begin <= incident.last_event < truth.end]
    found = sorted(measured, key=lambda incident: -incident.score)
    attacks = [{attack_of[uid] for uid in map(own_id, one.events) if uid in attack_of} for one in found]
    return ScoredCases(
        np.array([one.score for one in found], np.float64),
        np.array([bool(one) for one in attacks], bool),
        _count_new(attacks),
        len(truth.intrusions),
        truth.account_days,
    )


def _count_new(attacks: Iterable[Iterable[int]]) -> Floats:
    seen: set[int] = set()
    counts = []
    for own in attacks:
        counts.append(len(set(own) - seen))
        seen |= set(own)
    return np.array(counts, np.float64)


def fit_chance(worlds: Sequence[ScoredCases], raised_from: float | None) -> dict[str, Any]:
    """Return the document of a curve through the cases of all worlds. Raises `UsageError` without cases of both kinds."""
    scores = np.concatenate([one.scores for one in worlds])
    real = np.concatenate([one.is_real for one in worlds])
    if real.all() or not real.any():
        raise UsageError("the worlds show no real or no false incident", fix="give more worlds")
    account_days = sum(one.account_days for one in worlds)
    attacks = sum(one.attacks for one in worlds)
    found = np.concatenate([one.found for one in worlds])
    at_rate = {}
    for rate in FALSE_RATES:
        least = _least_score(scores[~real], int(rate * account_days))
        at_rate[f"{rate:g}"] = {
            "score": round(least, 3),
            "recall": round(float(found[scores >= least].sum()) / max(attacks, 1), 3),
        }
    return {
        "points": [[round(score, 3), round(chance, 4)] for score, chance in fit_points(scores, real)],
        "raised_from": raised_from,
        "card": {
            "command": "python -m seawall.lab.evaluate.calibrate_chance",
            "version": __version__,
            "worlds": len(worlds),
            "cases": len(scores),
            "real": int(real.sum()),
            "attacks": attacks,
            "attacks_a_day_per_1000_accounts": round(attacks / account_days, 3),
            "at_false_incidents_a_day_per_1000_accounts": at_rate,
            "measured_on": "fictional organisations of this project's lab only; no real logs",
        },
    }


def _least_score(false: Floats, allowed: int) -> float:
    """Return the least score that raises at most this many false cases."""
    ordered = np.sort(false)[::-1]
    return float(ordered[-1] if allowed >= len(ordered) else np.nextafter(ordered[allowed], np.inf))


def fit_points(scores: Floats, is_real: Bools) -> list[tuple[float, float]]:
    """Return points (score, chance) that rise strictly in both: isotonic regression, each share moved towards one half.

    A point is the mean score of a block of cases; its chance is (real + ½) / (cases + 1), so that it is never 0 or 1.
    """
    order = np.lexsort((is_real, scores))
    blocks = [(float(scores[row]), float(is_real[row]), 1.0) for row in order.tolist()]
    blocks = _pool(blocks, lambda before, after: before[1] / before[2] >= after[1] / after[2])
    blocks = _pool(blocks, lambda before, after: min(before[2], after[2]) < LEAST_CASES)
    blocks = _pool(blocks, lambda before, after: _smooth(before) >= _smooth(after) - 1e-3)
    return [(total / count, _smooth((total, real, count))) for total, real, count in blocks]


_Block = tuple[float, float, float]
"""Sum of scores, real cases and all cases of neighbours in order of score."""


def _smooth(block: _Block) -> float:
    return (block[1] + 0.5) / (block[2] + 1.0)


def _pool(blocks: Iterable[_Block], joins: Callable[[_Block, _Block], bool]) -> list[_Block]:
    """Join neighbours while `joins` says so, each with all before it that it reaches."""
    kept: list[_Block] = []
    for one in blocks:
        last = one
        while kept and joins(kept[-1], last):
            before = kept.pop()
            last = before[0] + last[0], before[1] + last[1], before[2] + last[2]
        kept.append(last)
    return kept


if __name__ == "__main__":
    main()
