"""Replay all public incidents and write the tables of docs/explanation/replay.md: `python -m tools.replay_table`.

With `--check`, replay nothing: exit code 1 if the page differs from docs/replay.json, or if anything that decides a verdict has
changed since it was recorded. With `--replay`, replay all and exit 1 if a verdict differs from the recorded one.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from seawall.lab.replay.document import replay_document
from seawall.lab.replay.incident_file import list_names, load_incident
from seawall.lab.replay.layers import LAYERS
from seawall.lab.replay.run import ReplayRequest, run_replays
from tools.figures.digests import SOURCES, digest_files, stale
from tools.generated_tables import rewritten

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "explanation" / "replay.md"
RECORD: Final = ROOT / "docs" / "replay.json"
DECIDED_BY: Final = ("engine", "rules", "ranker", "made-up organisations")
OWN: Final = (
    "src/seawall/lab/replay/**/*.py",
    "src/seawall/lab/replay/incidents/*.toml",
    "src/seawall/lab/replay/reference/*",
    "src/seawall/posture/**/*.py",
    "src/seawall/keys/inventory/*.py",
    "src/seawall/keys/leaks/**/*.py",
    "src/seawall/response/adaptation.py",
    "src/seawall/response/containment/evidence.py",
    "packages/seawall-tokens/src/seawall_tokens/verify/*.py",
    "packages/seawall-tokens/src/seawall_tokens/conformance/token_factory.py",
)
"""What decides verdicts besides the engine, as patterns of files."""

NEVER: Final = "–"
_SHORT: Final = {"policies": "policies", "tokens": "tokens", "keys": "keys", "adaptation": "watch"}


def measure(names: Sequence[str]) -> dict[str, Any]:
    """Replay incidents with 500 honest accounts and seed 1; return the verdicts by incident and setting."""
    with tempfile.TemporaryDirectory(prefix=".seawall-") as scratch:
        request = ReplayRequest(names)
        document = replay_document(
            run_replays(request, Path(scratch)), request.choice, "the reference configuration"
        )
    return {one["name"]: summarise(one) for one in document["incidents"]}


def summarise(incident: dict[str, Any]) -> dict[str, Any]:
    """Return what the tables say about one incident: small numbers, rounded so that no last digit matters."""
    kept = ("title", "began", "provider_side", "messages_read", "detected_after", "raised_without_intruder")
    return {
        **{name: incident[name] for name in kept},
        "returned": incident["returned"]
        and [*_shorten(incident["returned"])[:2], incident["returned"]["others"]],
        "settings": {
            row["setting"]: {
                **{name: row[name] and _shorten(row[name]) for name in ("prevented", "warned", "raised")},
                "first_evidence": row["first_evidence"] and _shorten(row["first_evidence"]),
                "rank": row["rank"],
                "score": None if row["score"] is None else round(row["score"], 1),
                "messages_read_before": row["messages_read_before"],
            }
            for row in incident["settings"]
        },
    }


def _shorten(moment: dict[str, Any]) -> list[Any]:
    return [round(moment["day"], 1), moment["at"][:10], moment.get("by", "adaptation")]


def find_digests() -> dict[str, str]:
    """Return the digests of everything that decides a verdict."""
    found = {name: digest_files(ROOT, SOURCES[name]) for name in DECIDED_BY}
    return {**found, "replay": digest_files(ROOT, OWN)}


def read_record() -> dict[str, Any]:
    """Return the recorded verdicts, with their digests."""
    document: dict[str, Any] = json.loads(RECORD.read_text("utf-8"))
    return document


def tables(incidents: dict[str, Any]) -> dict[str, str]:
    """Return the generated tables of the page by their names."""
    return {
        "all layers": _draw_all(incidents),
        "each layer alone": _draw_each(incidents, "{} alone"),
        "each layer off": _draw_each(incidents, "without {}"),
        "returns": _draw_returns(incidents),
        "order of events": _draw_events(),
        "layer by layer": _draw_layers(incidents["storm-0558"]),
    }


def _draw_all(incidents: dict[str, Any]) -> str:
    headings = (
        "incident",
        "began",
        "stopped by",
        "warned by keys",
        "detection: first evidence",
        "detection: raised",
        "rank, score",
        "messages read until then",
        "raised without the intruder",
    )
    lines = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    for one in incidents.values():
        row, own = one["settings"]["all"], _find_detection(one)
        rank = NEVER if own["rank"] is None else f"{own['rank']:,}, {own['score']:.1f}"
        cells = (
            one["title"],
            one["began"],
            NEVER if row["prevented"] is None else _name(one, row["prevented"]),
            NEVER if row["warned"] is None else row["warned"][1],
            NEVER if own["first_evidence"] is None else f"day {own['first_evidence'][0]:.1f}",
            NEVER if own["raised"] is None else f"day {own['raised'][0]:.1f}",
            rank,
            f"{one['detected_after']:,} of {one['messages_read']:,}",
            f"{one['raised_without_intruder']:,}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    silent = [one["title"] for one in incidents.values() if _find_detection(one)["raised"] is None]
    raised = len(incidents) - len(silent)
    told = f"Detection raises {raised} of {len(incidents)}. It lists these, too low to be raised, or does not see them: "
    return "\n".join(
        [*lines, "", f"{told}{', '.join(silent)}." if silent else f"Detection raises all {raised}."]
    )


def _find_detection(one: dict[str, Any]) -> dict[str, Any]:
    """Return the verdict of all detectors, without what keys say earlier."""
    found: dict[str, Any] = one["settings"]["without keys"]
    return found


def _name(one: dict[str, Any], moment: list[Any]) -> str:
    day, date, layer = moment
    provider = " (provider)" if layer in one["provider_side"] else ""
    return f"{_SHORT.get(layer, layer)}{provider}, {f'day {day:.1f}' if abs(day) < 100 else date}"


def _draw_each(incidents: dict[str, Any], form: str) -> str:
    names = [layer.name for layer in LAYERS]
    lines = [
        f"| incident | {' | '.join(layer.title.lower() for layer in LAYERS)} |",
        f"|---|{'---|' * len(names)}",
    ]
    for one in incidents.values():
        cells = [_say_both(one, one["settings"][form.format(name)]) for name in names]
        lines.append(f"| {one['title']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _draw_returns(incidents: dict[str, Any]) -> str:
    lines = [
        "| incident | contained | the intruder's return is reported | other uses that are reported |",
        "|---|---|---|---|",
    ]
    for name, one in incidents.items():
        contained = load_incident(name).contained
        if contained is not None:
            day, date, others = one["returned"] or (None, NEVER, NEVER)
            told = "not reported" if day is None else f"day {day:.1f}, {date}"
            lines.append(f"| {one['title']} | day {contained:.0f} | {told} | {others} |")
    return "\n".join(lines)


def _draw_events() -> str:
    storm = load_incident("storm-0558")
    lines = ["| date | day | event |", "|---|---|---|"]
    lines += [
        f"| {storm.find_date(stage.day)} | {stage.day:,.0f} | {stage.title} |" for stage in storm.stages
    ]
    return "\n".join(lines)


def _draw_layers(one: dict[str, Any]) -> str:
    """Return for each layer alone when it speaks, when it ends the incident or tells a person, and what was read by then."""
    lines = [
        "| layer alone | first word | ends it, or tells a person | messages read by then |",
        "|---|---|---|---|",
    ]
    for layer in LAYERS:
        row = one["settings"][f"{layer.name} alone"]
        words = [row[name] for name in ("prevented", "warned", "first_evidence", "raised") if row[name]]
        first = min(words, default=None)
        whose = " (provider)" if layer.name in one["provider_side"] else ""
        read = f"{row['messages_read_before']:,} of {one['messages_read']:,}"
        cells = (layer.title + whose, NEVER if first is None else first[1], _say(one, row), read)
        lines.append(f"| {' | '.join(cells)} |")
    returned = one["returned"]
    if returned:
        lines.append(
            f"| Watch after containment, after the others | {returned[1]} | tells of the return, day {returned[0]:.1f} | – |"
        )
    return "\n".join(lines)


def _say_both(one: dict[str, Any], row: dict[str, Any]) -> str:
    """Return what stops the incident, and what detection would say if nothing did."""
    said = _say(one, row)
    if row["prevented"] is None or row["rank"] is None:
        return said
    return f"{said}; {_say(one, {**row, 'prevented': None, 'warned': None})}"


def _say(one: dict[str, Any], row: dict[str, Any]) -> str:
    """Return the verdict of a setting in a few words."""
    if row["prevented"] is not None:
        return f"stopped by {_name(one, row['prevented'])}"
    if row["raised"] is not None:
        rank = (
            f", rank {row['rank']:,}" if row["rank"] is not None and row["raised"][2] == "detection" else ""
        )
        return f"raised day {row['raised'][0]:.1f}{rank}"
    if row["warned"] is not None:
        return f"warned {row['warned'][1]}"
    if row["rank"] is not None:
        return f"listed, rank {row['rank']:,}"
    return "not seen" if row["first_evidence"] is None else f"seen day {row['first_evidence'][0]:.1f}"


def draw_page(incidents: dict[str, Any]) -> str:
    """Return the page with the tables of these verdicts."""
    return rewritten(PAGE.read_text("utf-8"), tables(incidents), PAGE.name)


def main(arguments: list[str]) -> int:
    """Return 0 on success, 1 if the record or the page is not what the product gives."""
    if "--check" in arguments:
        return _check()
    if "--replay" in arguments:
        moved = find_moved(measure(list_names()), read_record()["incidents"])
        print("\n".join(moved) or "every verdict is the recorded one")
        return int(bool(moved))
    incidents = measure(list_names())
    record = {"digests": find_digests(), "incidents": incidents}
    RECORD.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8")
    PAGE.write_text(draw_page(incidents), "utf-8")
    return 0


def find_moved(now: dict[str, Any], recorded: dict[str, Any]) -> list[str]:
    """Return a line for each setting of the given incidents whose verdict is not the recorded one."""
    lines = []
    for name, one in now.items():
        before = recorded.get(name)
        if before is None:
            lines.append(f"{name} is not recorded")
            continue
        lines += [
            f"{name}, {setting}: {before['settings'].get(setting)} is now {row}"
            for setting, row in one["settings"].items()
            if before["settings"].get(setting) != row
        ]
    return lines


def _check() -> int:
    record, complaints = read_record(), []
    if changed := stale(record["digests"], find_digests()):
        complaints.append(
            f"changed since the verdicts were recorded: {', '.join(changed)}. Run: python -m tools.replay_table"
        )
    if PAGE.read_text("utf-8") != draw_page(record["incidents"]):
        complaints.append(f"{PAGE.name} does not show docs/replay.json. Run: python -m tools.replay_table")
    print("\n".join(complaints) or "the replay tables are those of this state")
    return int(bool(complaints))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
