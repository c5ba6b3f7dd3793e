"""A store that was watched with some rules and goes on with others holds what a store would that never knew the first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from seawall.detection.ranking.engine import DetectionEngine, layout
from seawall.detection.rules.sigma.load import load_rules
from seawall.pipeline.live.detection import is_outdated
from seawall.pipeline.scan import ScanSettings, scan
from tests.pipeline.live.running import quick, running, settled
from tests.pipeline.live.stored import Stored, scanned, stored

OLD, NEW, COUNTING = (f"{number}b6c1f3e-6c53-4c8e-9a0e-3d1c6f3f0b11" for number in range(3))


def folder_of(place: Path, *documents: dict[str, Any]) -> Path:
    place.mkdir()
    (place / "rules.yml").write_text(yaml.safe_dump_all(documents), "utf-8")
    return place


def rule(id_: str, account: str, **more: Any) -> dict[str, Any]:
    """A rule that hits mail access to an account."""
    return {
        "title": f"Mail of {account}", "id": id_, "level": "critical", "logsource": {"product": "m365"},
        "detection": {"s": {"account": account, "kind": "mail_access"}, "condition": "s"}, **more,
    }  # fmt: skip


def counting(name: str) -> dict[str, Any]:
    said = {
        "type": "event_count",
        "rules": [name],
        "group-by": ["account"],
        "timespan": "2d",
        "condition": {"gte": 4},
    }
    return {
        "title": "Much mail",
        "id": COUNTING,
        "level": "critical",
        "correlation": {**said, "generate": True},
    }


def hit(found: Stored) -> set[str]:
    """The ids of the rules that any incident names."""
    return {
        one["id"] for document in found.incidents.values() for one in document["details"].get("sigma", ())
    }


@pytest.mark.parametrize("seen", ["all", pytest.param("half", marks=pytest.mark.soak)])
def test_other_rules_give_what_they_would_have_given_from_the_first_day(
    tmp_path: Path, logs: Path, expected: Stored, seen: str
) -> None:
    first, *_, last = sorted({document["account"] for document in expected.incidents.values()})
    old = folder_of(tmp_path / "old", rule(OLD, first))
    new = folder_of(tmp_path / "new", rule(NEW, last, name="mail"), counting("mail"))
    arriving = tmp_path / "logs"
    files = sorted(path for path in logs.rglob("*") if path.is_file())
    early = files if seen == "all" else files[: len(files) // 2]
    for path in early:
        (arriving / path.relative_to(logs)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, arriving / path.relative_to(logs))
    store = tmp_path / "store"
    scan([arriving], tmp_path / "early", settings=ScanSettings(budget=2.0, rules=(old,)))
    with running(quick(store, arriving, rules=(old,))) as service:
        settled(service, scanned(tmp_path / "early").records)
    before = stored(store)
    assert before.incidents == scanned(tmp_path / "early").incidents
    assert OLD in hit(before) or seen == "half"

    shutil.copytree(logs, arriving, dirs_exist_ok=True)
    with running(quick(store, arriving, rules=(new,))) as service:
        settled(service, expected.records)
    scan([logs], tmp_path / "fresh", settings=ScanSettings(budget=2.0, rules=(new,)))
    fresh, now = scanned(tmp_path / "fresh"), stored(store)
    assert {NEW, COUNTING} <= hit(fresh)
    assert fresh.incidents != expected.incidents
    assert json.dumps(now.incidents, sort_keys=True) == json.dumps(fresh.incidents, sort_keys=True)


def test_the_same_rules_at_another_place_are_the_same(tmp_path: Path) -> None:
    rules = folder_of(tmp_path / "rules", rule(OLD, "nobody@x.example"))
    moved = shutil.copytree(rules, tmp_path / "elsewhere")
    changed = folder_of(tmp_path / "changed", rule(OLD, "somebody@x.example"))
    states = {"0/engine/1": DetectionEngine(None, load_rules((rules,))).state()}
    assert [
        is_outdated(states, layout(load_rules((folder,)), None)) for folder in (rules, moved, changed)
    ] == [
        False,
        False,
        True,
    ]
    assert is_outdated(states, layout(load_rules(()), None))
