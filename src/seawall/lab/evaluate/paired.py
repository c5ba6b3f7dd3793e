"""Summarise measurements of worlds, and compare two of the same worlds: paired by intrusion, with intervals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seawall.lab.evaluate.metrics import BUDGETS

Measure = Mapping[str, Any]
"""What `levers.measure_world` found in one world."""

RESAMPLES = 2_000
QUIET_RATE = 0.5
"""Incidents a day per 1,000 accounts that worlds without intruders may raise."""


def describe_measures(found: Sequence[Measure]) -> str:
    """Return recall by budget, family, difficulty and log, false alarms, evidence and quiet worlds, as text."""
    staged = [each for world in found for each in world["intrusions"] if not each["near_impossible"]]
    lines = [_line("all", staged)]
    for key in ("family", "difficulty", "linkable"):
        parts = defaultdict(list)
        for each in staged:
            parts[str(each[key])].append(each)
        lines += [_line(f"{key} {name}", parts[name]) for name in sorted(parts)]
    return "\n".join([_HEAD, *lines, *_describe_alarms(found), *_describe_threshold(found)])


_HEAD = f"{'':40}{'staged':>8}" + "".join(f"{'@' + format(b, 'g'):>8}" for b in BUDGETS) + f"{'raised':>8}"


def _line(name: str, staged: Sequence[Measure]) -> str:
    shares = [_share(_is_found(each, budget) for each in staged) for budget in BUDGETS]
    shares.append(_share(each["raised"] for each in staged))
    return f"{name:40}{len(staged):>8}" + "".join(f"{share:>8.3f}" for share in shares)


def _describe_alarms(found: Sequence[Measure]) -> list[str]:
    """Return what raised incidents are like, in worlds with intruders and in quiet ones."""
    lines = []
    for name, worlds in _split(found).items():
        days = sum(world["account_days"] for world in worlds)
        if not days:
            continue
        raised = [one for world in worlds for one in world["incidents"] if one[2]]
        false = [one for one in raised if not one[1]]
        causes = Counter(one[3] for one in false).most_common(8)
        lines.append(
            f"{name}: {len(worlds)} worlds, raised a day per 1,000 {len(raised) / days:.2f}, "
            f"false {len(false) / days:.2f}: " + ", ".join(f"{kind} {count}" for kind, count in causes)
        )
    told = [each for world in found for each in world["intrusions"] if each["evidence_recall"] is not None]
    if told:
        hours = [each["hours"] for each in told if each["hours"] is not None]
        lines.append(
            f"evidence recall {np.mean([each['evidence_recall'] for each in told]):.3f}, "
            f"precision {np.mean([each['evidence_precision'] for each in told]):.3f}, "
            f"median hours to detection {np.median(hours):.2f}"
        )
    return lines


def _describe_threshold(found: Sequence[Measure]) -> list[str]:
    """Return the least score at which quiet worlds raise `QUIET_RATE`, and what it keeps of the recall."""
    parts = _split(found)
    quiet, hostile = parts["quiet worlds"], parts["worlds with intruders"]
    days = sum(world["account_days"] for world in quiet)
    if not days or not hostile:
        return []
    scores = sorted((one[0] for world in quiet for one in world["incidents"] if one[2]), reverse=True)
    allowed = int(QUIET_RATE * days)
    least = scores[allowed] if len(scores) > allowed else min(scores, default=0.0)
    staged = [each for world in hostile for each in world["intrusions"] if not each["near_impossible"]]
    kept = [each["raised"] and each["score"] > least for each in staged]
    false = sum(one[2] and not one[1] and one[0] > least for world in hostile for one in world["incidents"])
    rate = false / sum(world["account_days"] for world in hostile)
    return [
        f"above {least:.2f} (quiet worlds raise {QUIET_RATE}): recall {_share(kept):.3f}, false a day per 1,000 {rate:.2f}"
    ]


def _split(found: Sequence[Measure]) -> dict[str, list[Measure]]:
    return {
        "worlds with intruders": [world for world in found if world["intrusions"]],
        "quiet worlds": [world for world in found if not world["intrusions"]],
    }


def compare_measures(before: Sequence[Measure], after: Sequence[Measure]) -> str:
    """Return the change of recall at each budget over the intrusions of both: gained, lost, McNemar's p, 95 % interval."""
    from scipy.stats import binomtest  # seconds, which nobody needs who only measures

    pairs = _pair(before, after)
    lines = [f"{len(pairs)} intrusions in {len({world for world, _, _ in pairs})} worlds"]
    for budget in BUDGETS:
        was = np.array([_is_found(one, budget) for _, one, _ in pairs])
        now = np.array([_is_found(one, budget) for _, _, one in pairs])
        gained, lost = int((now & ~was).sum()), int((was & ~now).sum())
        p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
        low, high = _interval([world for world, _, _ in pairs], now.astype(float) - was)
        lines.append(
            f"@{budget:<4g} {was.mean():.3f} -> {now.mean():.3f}  gained {gained}, lost {lost}, p {p:.3f}, "
            f"95 % {low:+.3f} to {high:+.3f}"
        )
    return "\n".join(lines)


def _pair(before: Sequence[Measure], after: Sequence[Measure]) -> list[tuple[str, Measure, Measure]]:
    known = {(world["world"], each["id"]): each for world in before for each in world["intrusions"]}
    return [
        (world["world"], known[(world["world"], each["id"])], each)
        for world in after
        for each in world["intrusions"]
        if (world["world"], each["id"]) in known and not each["near_impossible"]
    ]


def _interval(worlds: Sequence[str], change: np.ndarray) -> tuple[float, float]:
    """Return the 95 % interval of a mean over intrusions, by drawing whole worlds again, or intrusions of a single one."""
    names, place = np.unique(worlds, return_inverse=True)
    if len(names) < 3:
        place, names = np.arange(len(change)), np.arange(len(change))
    sums, sizes = np.bincount(place, change, len(names)), np.bincount(place, minlength=len(names))
    drawn = np.random.default_rng(0).integers(len(names), size=(RESAMPLES, len(names)))
    low, high = np.quantile(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _is_found(each: Measure, budget: float) -> bool:
    return each["budget"] is not None and each["budget"] <= budget


def _share(values: Any) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else float("nan")
