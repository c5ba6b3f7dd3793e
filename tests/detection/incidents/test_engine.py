"""The engine and its explanations: a takeover stands out, reasons sum to the score, and a part of a day scores alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seawall.detection.incident import Incident
from seawall.detection.incidents.alert_budget import decide
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.candidates import ScoredCandidate
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.kept_groups import KeptCandidate
from seawall.detection.ranking.ranker import load
from tests.sample_events import batches, event, sign_in

AWAY: dict[str, Any] = {
    "src_ip": "198.51.100.9", "src_prefix": "198.51.100.0/24", "src_asn": 64999, "src_asn_name": "Far", "src_location": "RO",
    "src_network_class": "hosting", "client": "python/rest", "app_uid": "odd",
}  # fmt: skip


def history(days: int = 25, accounts: int = 20) -> list[dict[str, Any]]:
    """Every account signs in and reads its mail every day from a network of its own."""
    rows = []
    for day in range(days):
        for n in range(accounts):
            own: dict[str, Any] = {
                "account": f"u{n}@x.example", "mailbox": f"u{n}@x.example", "src_prefix": f"203.0.{n}.0/24",
                "src_asn": 64500 + n % 3,
            }  # fmt: skip
            rows += [sign_in(f"s{n}-{day}", day, n, **own), event(f"e{n}-{day}", day, n + 1, **own)]
    return rows


def takeover(day: int) -> list[dict[str, Any]]:
    """Somebody reads u3's mail for an hour without any sign-in."""
    who: dict[str, Any] = {"account": "u3@x.example", "mailbox": "u3@x.example", **AWAY}
    return [event(f"x{n}", day, 200 + 5 * n, item_count=40, **who) for n in range(12)]


def run(tmp_path: Path, rows: list[dict[str, Any]]) -> tuple[list[ScoredDay], list[ScoredCandidate]]:
    engine = DetectionEngine(load())
    days = [engine.observe(batch, number) for number, batch in batches(tmp_path, rows)]
    return days, [candidate for day in days for candidate in day.candidates]


def worst(tmp_path: Path) -> Incident:
    _, candidates = run(tmp_path, [*history(), *takeover(24)])
    return incident(group(candidates)[0], (), raised=True, threshold=-4.0)


def test_candidates_that_are_described_late_give_the_same_incidents(tmp_path: Path) -> None:
    """Applications get another name on the last day; a candidate keeps the name of its own day."""
    before = [{**row, "app_name": "Old"} for row in (*history(24), *takeover(20))]
    after = [{**row, "metadata_uid": f"y{n}", "app_name": "New"} for n, row in enumerate(takeover(24))]
    rows = [*before, *after]
    engine = DetectionEngine(load())
    early: list[ScoredCandidate] = []
    late: list[KeptCandidate] = []
    for number, batch in batches(tmp_path, rows):
        day = engine.observe(batch, number)
        early += day.candidates
        late += day.list_candidates()
    assert len(early) == len(late) == 2
    assert [one.describe() for one in late] == early
    assert decide(late, (), {"org": 20}, 25, 5.0) == decide(early, (), {"org": 20}, 25, 5.0)
    names = [[fact.now for fact in one.facts if fact.field == "app"] for one in early]
    assert names == [["Old (odd)"], ["New (odd)"]]


def test_a_takeover_is_the_worst_incident_and_names_only_the_intruders_records(tmp_path: Path) -> None:
    found = worst(tmp_path)
    assert found.account == "u3@x.example"
    assert set(found.events) == {f"x{n}" for n in range(12)}
    assert found.messages_proved == 480
    assert found.mailboxes == ("u3@x.example",)


def test_reasons_and_base_sum_to_the_score(tmp_path: Path) -> None:
    found = worst(tmp_path)
    assert np.isclose(found.base + sum(reason.weight for reason in found.reasons), found.score, atol=1e-4)


def test_it_says_what_is_usual_and_what_would_have_been(tmp_path: Path) -> None:
    network = next(row for row in worst(tmp_path).usual if row.aspect == "network")
    assert network.is_unusual
    assert network.now.startswith("AS64999")
    assert network.usual[0][0].startswith("AS645")
    assert network.normal_if
    assert network.seen_days == 0


def test_it_is_detected_between_its_first_and_last_event(tmp_path: Path) -> None:
    found = worst(tmp_path)
    assert found.detected_at is not None
    assert found.first_event <= found.detected_at <= found.last_event


def test_quiet_days_hold_nothing_as_bad(tmp_path: Path) -> None:
    days, candidates = run(tmp_path, history())
    assert max(
        (c.score for c in candidates if c.day > days[0].groups.day.number + 10), default=-9.0
    ) < worst_score(tmp_path)


def worst_score(tmp_path: Path) -> float:
    (tmp_path / "w").mkdir()
    return worst(tmp_path / "w").score


def test_events_carry_their_groups_score(tmp_path: Path) -> None:
    days, _ = run(tmp_path, [*history(), *takeover(24), sign_in("f", 24, 1, status="failure")])
    scores = days[24].event_scores()
    assert np.isnan(scores).sum() == 1
    assert np.nanmax(scores) == days[24].score.max()
