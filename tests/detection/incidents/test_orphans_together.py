"""Orphans that add up raise an incident's score, name it, and are told with their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seawall.detection.incident import Incident
from seawall.detection.incidents.cases import group
from seawall.detection.incidents.explain import incident
from seawall.detection.ranking.calibration import evidence
from seawall.detection.ranking.engine import DetectionEngine, ScoredDay
from seawall.detection.ranking.features import FEATURES, INDEX, FeatureTable
from seawall.detection.ranking.patterns import PATTERNS
from seawall.detection.ranking.ranker import load
from tests.sample_events import batches, event, sign_in

AWAY: dict[str, Any] = {
    "src_ip": "198.51.100.9",
    "src_prefix": "198.51.100.0/24",
    "src_asn": 64999,
    "src_asn_name": "Far",
    "src_location": "RO",
    "client": "python/graph",
}
LAST = 18


def history(days: int = LAST + 1) -> list[dict[str, Any]]:
    """Every account signs in and uses its session every day."""
    rows = []
    for day in range(days):
        for n in range(12):
            name = f"u{n}@x.example"
            who: dict[str, Any] = {"account": name, "session_uid": f"s{n}-{day}"}
            rows += [sign_in(f"b{n}-{day}", day, 20 * n, **who)]
            rows += [event(f"e{n}-{day}", day, 20 * n + 1, mailbox=name, **who)]
    return rows


def forged(sessions: int) -> list[dict[str, Any]]:
    """From a network of their own, somebody uses sessions of u3 that nobody issued, each on one of the last days."""
    who: dict[str, Any] = {"account": "u3@x.example", "mailbox": "u3@x.example", **AWAY}
    return [event(f"x{n}", LAST - n, 300, session_uid=f"forged-{n}", **who) for n in range(sessions)]


def run(tmp_path: Path, rows: list[dict[str, Any]], *, learnt: bool = True) -> list[ScoredDay]:
    engine = DetectionEngine(load() if learnt else None)
    return [engine.observe(batch, number) for number, batch in batches(tmp_path, rows)]


def find_worst(days: list[ScoredDay]) -> Incident:
    candidates = [candidate for day in days for candidate in day.candidates]
    return incident(group(candidates)[0], (), raised=True, threshold=-4.0)


def test_only_the_group_in_which_orphans_are_used_has_the_evidence(tmp_path: Path) -> None:
    day = run(tmp_path, [*history(), *forged(3)])[-1]
    nats = day.table.column("lineage.orphans_together")
    groups = day.groups.day
    texts = groups.batch.vocabularies["network"]
    assert [texts.text(int(code)) for code in groups.network[nats > 0]] == ["AS64999 Far"]
    assert nats.max() > 3
    told = {name: day.table.column(name)[nats > 0].tolist() for name in ("orphan_sessions", "new_sessions")}
    assert told == {"orphan_sessions": [3.0], "new_sessions": [17.0]}
    assert not day.table.column("orphan_sessions")[nats == 0].any()


@pytest.mark.parametrize("learnt", [True, False])
def test_the_score_rises_with_the_orphans(tmp_path: Path, *, learnt: bool) -> None:
    scores = []
    for sessions in (1, 3):
        folder = tmp_path / str(sessions)
        folder.mkdir()
        scores.append(float(run(folder, [*history(), *forged(sessions)], learnt=learnt)[-1].score.max()))
    assert scores[1] > scores[0] + 0.5


def test_the_incident_tells_how_many_sessions_have_no_sign_in(tmp_path: Path) -> None:
    found = find_worst(run(tmp_path, [*history(), *forged(3)]))
    assert found.account == "u3@x.example"
    assert found.kind == "forged-or-stolen-token"
    assert "several tokens or sessions for which no sign-in was found" in found.summary
    (reason,) = [reason for reason in found.reasons if reason.aspect == "unissued-sessions"]
    assert reason.layer == "lineage"
    assert reason.weight > 0
    assert reason.text == "3 of 17 sessions or tokens in 14 days without a sign-in; 0.1 expected"
    assert np.isclose(found.base + sum(one.weight for one in found.reasons), found.score, atol=1e-4)


def test_a_single_orphan_is_told_as_before(tmp_path: Path) -> None:
    found = find_worst(run(tmp_path, [*history(), *forged(1)]))
    assert found.account == "u3@x.example"
    weights = [reason.weight for reason in found.reasons if reason.aspect == "unissued-sessions"]
    assert all(abs(weight) < 0.01 for weight in weights)


def test_without_orphans_together_the_evidence_is_what_it_was_without_the_pattern() -> None:
    """The mean is over the other patterns: a pattern more does not dilute it."""
    table = FeatureTable(np.zeros((3, len(FEATURES))))
    p = np.full((3, len(PATTERNS)), 0.01)
    before = evidence(p, table)
    own = [place for place, pattern in enumerate(PATTERNS) if pattern.name == "tokens-never-issued"]
    p[:, own] = 1e-4
    assert evidence(p, table).tolist() == before.tolist()
    table.values[:, INDEX["lineage.orphans_together"]] = [1.0, 2.0, 6.0]
    rise = evidence(p, table) - before
    assert rise[0] == 0
    assert np.allclose(rise[1:], [1.0 - np.log(2.0), 3.0 - np.log(2.0)])
