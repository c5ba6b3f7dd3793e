"""Behaviour: what is new is surprising once, failures are never learnt, rows without an address join their session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.behaviour.day import split_into_groups
from seawall.detection.behaviour.detector import BehaviourDetector, BehaviourGroups
from seawall.events.microsoft.entra_results import PROMPT_DENIED
from tests.sample_events import batches, event, sign_in

ABROAD: dict[str, Any] = {
    "src_ip": "198.51.100.9",
    "src_prefix": "198.51.100.0/24",
    "src_asn": 64999,
    "src_asn_name": "Far",
    "src_location": "RO",
    "src_network_class": "hosting",
}


def run(tmp_path: Path, rows: list[dict[str, Any]]) -> list[BehaviourGroups]:
    """Run the detector over the rows and return each day's groups."""
    behaviour, result = BehaviourDetector(), []
    for number, batch in batches(tmp_path, rows):
        day = split_into_groups(batch, behaviour.derived, number)
        behaviour.attempts.observe(day)
        groups = behaviour.score(day)
        behaviour.learn(groups)
        result.append(groups)
    return result


def history(days: int = 20) -> list[dict[str, Any]]:
    return [event(f"h{day}", day) for day in range(days)]


def test_a_new_network_is_surprising_and_is_learnt_at_once(tmp_path: Path) -> None:
    rows = [*history(), event("x", 20, **ABROAD), event("y", 21, **ABROAD)]
    days = run(tmp_path, rows)
    network = [float(groups.fields["network"].backed_off[0]) for groups in days]
    assert network[19] < 0.5
    assert network[20] > 5
    assert days[20].fields["network"].is_new[0] == 1
    assert network[21] < network[20] - 1
    assert days[20].features["hosting"][0] == 1


def test_failures_are_neither_scored_nor_learnt_but_are_context(tmp_path: Path) -> None:
    wrong = [sign_in(f"f{n}", 20, n, status="failure", status_code="50126", **ABROAD) for n in range(4)]
    days = run(tmp_path, [*history(), *wrong, sign_in("s", 20, 30, **ABROAD)])
    assert len(days[20]) == 1
    assert days[20].features["failures"][0] == 4
    assert days[20].features["failures_here"][0] == 4
    (tmp_path / "b").mkdir()
    assert len(run(tmp_path / "b", [*history(), *wrong])[20]) == 0


@pytest.mark.parametrize("code", ["500121", PROMPT_DENIED])
def test_denied_prompts_before_a_success_are_counted(tmp_path: Path, code: str) -> None:
    denied = [sign_in(f"d{n}", 20, n, status="failure", status_code=code, **ABROAD) for n in range(3)]
    days = run(tmp_path, [*history(), *denied, sign_in("s", 20, 10, **ABROAD)])
    assert days[20].features["denials"][0] == 3


def test_a_rule_without_an_address_joins_the_session_before_it(tmp_path: Path) -> None:
    bare: dict[str, Any] = {
        "src_ip": None,
        "src_prefix": None,
        "src_asn": None,
        "src_asn_name": None,
        "src_location": None,
        "src_network_class": None,
    }
    rule = event("r", 20, 10, kind="mail_rule", activity_name="New-InboxRule", **bare)
    days = run(tmp_path, [*history(), event("x", 20, **ABROAD), rule, event("late", 20, 300, **bare)])
    groups = days[20]
    away = int(groups.fields["network"].value.argmax())
    assert np.flatnonzero(groups.day.group == groups.day.group[0]).tolist() == [0, 1]
    assert groups.features["has_rule"][groups.day.group[1]] == 1
    assert groups.day.group[2] != groups.day.group[0]  # five hours later is another session
    assert away >= 0


def test_two_countries_at_once(tmp_path: Path) -> None:
    days = run(
        tmp_path, [*history(), event("home", 20, 0), event("away", 20, 7, **ABROAD), event("home2", 20, 9)]
    )
    groups = days[20]
    away = int(np.flatnonzero(groups.features["hosting"])[0])
    assert groups.features["usual_gap_abroad"][away] == 2
    assert groups.features["usual_gap"][1 - away] == 720


def test_bulk_reading_deviates(tmp_path: Path) -> None:
    days = run(tmp_path, [*history(), event("big", 20, item_count=5000)])
    assert days[20].features["items_z"][0] > 4
    assert days[19].features["items_z"][0] < 1


def test_the_provider_itself_is_no_account(tmp_path: Path) -> None:
    days = run(tmp_path, [event("s", account="nt authority\\system", account_type="system"), event("a")])
    assert len(days[0]) == 1


def test_one_account_does_not_move_the_peers(tmp_path: Path) -> None:
    flood = [event(f"z{n}", 19, n / 50, account="eve@x.example", **ABROAD) for n in range(500)]
    calm = run(tmp_path, [*history(), event("x", 20, **ABROAD)])
    (tmp_path / "b").mkdir()
    loud = run(tmp_path / "b", [*history(), *flood, event("x", 20, **ABROAD)])
    assert loud[20].fields["network"].backed_off[0] > calm[20].fields["network"].backed_off[0] - 1.5


def test_state_is_bounded_per_account(tmp_path: Path) -> None:
    behaviour = BehaviourDetector()
    rows = [
        event(f"{a}-{d}", d, a, account=f"u{a}@x.example", src_prefix=f"203.0.{(a + d) % 5}.0/24")
        for a in range(50)
        for d in range(20)
    ]
    for number, batch in batches(tmp_path, rows):
        behaviour.learn(behaviour.score(split_into_groups(batch, behaviour.derived, number)))
    assert behaviour.state_bytes() / behaviour.accounts() < 2048
