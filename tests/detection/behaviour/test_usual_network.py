"""Use of the usual network around a group: interleaved with it, left behind, or taken up again."""

from __future__ import annotations

from math import expm1, log1p
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.behaviour.day import split_into_groups
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from tests.detection.behaviour.test_detector import ABROAD, history, run
from tests.sample_events import batches, event, sign_in


def away(groups: BehaviourGroups, name: str) -> float:
    """A feature of the only group on the far network."""
    at = np.flatnonzero(groups.features["hosting"])
    assert len(at) == 1
    return float(groups.features[name][at[0]])


def home(groups: BehaviourGroups, name: str) -> float:
    return float(groups.features[name][np.flatnonzero(groups.features["hosting"] == 0)[0]])


def last_day(tmp_path: Path, *rows: dict[str, Any], days: int = 20) -> BehaviourGroups:
    return run(tmp_path, [*history(days), *rows])[-1]


def test_an_intruder_works_while_the_owner_does(tmp_path: Path) -> None:
    rows = [event(f"o{n}", 20, 10 * n) for n in range(6)]
    rows += [event(f"x{n}", 20, 10 * n + 5, **ABROAD) for n in range(6)]
    groups = last_day(tmp_path, *rows)
    assert away(groups, "usual_overlap") == 1.0
    assert expm1(away(groups, "usual_switches")) == pytest.approx(11)
    assert away(groups, "usual_idle") == pytest.approx(log1p(5 / 60))
    assert home(groups, "usual_overlap") == home(groups, "usual_switches") == 0.0
    assert home(groups, "usual_idle") == home(groups, "usual_return") == 0.0


def test_a_traveller_leaves_the_usual_network_behind(tmp_path: Path) -> None:
    groups = last_day(tmp_path, event("t1", 21, 0, **ABROAD), event("t2", 21, 300, **ABROAD))
    assert away(groups, "usual_overlap") == away(groups, "usual_switches") == 0.0
    assert away(groups, "usual_idle") == pytest.approx(log1p(48))
    assert away(groups, "usual_return") == pytest.approx(log1p(1440))


def test_half_of_the_events_near_the_usual_network(tmp_path: Path) -> None:
    groups = last_day(tmp_path, event("o", 20), event("x", 20, 30, **ABROAD), event("y", 20, 200, **ABROAD))
    assert away(groups, "usual_overlap") == 0.5
    assert expm1(away(groups, "usual_switches")) == pytest.approx(1)


def test_the_usual_network_is_taken_up_again(tmp_path: Path) -> None:
    groups = last_day(tmp_path, event("x", 20, 0, **ABROAD), event("o", 20, 45))
    assert away(groups, "usual_return") == pytest.approx(log1p(45))


def test_changes_more_than_an_hour_apart_are_no_switches(tmp_path: Path) -> None:
    groups = last_day(tmp_path, event("o", 20, 0), event("x", 20, 61, **ABROAD), event("p", 20, 200))
    assert away(groups, "usual_switches") == 0.0


def test_an_account_without_a_usual_network_has_none_to_leave(tmp_path: Path) -> None:
    groups = last_day(tmp_path, event("x", 1, 0, **ABROAD), days=1)
    assert away(groups, "usual_idle") == -1.0


def test_another_account_does_not_count(tmp_path: Path) -> None:
    eve: dict[str, Any] = {"account": "eve@x.example", "mailbox": "eve@x.example"}
    rows = [
        event("x", 20, 0, **ABROAD),
        event("z", 20, 1, **eve),
        *(event(f"z{d}", d, **eve) for d in range(20)),
    ]
    groups = last_day(tmp_path, *rows)
    assert away(groups, "usual_overlap") == away(groups, "usual_switches") == 0.0
    assert away(groups, "usual_idle") == pytest.approx(log1p(24))


def test_the_last_use_is_part_of_the_state(tmp_path: Path) -> None:
    days = batches(tmp_path, [*history(), event("x", 22, **ABROAD)])
    kept = BehaviourDetector()
    for number, batch in days[:-1]:
        kept.learn(kept.score(split_into_groups(batch, kept.derived, number)))
    assert kept.state()["usual.last"].tolist() == [days[-2][1].time[-1]]


@pytest.mark.parametrize(("name", "known"), [("client", "chrome/browser"), ("device_uid", "laptop")])
def test_days_of_the_best_known_client_or_device(tmp_path: Path, name: str, known: str) -> None:
    shown: dict[str, Any] = {name: known}
    feature = name.removesuffix("_uid") + "_days"
    rows = [sign_in(f"h{day}", day, **shown) for day in range(10)]
    old = [sign_in("x", 10, **shown, **ABROAD), sign_in("y", 10, 1, **{**ABROAD, name: "odd"})]
    both = run(tmp_path, [*rows, *old])[-1]
    assert 8 < expm1(away(both, feature)) < 10
    (tmp_path / "new").mkdir()
    assert away(run(tmp_path / "new", [*rows, old[1]])[-1], feature) == 0.0
    (tmp_path / "none").mkdir()
    without = sign_in("z", 10, **{**ABROAD, name: None})
    assert away(run(tmp_path / "none", [*rows, without])[-1], feature) == -1.0
