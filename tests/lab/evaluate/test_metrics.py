"""Recall under a budget, by hand: windows, budgets, near-impossible attacks, and that attacks cost no extra places."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from seawall.lab.evaluate.metrics import detected_attacks, episodes, incidents_allowed, precision, recall
from seawall.lab.evaluate.outcomes import (
    UNEXPLAINED,
    AttackerReads,
    delays,
    median_delay,
    median_items_before,
    outcome,
)
from seawall.lab.evaluate.rows import Attack, TrainingRows, pool_rows
from tests.report.samples import incident


def world(
    cells: list[tuple[int, int, int, float]], *, accounts: int = 100, days: int = 10, impossible: bool = False
) -> TrainingRows:
    """Rows from (actor, day, attack, score); attacks 0 and 1 exist, the second is near-impossible on request."""
    actor, day, attack, score = (np.array(column) for column in zip(*cells, strict=True))
    attacks = (Attack("a", "loud", "easy", False, 3, 0), Attack("b", "hidden", "hard", impossible, 3, 0))
    return TrainingRows(
        attacks, np.zeros((len(cells), 2), np.float32), actor.astype(np.int32), day.astype(np.int32), attack.astype(np.int32),
        score.astype(float), score.astype(float), np.zeros(len(cells)), np.zeros(len(cells), np.int64),
        accounts, 1, days, 1000, np.zeros((1, 4)),
    )  # fmt: skip


def test_an_account_has_one_episode_per_window() -> None:
    rows = world(
        [(1, 2, -1, 5.0), (1, 9, 0, 4.0), (1, 40, 0, 3.0), (2, 3, -1, 1.0), (3, 0, -1, 9.0)], days=50
    )
    found = episodes(rows, rows.score)
    assert [(e.actor, e.day) for e in found] == [(1, 2), (1, 40), (2, 3)]  # day 0 is before attacks may begin
    assert [sorted(e.attacks) for e in found] == [[], [0], []]


def test_the_budget_counts_days_and_accounts() -> None:
    assert incidents_allowed(world([(0, 1, -1, 0.0)], accounts=1000, days=10), 2.0) == 20
    assert incidents_allowed(world([(0, 1, -1, 0.0)], accounts=50, days=10), 1.0) == 0


def test_recall_counts_what_the_worst_episodes_touch() -> None:
    cells = [(1, 2, 0, 5.0), (2, 3, 1, 1.0), *[(10 + n, 4, -1, 2.0 + n / 10) for n in range(8)]]
    rows = world(cells, accounts=200)
    assert detected_attacks(rows, rows.score, 1.0) == {0}
    assert recall([(rows, rows.score)], 1.0).value == 0.5
    assert recall([(rows, rows.score)], 10.0).value == 1.0
    assert recall([(rows, rows.score)], 1.0).worst(1) == ("hidden", 0.0)
    assert precision([(rows, rows.score)], 1) == 1.0
    assert precision([(rows, -rows.score)], 1) == 1.0  # attack b is the last by score


def test_near_impossible_attacks_are_shown_but_not_counted() -> None:
    rows = world([(1, 2, 0, 5.0), (2, 3, 1, 1.0)], accounts=1000, impossible=True)
    value = recall([(rows, rows.score)], 1.0)
    assert (value.caught, value.staged) == (1, 1)
    assert value.families == {"hidden": (1, 1), "loud": (1, 1)}


def test_training_leaves_the_near_impossible_out_and_shares_weight() -> None:
    rows = world([(1, 2, 0, 5.0), (1, 3, 0, 5.0), (2, 3, 1, 1.0), (3, 3, -1, 0.5)], impossible=True)
    values, evidence, labels, weights = pool_rows([rows])
    assert labels.tolist() == [True, True, False]
    assert len(values) == len(evidence) == 3
    assert np.allclose(weights, [2**-0.5, 2**-0.5, 1.0])


START = int(np.datetime64("2026-03-02T09:00:00", "us").astype(np.int64))
ATTACK: dict[str, Any] = {
    "family": "forged_token",
    "first_event": "2026-03-02T09:00:00Z",
    "events": ["e1", "e2"],
}
READS = AttackerReads(
    np.array([0, 0, 0]), START + np.array([0, 80_000_000, 95_000_000]), np.array([3, 4, 50])
)


def test_delay_is_from_the_first_hostile_event_to_the_first_detection() -> None:
    seen = replace(incident(), events=("e2",), raised=True, detected_at=START + 90_000_000)
    missed = replace(incident(), events=("e9",), raised=True, detected_at=START)
    below = replace(incident(), events=("e1",), raised=False, detected_at=START)
    (delay,) = delays([ATTACK], [missed, below, seen], READS)
    assert delay.seconds == 90
    assert delay.items_before == 7
    assert median_delay([delay], loud=True) == 90
    assert median_items_before([delay]) == 7
    (none,) = delays([ATTACK], [missed, below], READS)
    assert none.seconds is None
    assert median_items_before([none]) is None


def test_false_incidents_are_put_down_to_the_confuser_that_fits_best() -> None:
    def confuser(kind: str, accounts: list[str], day: int = 2) -> dict[str, Any]:
        return {
            "kind": kind,
            "accounts": accounts,
            "start": f"2026-03-0{day}T00:00:00Z",
            "end": f"2026-03-0{day}T23:00:00Z",
        }

    confusers = [
        confuser("vpn", []),
        confuser("travel", ["ann@x.example"]),
        confuser("phone", ["ann@x.example"], 9),
    ]
    span: dict[str, Any] = {"first_event": START, "last_event": START + 1, "raised": True}
    ann = replace(incident(), account="ann@x.example", events=("b1",), **span)
    ben = replace(incident(), account="ben@x.example", events=("b2",), **span)
    true = replace(incident(), account="eve@x.example", events=("e1",), **span)
    late = replace(ben, first_event=START + 10**12, last_event=START + 10**12)
    found = outcome({"attacks": [ATTACK], "confusers": confusers}, [ann, ben, true, late], READS)
    assert found.raised == 4
    assert found.false == {"travel": 1, "vpn": 1, UNEXPLAINED: 1}
