"""The curve of chances is fitted to cases: it rises, is never 0 or 1, and does not depend on their order."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seawall.detection.ranking.chance import load_chance, parse_chance
from seawall.lab.evaluate.calibrate_chance import cases_of, fit_chance, fit_points, main
from seawall.lab.evaluate.intrusions import WorldTruth, read_intrusions
from seawall.storage.files.incident_documents import write_incidents
from seawall_base.errors import UsageError
from tests.report.samples import incident

DAY = 86_400_000_000
TRUTH = {
    "tenants": [{"id": "org", "domain": "org.example", "accounts": 100}],
    "quiet_until": "1970-01-11T00:00:00Z",
    "last_time": "1970-01-21T00:00:00Z",
    "confusers": [],
    "attacks": [
        {
            "id": events[0], "family": "token_replay", "difficulty": "easy", "tenant": "org", "accounts": ["a@org.example"],
            "first_event": "1970-01-12T00:00:00Z", "last_event": "1970-01-12T01:00:00Z", "events": list(events),
        }
        for events in (("a1", "a2"), ("b1",), ("c1",))
    ],
}  # fmt: skip


def found(score: float, *events: str) -> Any:
    return replace(incident(), score=score, events=events, first_event=12 * DAY, last_event=12 * DAY)


@pytest.fixture
def truth(tmp_path: Path) -> WorldTruth:
    (tmp_path / "truth.json").write_text(json.dumps(TRUTH))
    return read_intrusions(tmp_path / "truth.json")


@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=1, max_size=120), st.randoms())
def test_points_rise_and_do_not_depend_on_order(cases: list[tuple[float, bool]], random: Any) -> None:
    def fit(found: list[tuple[float, bool]]) -> list[tuple[float, float]]:
        return fit_points(np.array([s for s, _ in found]), np.array([real for _, real in found]))

    points = fit(cases)
    assert all(0.0 < chance < 1.0 for _, chance in points)
    assert all(one[0] <= two[0] and one[1] < two[1] for one, two in pairwise(points))
    mixed = list(cases)
    random.shuffle(mixed)
    assert fit(mixed) == points


def test_separate_scores_give_a_steep_curve_and_mixed_ones_a_level_one() -> None:
    scores = np.concatenate([np.linspace(-6, -3, 100), np.linspace(0, 3, 100)])
    steep = fit_points(scores, scores > -1)
    assert steep[0][1] < 0.02
    assert steep[-1][1] > 0.98
    ((_, level),) = fit_points(scores, np.arange(200) % 2 == 0)[:1]
    assert level == pytest.approx(0.5, abs=0.1)


def test_cases_are_real_by_the_records_of_attacks(truth: WorldTruth) -> None:
    cases = cases_of([found(1.0, "x"), found(3.0, "a1:2", "z"), found(2.0, "a2", "b1"), found(0.0)], truth)
    assert cases.scores.tolist() == [3.0, 2.0, 1.0, 0.0]
    assert cases.is_real.tolist() == [True, True, False, False]
    assert cases.found.tolist() == [1, 1, 0, 0], "the second case shows the first attack again"
    assert (cases.attacks, cases.account_days) == (3, 1.0)
    before = replace(found(9.0, "a1"), first_event=DAY, last_event=9 * DAY)
    assert len(cases_of([before, found(1.0)], truth).scores) == 1, "attacks may begin on the eleventh day"


def test_the_card_states_recall_at_a_rate_of_false_incidents(truth: WorldTruth) -> None:
    cases = cases_of([found(3.0, "a1"), found(2.0), found(1.0, "b1"), found(0.5), found(0.0)], truth)
    card = fit_chance([cases], None)["card"]
    at = card["at_false_incidents_a_day_per_1000_accounts"]
    assert at["0.5"] == {"score": 2.0, "recall": pytest.approx(1 / 3, abs=1e-3)}
    assert at["1"] == {"score": 0.5, "recall": pytest.approx(2 / 3, abs=1e-3)}
    assert card["attacks_a_day_per_1000_accounts"] == 3.0


def test_cases_of_one_kind_are_refused(truth: WorldTruth) -> None:
    with pytest.raises(UsageError):
        fit_chance([cases_of([found(1.0, "x")], truth)], None)


def test_the_command_writes_a_curve_that_the_product_reads(tmp_path: Path) -> None:
    world, out = tmp_path / "world", tmp_path / "chance.json"
    world.mkdir()
    (world / "truth.json").write_text(json.dumps(TRUTH))
    real = [found(2.0 + n / 10, "a1") for n in range(10)]
    write_incidents(world / "incidents.jsonl", [*real, *(found(-n / 10, "x") for n in range(30))])
    main([str(world), "--out", str(out), "--raised-from", "-0.5"])
    curve = parse_chance(out.read_bytes())
    assert curve.raised_from == -0.5
    assert curve.estimate(3.0) > 0.8 > 0.2 > curve.estimate(-2.0)
    main([str(world), "--out", str(out)])
    assert parse_chance(out.read_bytes()).raised_from == load_chance().raised_from
    main([str(world), "--out", str(out), "--raised-from", "none"])
    assert parse_chance(out.read_bytes()).raised_from is None
    with pytest.raises(UsageError):
        main([str(tmp_path), "--out", str(out)])
