"""Try an idea on many worlds in minutes: `python -m seawall.lab.evaluate.levers measure WORLD… --kept DIR --out FILE`.

`measure` codes each world once, keeps its coded days in DIR, scores them with the detector as it is installed, and writes what
was found of each intrusion. `compare BEFORE AFTER` pairs two such files by intrusion. Worlds are folders with `logs` and
`truth.json`, of the lab or of the other maker (`intrusions.read_intrusions`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import decide
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.ranking.ranker import load, parse
from seawall.detection.rules.sigma.load import load_rules
from seawall.lab.evaluate.intrusions import SLACK, Intrusion, WorldTruth, read_intrusions
from seawall.lab.evaluate.kept_days import ensure_kept
from seawall.lab.evaluate.outcomes import own_id
from seawall.lab.evaluate.paired import compare_measures, describe_measures

HOUR = 3_600_000_000
UNEXPLAINED = "none staged"


def measure_world(
    world: Path, kept: Path, ranker: Path | None = None, watch: Callable[[ScoredDay], None] | None = None
) -> dict[str, Any]:
    """Score a world's coded days, and return what was found, as a JSON object. `watch` sees each scored day.

    `intrusions` has for each the least budget (incidents a day per 1,000 accounts) at which an incident about it is among the
    highest (null: never), and for raised ones the hours to detection and the share of its records that are shown.
    `incidents` are all of measured days, highest first: score, places of the intrusions it is about, whether it is raised,
    and the kind of honest change that fits.
    """
    rules = load_rules((), with_pack=True)
    truth = read_intrusions(world / "truth.json")
    engine = DetectionEngine(load() if ranker is None else parse(ranker.read_bytes()), rules)
    days = ensure_kept(world / "logs", kept / world.name, rules)
    candidates: list[KeptCandidate] = []
    numbers = []
    for number, batch in days.load():
        scored = engine.observe(batch, number)
        if watch is not None:
            watch(scored)
        candidates += scored.list_candidates()
        numbers.append(number)
    accounts = engine.behaviour.accounts_of(days.vocabularies["org_uid"])
    span = numbers[-1] - numbers[0] + 1
    incidents = decide(candidates, (), accounts, span, None).incidents
    measured = [one for one in incidents if one.last_event >= truth.begin]
    about = {"accounts": engine.behaviour.accounts(), "organisations": len(accounts), "days": span}
    return {"world": world.name, "events": days.events, **about, **judge(truth, measured)}


def judge(truth: WorldTruth, incidents: Sequence[Incident]) -> dict[str, Any]:
    """Return what ranked incidents found of a world's intrusions; see `measure_world`."""
    shown = [frozenset(map(own_id, one.events)) for one in incidents]
    about = [
        [place for place, each in enumerate(truth.intrusions) if _is_about(one, events, each)]
        for one, events in zip(incidents, shown, strict=True)
    ]
    return {
        "account_days": truth.account_days,
        "intrusions": [
            _find(each, truth, incidents, shown, [rank for rank, found in enumerate(about) if place in found])
            for place, each in enumerate(truth.intrusions)
        ],
        "incidents": [
            [round(one.score, 4), found, one.raised, "" if found else _name_change(one, truth)]
            for one, found in zip(incidents, about, strict=True)
        ],
    }


def _is_about(incident: Incident, events: frozenset[str], intrusion: Intrusion) -> bool:
    """Return whether an incident overlaps an intrusion, and names a victim or shows a record of the intruder."""
    return (
        (not intrusion.names or incident.tenant.lower() in intrusion.names)
        and incident.first_event <= intrusion.end + SLACK
        and incident.last_event >= intrusion.start - SLACK
        and (incident.account.lower() in intrusion.who or not events.isdisjoint(intrusion.events))
    )


def _find(
    intrusion: Intrusion,
    truth: WorldTruth,
    incidents: Sequence[Incident],
    shown: Sequence[frozenset[str]],
    ranks: Sequence[int],
) -> dict[str, Any]:
    raised = [rank for rank in ranks if incidents[rank].raised]
    times = [when for rank in raised if (when := incidents[rank].detected_at) is not None]
    told = frozenset[str]().union(*(shown[rank] for rank in raised))
    return {
        "id": intrusion.id,
        "family": intrusion.family,
        "difficulty": intrusion.difficulty,
        "near_impossible": intrusion.near_impossible,
        "linkable": intrusion.is_linkable,
        "budget": round((ranks[0] + 1) / truth.account_days, 4) if ranks else None,
        "score": round(incidents[ranks[0]].score, 4) if ranks else None,
        "raised": bool(raised),
        "hours": round(max(min(times) - intrusion.start, 0) / HOUR, 2) if times else None,
        "evidence_recall": round(len(told & intrusion.events) / len(intrusion.events), 4) if raised else None,
        "evidence_precision": round(len(told & intrusion.events) / max(len(told), 1), 4) if raised else None,
    }


def _name_change(incident: Incident, truth: WorldTruth) -> str:
    """Return the kind of the narrowest honest change that covers an incident's account and time."""
    fitting = [
        (len(accounts) * (end - start), kind)
        for kind, accounts, start, end in truth.changes
        if incident.account.lower() in accounts
        and incident.first_event <= end + SLACK
        and incident.last_event >= start - SLACK
    ]
    return min(fitting)[1] if fitting else UNEXPLAINED


def _measure(task: tuple[Path, Path, Path | None]) -> dict[str, Any]:
    return measure_world(*task)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one of the commands `measure` and `compare`, and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True, dest="command")
    measure = commands.add_parser("measure", help="score worlds, and write what was found")
    measure.add_argument("worlds", type=Path, nargs="+")
    measure.add_argument("--kept", type=Path, required=True, help="folder of coded days")
    measure.add_argument("--ranker", type=Path, help="another ranker than the one that ships")
    measure.add_argument("--jobs", type=int, default=2)
    measure.add_argument("--out", type=Path, required=True)
    both = commands.add_parser("compare", help="pair two measurements by intrusion")
    both.add_argument("before", type=Path)
    both.add_argument("after", type=Path)
    asked = parser.parse_args(arguments)
    if asked.command == "compare":
        print(
            compare_measures(*(json.loads(path.read_text("utf-8")) for path in (asked.before, asked.after)))
        )
        return
    with ProcessPoolExecutor(asked.jobs) as pool:
        found = list(pool.map(_measure, [(world, asked.kept, asked.ranker) for world in asked.worlds]))
    asked.out.write_text(json.dumps(found), encoding="utf-8")
    print(describe_measures(found))


if __name__ == "__main__":
    main()
