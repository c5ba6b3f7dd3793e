"""Kept coded days give the incidents of a scan; what was found is judged alike for worlds of both makers, and paired."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seawall.detection.ranking.ranker import parse
from seawall.detection.rules.sigma.load import load_rules
from seawall.lab.evaluate import left_out
from seawall.lab.evaluate.baselines import METHODS
from seawall.lab.evaluate.intrusions import read_intrusions
from seawall.lab.evaluate.kept_days import ensure_kept
from seawall.lab.evaluate.levers import judge, main, measure_world
from seawall.lab.evaluate.paired import compare_measures, describe_measures
from seawall.lab.evaluate.rows import collect_kept
from seawall.lab.evaluate.train_ranker import fit
from seawall.lab.worlds import WorldSettings, make_world
from seawall.pipeline.scan import ScanResult, scan
from seawall_base.errors import InputUnreadable

SETTINGS = WorldSettings(77, accounts=20, days=12, attacks=3, quiet_days=6, density=0.5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(SETTINGS, tmp_path_factory.mktemp("world-77")).folder


@pytest.fixture(scope="module")
def scanned(world: Path) -> ScanResult:
    return scan(world / "logs")


def test_kept_days_give_the_incidents_of_a_scan(world: Path, scanned: ScanResult, tmp_path: Path) -> None:
    first, again = (measure_world(world, tmp_path) for _ in range(2))
    assert first == again
    begin = read_intrusions(world / "truth.json").begin
    by_score = sorted(scanned.incidents, key=lambda each: (-each.score, each.id))
    expected = [[round(one.score, 4), one.raised] for one in by_score if one.last_event >= begin]
    assert [[score, raised] for score, _, raised, _ in first["incidents"]] == expected
    assert first["events"] == scanned.summary["events"]
    assert expected


def test_days_coded_with_other_rules_are_refused(world: Path, tmp_path: Path) -> None:
    ensure_kept(world / "logs", tmp_path / "kept", load_rules((), with_pack=True))
    with pytest.raises(InputUnreadable, match="of other rules or columns"):
        ensure_kept(world / "logs", tmp_path / "kept", load_rules((), with_pack=False))


def test_both_makers_truths_say_the_same(world: Path, tmp_path: Path) -> None:
    ours = read_intrusions(world / "truth.json")
    document = json.loads((world / "truth.json").read_text(encoding="utf-8"))
    (tmp_path / "truth.json").write_text(json.dumps(_as_other_maker(document)), encoding="utf-8")
    theirs = read_intrusions(tmp_path / "truth.json")
    assert theirs.account_days == ours.account_days
    assert [replace(each, names=frozenset()) for each in theirs.intrusions] == [
        replace(each, names=frozenset()) for each in ours.intrusions
    ]
    assert any(each.near_impossible for each in ours.intrusions)
    assert theirs.changes == ours.changes


def _as_other_maker(document: dict[str, Any]) -> dict[str, Any]:
    (tenant,) = document["tenants"]
    return {
        "eval_start": document["quiet_until"],
        "end": document["last_time"],
        "tenants": {"one": [tenant["id"], tenant["domain"]]},
        "accounts": {"one": [f"account {number}" for number in range(tenant["accounts"])]},
        "confusers": document["confusers"],
        "episodes": [
            {
                **attack,
                "tenant": "one",
                "actor_apps": [],
                "principal_is_app": False,
                "linkable": True,
                "start": attack["first_event"],
                "end": attack["last_event"],
            }
            for attack in document["attacks"]
        ],
    }


def test_an_incident_is_about_a_victim_or_shows_the_intruders_records(
    world: Path, scanned: ScanResult
) -> None:
    truth = read_intrusions(world / "truth.json")
    victim = truth.intrusions[0]
    one = replace(
        scanned.incidents[0],
        account=next(iter(victim.who)).upper(),
        first_event=victim.start,
        last_event=victim.end,
        events=(next(iter(victim.events)) + ":2",),
        raised=True,
    )
    by_record = replace(one, account="nobody@else.example")
    stranger = replace(by_record, events=("other",))
    late = replace(one, first_event=victim.end + 7_200_000_000, last_event=victim.end + 7_300_000_000)
    found = judge(truth, [stranger, late, by_record, one])
    assert [bool(about) for _, about, _, _ in found["incidents"]] == [False, False, True, True]
    first = found["intrusions"][0]
    assert first["budget"] == round(3 / truth.account_days, 4)
    assert first["evidence_recall"] == round(1 / len(victim.events), 4)


def _measure(*budgets: float | None) -> dict[str, Any]:
    rest = {"family": "f", "difficulty": "easy", "near_impossible": False, "linkable": True, "score": 1.0}
    told = {"raised": True, "hours": 1.0, "evidence_recall": 0.5, "evidence_precision": 1.0}
    found = [{"id": str(n), "budget": budget, **rest, **told} for n, budget in enumerate(budgets)]
    alarms = [[1.0, [0], True, ""], [0.5, [], True, "travel"]]
    return {"world": "w", "account_days": 10.0, "intrusions": found, "incidents": alarms}


def test_two_measures_are_paired_by_intrusion() -> None:
    before, after = [_measure(1.5, 3.0, None, 0.5)], [_measure(0.9, 1.9, 4.0, 1.1)]
    lines = compare_measures(before, after).splitlines()
    assert lines[0] == "4 intrusions in 1 worlds"
    assert lines[1].startswith("@1    0.250 -> 0.250  gained 1, lost 1")
    assert lines[2].startswith("@2    0.500 -> 0.750  gained 1, lost 0")


def test_a_summary_tells_quiet_worlds_and_the_least_score_for_them() -> None:
    quiet = {**_measure(), "incidents": [[score / 10, [], True, ""] for score in range(20, 0, -1)]}
    text = describe_measures([_measure(1.5, None), quiet])
    assert "quiet worlds: 1 worlds, raised a day per 1,000 2.00" in text
    assert "above 1.50 (quiet worlds raise 0.5): recall 0.000, false a day per 1,000 0.00" in text


def test_worlds_of_a_maker_left_out_are_summed_up(world: Path, tmp_path: Path) -> None:
    rows, found = left_out.score_world((world, tmp_path))
    assert {name: found[name] for name in ("events", "intrusions", "incidents")} == {
        name: value
        for name, value in measure_world(world, tmp_path).items()
        if name in ("events", "intrusions", "incidents")
    }
    quiet = {**found, "intrusions": [], "incidents": [[1.0, [], True, ""]] * 3}
    summed = left_out.summarise([(rows, found), (rows, quiet)])
    counted = [each for each in found["intrusions"] if not each["near_impossible"]]
    assert (summed["worlds"], summed["quiet_worlds"], summed["counted"]) == (1, 1, len(counted))
    assert summed["attacks"] == len(found["intrusions"])
    assert summed["raised"] == round(sum(each["raised"] for each in counted) / len(counted), 4)
    assert summed["quiet_a_day"] == round(3 / found["account_days"], 3)
    assert list(summed["at_false"].values()) == sorted(summed["at_false"].values())
    assert set(summed["recall"]) == set(METHODS)
    with pytest.raises(ValueError, match="no world has an intrusion"):
        left_out.summarise([(rows, quiet)])


def test_recall_stops_at_the_false_incidents_that_one_reads() -> None:
    found = {**_measure(1.0, 2.0), "account_days": 1.0}
    false, first, second = [3.0, [], True, ""], [2.0, [0], True, ""], [1.0, [1], True, ""]
    found["incidents"] = [first, false, second, false]
    assert [left_out._find_at([found], rate) for rate in (0.5, 1.0, 2.0)] == [1, 2, 2]
    found["intrusions"][1]["near_impossible"] = True
    assert left_out._find_at([found], 2.0) == 1


def test_the_command_writes_and_compares(
    world: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    main(["measure", str(world), "--kept", str(tmp_path / "kept"), "--out", str(out), "--jobs", "1"])
    main(["compare", str(out), str(out)])
    assert "gained 0, lost 0, p 1.000" in capsys.readouterr().out


def test_a_ranker_is_trained_on_coded_days_of_both_makers(world: Path, tmp_path: Path) -> None:
    rows = collect_kept(world, tmp_path / "kept")
    truth = read_intrusions(world / "truth.json")
    assert {rows.attacks[place].id for place in set(rows.attack.tolist()) - {-1}} <= {
        one.id for one in truth.intrusions
    }
    assert (rows.score == rows.unsupervised + rows.sigma).all()
    document = fit([rows, rows], 1, [rows])
    assert document["card"]["worlds_of_another_maker"] == 1
    assert document["card"]["worlds"] == 2
    assert len(
        parse(json.dumps(document).encode()).score(rows.inputs.astype(float), rows.unsupervised)
    ) == len(rows.score)
